// The figure to take along: a map for every word at the step on screen, with its numbers for every step.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const [SIDE, GAP, TOP, COLUMNS] = [150, 16, 64, 5];
  const { clean, short } = epochs.sheet;

  epochs.words.figure = (run, maps, now, text) => {
    const { cells, paint, number } = epochs.words;
    const t = epochs.sheet.line;
    const shown = run.words.flatMap((word, g) => (cells(now.values, now.size, g, now) ? [g] : []));
    const rows = Math.ceil(shown.length / COLUMNS);
    const [W, H] = [GAP + COLUMNS * (SIDE + GAP), TOP + rows * (SIDE + 44) + 56];
    const tiles = shown.map((g, place) => {
      const canvas = h("canvas", { width: 2 * SIDE, height: 2 * SIDE });
      paint(canvas, now.picture, cells(now.values, now.size, g, now), { opacity: now.opacity });
      const [x, y] = [GAP + (place % COLUMNS) * (SIDE + GAP), TOP + Math.floor(place / COLUMNS) * (SIDE + 44)];
      return h("g", {}, h("image", { x, y, width: SIDE, height: SIDE, href: canvas.toDataURL("image/png") }),
        t(x, y + SIDE + 17, short(run.words[g].text, 20), { "font-weight": 600 }),
        t(x, y + SIDE + 33, percent(maps.share(now.step, g)), { "font-size": 12, fill: "#60646c" }));
    });
    const ramp = h("canvas", { width: now.colours.length, height: 1 });
    now.colours.forEach((colour, i) => { const pen = ramp.getContext("2d"); pen.fillStyle = colour; pen.fillRect(i, 0, 1, 1); });
    const step = now.step < 0 ? text.whole_run : fill(text.step_value, { step: now.step + 1, total: run.total, noise: run.steps[now.step].noise.toFixed(2) });
    const foot = H - 40;
    const svg = epochs.sheet.write({ width: W, height: H, title: text.figure_title, desc: run.words.map((word, g) => `${clean(word.text)} ${percent(maps.share(now.step, g))}`).join("; ") },
      t(GAP, 28, short(run.prompt, 80), { "font-weight": 600, "font-size": 15 }),
      t(GAP, 48, `${text[now.mode]} · ${step}`, { "font-size": 12, fill: "#60646c" }), tiles,
      t(GAP, foot + 10, now.signed ? number(-now.high, true) : "0%", { "font-size": 12 }),
      h("image", { x: GAP + 64, y: foot, width: 200, height: 12, preserveAspectRatio: "none", href: ramp.toDataURL("image/png") }),
      t(GAP + 272, foot + 10, number(now.high, now.signed), { "font-size": 12 }),
      t(GAP, H - 10, `Epochs · ${run.name} · DDIM ${run.total} · ${run.guidance} · ${run.seed}`, { "font-size": 11, fill: "#60646c" }));
    const lines = run.steps.flatMap((s, i) => run.words.map((word, g) => ({ step: i + 1, timestep: s.timestep, noise: s.noise,
      place: g + 1, word: word.text, kind: word.kind, tokens: word.tokens, share: s.shares[g] })));
    const mapOf = (g) => Array.from(maps.shown(now.step, now.level, "raw").subarray(g * now.size[0] * now.size[1], (g + 1) * now.size[0] * now.size[1]),
      (v) => +v.toPrecision(4));
    return { name: "epochs-diffusion-words", svg, rows: lines,
      record: { demo: now.demo, prompt: run.prompt, negative: run.negative, guidance: run.guidance, seed: run.seed, sampler: "ddim", steps: run.total,
        checkpoint: run.checkpoint, ...run.provenance, levels: run.levels, shown_step: now.step < 0 ? "mean" : now.step + 1, rows: now.size[0], columns: now.size[1],
        words: run.words.map((word, g) => ({ ...word, shares: run.steps.map((s) => s.shares[g]), map: mapOf(g) })) } };
  };
})();
