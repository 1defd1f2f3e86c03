// How much each patch of a picture counts, by each method: small maps over the picture. -> {node, mark(token)}
"use strict";
epochs.attention.panel.patchMaps = (run, reply, methods, { text, select }) => {
  const { h, fill } = epochs;
  const { colour, tokenName, patches, panel: { amount } } = epochs.attention;
  const SIDE = 240, STRONGEST = 3;
  const { grid } = reply;
  const image = new Image();
  let chosen = 0;

  const number = (method, v) => (v === null ? text.words_map_unknown : amount(method, v));
  const named = (n) => tokenName(run, "source", n + 1, text);
  const red = (share) => run.signed[Math.round((0.5 + share / 2) * (run.signed.length - 1))];

  // Each on a scale of its own; what speaks against the answer is red, as in a text's table.
  const maps = methods.map((method) => {
    const values = reply.methods[method];
    const high = Math.max(1e-12, ...values.map((v) => Math.abs(v ?? 0)));
    const shade = (n) => {
      if (values[n] === null) return null;
      const share = Math.abs(values[n]) / high;
      return [values[n] < 0 ? red(share) : colour(run, share), share];
    };
    const best = [...values.keys()].filter((n) => values[n] !== null).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a])).slice(0, STRONGEST);
    const list = best.map((n) => fill(text.words_map_patch, { patch: named(n), value: number(method, values[n]) })).join(text.words_map_joint);
    const canvas = h("canvas.att-words-map", { role: "img", width: SIDE, height: Math.round(SIDE * grid.rows / grid.columns),
      "aria-label": fill(text.words_map, { method: text[`words_${method}`], list }) });
    canvas.addEventListener("click", (event) => { const token = patches.under(event, canvas, grid); if (token > 0) select({ token }); });
    return { method, values, canvas, draw: () => patches.paint(canvas, image, grid, shade, chosen) };
  });

  const box = h("div.att-words-maps", { role: "group", tabindex: "0", "aria-label": text.words_maps }, maps.map(({ method, canvas }) =>
    h("figure", {}, canvas, h("figcaption", {}, text[`words_${method}`]))));
  box.addEventListener("keydown", (event) => { const token = patches.walk(event, chosen, grid); if (token > 0) select({ token }); });
  const reading = h("p.att-reading", { role: "status" });

  function mark(token) {
    chosen = Math.max(0, token);
    const told = () => maps.map(({ method, values }) => fill(text.words_map_value, { method: text[`words_${method}`], value: number(method, values[chosen - 1]) }));
    const sentence = chosen ? fill(text.words_map_reading, { patch: named(chosen - 1), list: told().join(text.words_map_list) }) : text.words_map_hint;
    if (reading.textContent !== sentence) reading.textContent = sentence;
    for (const { draw } of maps) draw();
  }
  image.onload = () => mark(chosen);
  image.src = run.picture;
  return { node: h("div.att-panel-part", {}, box, reading), mark };
};
