// Moving through the steps of a run: a slider (arrow keys), play, and where a demo wants it the mean of all
// steps; Stop while it runs.
"use strict";
(() => {
  const { h, fill } = epochs;
  const PACE = 240;                              // milliseconds a step stays while playing

  // `show(step)` is called with the step to look at, -1 for the mean of all. `mean`: that view's name, where there
  // is one; it is then what a finished run rests at, otherwise `rest(run)` says which step that is.
  epochs.player = ({ demo, text, show, mean = null, rest = () => -1 }) => {
    let run = { steps: [], total: 0 };
    let step = mean ? -1 : 0;
    let following = true;                        // a run that goes on pulls along, until a hand takes over
    let timer = 0;

    const id = `${demo}-step`;
    const range = h("input", { type: "range", min: 1, max: 1, step: 1, value: 1, id });
    const shown = h("output.player-step", { for: id });
    const play = h("button.small.player-play", { type: "button" }, text.play);
    const whole = mean && h("button.small.player-mean", { type: "button", "aria-pressed": true }, mean);
    const stop = epochs.runs.stopButton(demo, text.stop);
    const node = h("div.stage-tools.player", {}, stop, play, h("label", { for: id }, text.step), range, shown, whole);

    const pause = () => { clearInterval(timer); timer = 0; play.textContent = text.play; };
    function go(to, byHand = true) {
      if (byHand) following = false;
      step = to;
      const at = Math.max(0, to);
      range.value = at + 1;
      whole?.setAttribute("aria-pressed", to < 0);
      shown.textContent = to < 0 ? `1–${run.steps.length}` : `${at + 1} / ${run.total}`;
      range.setAttribute("aria-valuetext", to < 0 ? mean : fill(text.step_value, { step: at + 1, total: run.total, noise: run.steps[at].noise.toFixed(2) }));
      show(to);
    }
    range.addEventListener("input", () => { pause(); go(+range.value - 1); });
    whole?.addEventListener("click", () => { pause(); go(-1); });
    play.addEventListener("click", () => {
      if (timer) { pause(); return; }
      play.textContent = text.pause;
      go(step < 0 || step >= run.steps.length - 1 ? 0 : step);
      timer = setInterval(() => (step >= run.steps.length - 1 ? pause() : go(step + 1)), PACE);
    });

    function adopt(next) {
      if (next.run !== run.run) { following = true; pause(); stop.renew(); }
      run = next;
      const running = run.state === "running";
      range.max = Math.max(1, run.steps.length);
      for (const control of [range, play, whole]) if (control) control.disabled = run.steps.length < 1;
      stop.hidden = !running;
      if (!run.steps.length) return;
      const here = !following ? step : running ? run.steps.length - 1 : rest(run);
      if (!running && !mean) following = false;
      go(Math.min(here, run.steps.length - 1), false);
    }
    return { node, adopt, step: () => step };
  };
})();
