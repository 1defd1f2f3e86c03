// The figure to take along: the predictions of the step on screen, the curve's numbers, the strip of scales.
"use strict";
(() => {
  const { h, fill } = epochs;
  const [SIDE, GAP, TOP] = [200, 16, 60];
  const { clean, short } = epochs.sheet;

  function enlarged(canvas) {                    // whole pixels, as on the page
    const large = h("canvas", { width: 2 * SIDE, height: 2 * SIDE });
    const pen = large.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(canvas, 0, 0, large.width, large.height);
    return large.toDataURL("image/png");
  }

  epochs.guidance.figure = (run, now, text) => {
    const t = epochs.sheet.line;
    const W = GAP + 4 * (SIDE + GAP);
    const small = run.strip.length ? Math.min(SIDE, (W - GAP) / run.strip.length - 8) : 0;
    const under = TOP + SIDE + 44;
    const H = under + (small ? small + 56 : 0) + 24;
    const step = run.steps[now.step];
    const titles = [...now.captions, text.difference];
    const pictures = [...now.images.map((image) => image.src), enlarged(now.difference)];
    const svg = epochs.sheet.write({ width: W, height: H, title: text.figure_title, desc: titles.map(clean).join("; ") },
      t(GAP, 26, short(run.prompt, 80), { "font-weight": 600, "font-size": 15 }),
      t(GAP, 46, fill(text.step_value, { step: now.step + 1, total: run.total, noise: step.noise.toFixed(2) }), { "font-size": 12, fill: "#60646c" }),
      pictures.map((href, k) => h("g", {}, h("image", { x: GAP + k * (SIDE + GAP), y: TOP, width: SIDE, height: SIDE, href }),
        t(GAP + k * (SIDE + GAP), TOP + SIDE + 18, short(titles[k], 34), { "font-size": 12 }))),
      run.strip.map((place, k) => h("g", {}, place.picture ? h("image", { x: GAP + k * (small + 8), y: under, width: small, height: small, href: place.picture }) : null,
        t(GAP + k * (small + 8), under + small + 16, `s = ${place.scale}`, { "font-weight": place.scale === run.scale ? 700 : 400, "font-size": 12 }))),
      t(GAP, H - 10, `Epochs · ${run.name} · DDIM ${run.total} · ${run.scale} · ${run.seed}`, { "font-size": 11, fill: "#60646c" }));
    return { name: "epochs-diffusion-guidance", svg,
      rows: run.steps.map((s, i) => ({ step: i + 1, timestep: s.timestep, noise: s.noise, distance: s.distance, evaluations: s.nfe, milliseconds: s.ms })),
      record: { demo: now.demo, prompt: run.prompt, negative: run.negative, guidance: run.scale, seed: run.seed, sampler: "ddim", steps: run.total,
        checkpoint: run.checkpoint, ...run.provenance, shown_step: now.step + 1, distances: run.steps.map((s) => s.distance),
        strip: run.strip.map(({ scale, state, spread }) => ({ scale, state, spread })) } };
  };
})();
