// Moving through the steps of a run: a slider (arrow keys) and play; Stop while it runs.
"use strict";
(() => {
  const { h, fill } = epochs;
  const PACE = 260;                              // milliseconds a step stays while playing

  // `show(step)` is called with the step to look at.
  epochs.guidance = Object.assign(epochs.guidance || {}, { createPlayer({ text, show, stop }) {
    let run = { steps: [], total: 0 };
    let step = 0;
    let following = true;                        // a run that goes on pulls along, until a hand takes over
    let timer = 0;

    const range = h("input", { type: "range", min: 1, max: 1, step: 1, value: 1, id: "guidance-step" });
    const shown = h("output.guidance-step", { for: "guidance-step" });
    const play = h("button.small", { type: "button" }, text.play);
    const halt = h("button.small.guidance-stop", { type: "button", hidden: true, onclick: () => { halt.disabled = true; stop(); } }, text.stop);
    const node = h("div.stage-tools.guidance-player", {}, halt, play, h("label", { for: "guidance-step" }, text.step), range, shown);

    const pause = () => { clearInterval(timer); timer = 0; play.textContent = text.play; };
    function go(to, byHand = true) {
      if (byHand) following = false;
      step = to;
      range.value = to + 1;
      shown.textContent = `${to + 1} / ${run.total}`;
      range.setAttribute("aria-valuetext", fill(text.step_value, { step: to + 1, total: run.total, noise: run.steps[to].noise.toFixed(2) }));
      show(to);
    }
    range.addEventListener("input", () => { pause(); go(+range.value - 1); });
    play.addEventListener("click", () => {
      if (timer) { pause(); return; }
      play.textContent = text.pause;
      go(step >= run.steps.length - 1 ? 0 : step);
      timer = setInterval(() => (step >= run.steps.length - 1 ? pause() : go(step + 1)), PACE);
    });

    function adopt(next) {
      if (next.run !== run.run) { following = true; pause(); halt.disabled = false; }
      run = next;
      range.max = Math.max(1, run.steps.length);
      range.disabled = play.disabled = run.steps.length < 1;
      halt.hidden = run.state !== "running";
      if (!run.steps.length) return;
      // At its end a run goes back to where the two predictions are furthest apart: that is what there is to see.
      const far = run.steps.reduce((best, s, i) => (s.distance > run.steps[best].distance ? i : best), 0);
      const here = !following ? step : run.state === "running" ? run.steps.length - 1 : far;
      if (run.state !== "running") following = false;
      go(Math.min(here, run.steps.length - 1), false);
    }
    return { node, adopt, step: () => step };
  } });
})();
