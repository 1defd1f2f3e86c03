// A run's line: how far it is, and Stop.
"use strict";
(() => {
  // `part` of the demo: "stage", "back" or "walk".
  epochs.forward = Object.assign(epochs.forward ?? {}, { t: null, going(demo, part, text) {
    const { h, fill } = epochs;
    const status = h("span.forward-status", { role: "status" });
    const bar = h("progress", { max: 1, value: 0, "aria-label": text.progress });
    const button = epochs.runs.stopButton(demo, text.stop, part);
    const node = h("div.stage-tools.forward-going", { hidden: true }, status, bar, button);
    const show = ({ state }, done, total) => {
      const working = epochs.runs(demo).running[part] = ["starting", "running"].includes(state);
      node.hidden = !working && state !== "stopped";
      button.hidden = bar.hidden = !working;
      if (state === "starting") button.renew();
      status.textContent = fill(state === "starting" ? text.starting : state === "stopped" ? text.stopped : text.running, { done, total });
      bar.value = total ? done / total : 0;
    };
    epochs.runs(demo).onEnded(() => show({ state: "stopped" }, 0, 0), part);
    return { node, show };
  } });
})();
