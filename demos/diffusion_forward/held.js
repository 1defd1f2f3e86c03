// What the page tells the server beside the controls: t, and its names for the runs of its three parts.
"use strict";
(() => {
  const PARTS = { stage: "-run", back: "-denoise", walk: "-walk-run" };      // and the ends of their buttons' ids
  const forward = Object.assign(epochs.forward ??= {}, { t: null, running: {}, hold() {}, stop() {} });
  const fresh = () => Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);

  epochs.register("forward_held", ({ config, props, trigger }) => {
    const names = Object.fromEntries(Object.keys(PARTS).map((part) => [part, fresh()]));
    let value = { names, t: forward.t ?? config.start };
    const put = () => { if (JSON.stringify(props.value) !== JSON.stringify(value)) props.value = value; };
    // The page's opening resets what a component set when it was mounted: it is put back when the page is
    // ready, and before any click or key can start something.
    for (const type of ["click", "keydown", "change"]) document.addEventListener(type, put, true);
    new MutationObserver(put).observe(document.documentElement, { attributes: true, attributeFilter: ["data-epochs"] });
    forward.hold = (t) => { value = { ...value, t }; put(); };
    // A run takes its name when it begins; stopping retires the name, so that it never hits a later run.
    forward.stop = (part) => {
      value = { ...value, stop: value.names[part], names: { ...value.names, [part]: fresh() } };
      put();
      trigger("select");
    };
    // A new run of a part ends the one that is on: Gradio holds the click back until that has happened.
    document.addEventListener("click", (event) => {
      for (const [part, end] of Object.entries(PARTS))
        if (forward.running[part] && event.target.closest?.(`#${config.demo}${end}`)) forward.stop(part);
    }, true);
    put();
  });

  // A run's line: how far it is, and Stop.
  forward.going = (part, text) => {
    const { h, fill } = epochs;
    const status = h("span.forward-status", { role: "status" });
    const bar = h("progress", { max: 1, value: 0, "aria-label": text.progress });
    const button = h("button.small.forward-stop", { type: "button", onclick: () => { button.disabled = true; forward.stop(part); } }, text.stop);
    const node = h("div.stage-tools.forward-going", { hidden: true }, status, bar, button);
    const show = ({ state }, done, total) => {
      const working = forward.running[part] = ["starting", "running"].includes(state);
      node.hidden = !working && state !== "stopped";
      button.hidden = bar.hidden = !working;
      if (state === "starting") button.disabled = false;
      status.textContent = fill(state === "starting" ? text.starting : state === "stopped" ? text.stopped : text.running, { done, total });
      bar.value = total ? done / total : 0;
    };
    return { node, show };
  };
})();
