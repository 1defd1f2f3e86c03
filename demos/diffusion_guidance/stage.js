// The stage: three predictions of one step and their difference, the distance over the steps, the strip of scales.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const { curve, largest, paintDifference } = epochs.guidance;
  const { short } = epochs.sheet;
  // A finished run rests where the two predictions are furthest apart: that is what there is to see.
  const furthest = (run) => run.steps.reduce((best, step, i) => (step.distance > run.steps[best].distance ? i : best), 0);

  register("guidance_stage", ({ root, config, props, watch, text }) => {
    const { demo } = config;
    const runs = epochs.runs(demo);
    let run = { steps: [], strip: [] };
    let plot = null;
    let high = 1;

    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty), epochs.runs.stopButton(demo, text.stop));
    const player = epochs.player({ demo, text, show: (step) => draw(step), rest: furthest });
    const tile = (kind) => h(`figure.guidance-tile.${kind}`, {}, h("img", { alt: "" }), h("figcaption", { dir: "auto" }));
    const tiles = ["unconditional", "conditional", "guided"].map(tile);
    const difference = h("canvas", { role: "img", "aria-label": text.difference });
    const differenceNote = h("p.guidance-small");
    const plotBox = h("div.guidance-plot");
    const strip = h("div.guidance-strip", { role: "group", "aria-label": text.strip });
    const stripBox = h("div.guidance-others", {}, h("p.guidance-title", {}, text.strip), strip, h("p.guidance-small", {}, text.strip_note));
    const state = h("p.stage-note.guidance-state", { role: "status" });
    const live = h("div.guidance-live", { hidden: true }, player.node, h("div.guidance-tiles", {}, tiles), h("p.guidance-small", {}, text.predicted),
      h("div.guidance-apart", {}, h("figure.guidance-tile.difference", {}, difference, h("figcaption", {}, text.difference), differenceNote), plotBox), stripBox, state);
    root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

    const captions = () => [run.negative ? fill(text.negative, { prompt: short(run.negative, 40) }) : text.unconditional, text.conditional,
      run.scale === 1 ? text.guided_one : run.scale === 0 ? text.guided_zero : fill(text.guided, { scale: run.scale })];

    function draw(at) {
      const step = run.steps[at];
      captions().forEach((words, k) => {
        const [picture, caption] = tiles[k].children;
        // The last prediction is the finished picture, here in full size.
        picture.src = k === 2 && at === run.total - 1 && run.picture ? run.picture : step.pictures[k];
        picture.alt = `${words}. ${fill(text.step_value, { step: at + 1, total: run.total, noise: step.noise.toFixed(2) })}`;
        caption.textContent = words;
      });
      paintDifference(difference, step, run.colours, high);
      plot?.mark(at);
    }

    function drawStrip() {
      stripBox.hidden = !run.strip.length;
      strip.replaceChildren(...run.strip.map((place) => {
        const mine = place.scale === run.scale;
        const words = place.state === "done" ? fill(text.spread, { spread: place.spread.toFixed(2) }) : text[place.state];
        return h(`figure.guidance-place.${place.state}${mine ? ".mine" : ""}`, {},
          place.picture ? h("img", { src: place.picture, alt: fill(text.picture_at, { scale: place.scale }) }) : h("div.guidance-blank"),
          h("figcaption", {}, h("b", {}, `s = ${place.scale}`), mine ? h("span.guidance-mine", {}, text.yours) : null, h("span.guidance-spread", {}, words)));
      }));
    }

    // `next`: what the server said, or that it will say no more.
    function adopt(next = epochs.read(props)) {
      const isNew = next.run !== run.run;
      run = next.steps ? next : { steps: [], strip: [] };
      runs.running.run = run.state === "running";
      live.hidden = !run.steps.length;
      empty.hidden = !live.hidden;
      empty.firstChild.textContent = run.state === "running" ? text.starting : text.stage_empty;
      if (!run.steps.length) { delete strip.dataset.state; epochs.withdrawFigure(demo); return; }
      if (isNew || strip.dataset.run !== String(run.run)) epochs.bringIntoView(root, demo);
      high = largest(run);
      differenceNote.textContent = fill(text.difference_scale, { high: Math.round(100 * high / 255) });
      plot = curve(run, text);
      plotBox.replaceChildren(h("p.guidance-title", {}, text.distance_chart), plot.node, h("p.guidance-small", {}, text.axis_distance));
      player.adopt(run);
      drawStrip();
      state.textContent = run.state !== "stopped" ? "" : run.steps.length < run.total ? fill(text.stopped, { step: run.steps.length, total: run.total }) : text.stopped_strip;
      strip.dataset.run = run.run;
      strip.dataset.state = run.state;
      if (run.state === "running") epochs.withdrawFigure(demo);
      else epochs.offerFigure(demo, () => epochs.guidance.figure(run, { demo, step: player.step(), captions: captions(), images: tiles.map((t) => t.firstChild), difference }, text));
    }
    runs.onEnded(() => adopt({ ...run, state: "stopped" }));
    watch("value", () => adopt());
    adopt();
  });
})();
