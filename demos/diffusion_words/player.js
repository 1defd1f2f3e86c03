// Moving through the steps of a run: a slider (arrow keys), play, and the mean of all steps; Stop while it runs.
"use strict";
(() => {
  const { h, fill } = epochs;
  const PACE = 220;                              // milliseconds a step stays while playing

  // `show(step)` is called with the step to look at, -1 for the mean of all.
  epochs.words.createPlayer = ({ text, show, stop }) => {
    let run = { steps: [], total: 0 };
    let step = -1;
    let following = true;                        // a run that goes on pulls along, until a hand takes over
    let timer = 0;

    const range = h("input", { type: "range", min: 1, max: 1, step: 1, value: 1, id: "words-step" });
    const shown = h("output.words-step", { for: "words-step" });
    const play = h("button.small", { type: "button" }, text.play);
    const whole = h("button.small.words-whole", { type: "button", "aria-pressed": true }, text.whole_run);
    const halt = h("button.small.words-stop", { type: "button", hidden: true, onclick: () => { halt.disabled = true; stop(); } }, text.stop);
    const node = h("div.stage-tools.words-player", {}, halt, play, h("label", { for: "words-step" }, text.step), range, shown, whole);

    const pause = () => { clearInterval(timer); timer = 0; play.textContent = text.play; };
    function go(to, byHand = true) {
      if (byHand) following = false;
      step = to;
      const at = Math.max(0, to);
      range.value = at + 1;
      whole.setAttribute("aria-pressed", to < 0);
      const words = run.steps.length ? fill(text.step_value, { step: at + 1, total: run.total, noise: run.steps[at].noise.toFixed(2) }) : "";
      shown.textContent = to < 0 ? `1–${run.steps.length}` : `${at + 1} / ${run.total}`;
      range.setAttribute("aria-valuetext", to < 0 ? text.whole_run : words);
      show(to);
    }
    range.addEventListener("input", () => { pause(); go(+range.value - 1); });
    whole.addEventListener("click", () => { pause(); go(-1); });
    play.addEventListener("click", () => {
      if (timer) { pause(); return; }
      play.textContent = text.pause;
      go(step < 0 || step >= run.steps.length - 1 ? 0 : step);
      timer = setInterval(() => (step >= run.steps.length - 1 ? pause() : go(step + 1)), PACE);
    });

    function adopt(next) {
      if (next.run !== run.run) { following = true; pause(); halt.disabled = false; }
      run = next;
      const running = run.state === "running";
      range.max = Math.max(1, run.steps.length);
      range.disabled = play.disabled = whole.disabled = run.steps.length < 1;
      halt.hidden = !running;
      if (run.steps.length) go(following ? (running ? run.steps.length - 1 : -1) : Math.min(step, run.steps.length - 1), false);
    }
    return { node, adopt, step: () => step };
  };
})();
