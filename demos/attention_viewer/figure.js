// The map to take along: the chosen head as a drawing, its numbers, and what it came from.
"use strict";
(() => {
  const own = epochs.attention;
  const { h } = epochs;
  const LONGEST = 760;

  function pixels(run, stack, layer, head, side) {
    const canvas = document.createElement("canvas");
    canvas.width = stack.columns;
    canvas.height = stack.rows;
    const context = canvas.getContext("2d"), data = context.createImageData(stack.columns, stack.rows);
    const from = own.index(stack, layer, head) * stack.rows * stack.columns;
    const table = run.colours.map(epochs.rgb);
    for (let n = 0; n < stack.rows * stack.columns; n++) data.data.set([...table[Math.round(stack.maps[from + n] / 255 * (table.length - 1))], 255], n * 4);
    context.putImageData(data, 0, 0);
    return h("image", { ...side, preserveAspectRatio: "none", style: "image-rendering:pixelated", href: canvas.toDataURL("image/png") });
  }

  own.figure = (run, chosen, { demo, view }, text) => {
    const stack = run.stacks[chosen.stack];
    const t = (x, y, words, more = {}) => h("text", { x, y, "font-size": 13, fill: "#1b1d23", ...more }, epochs.sheet.clean(words));
    const all = view === "overview";
    const names = (side, n) => own.tokenName(run, side, n, text);
    let body, W, H, title;
    if (all) {
      const cell = Math.max(28, Math.min(100, Math.floor(LONGEST / stack.heads)));
      [W, H] = [80 + stack.heads * (cell + 4), 90 + stack.layers * (cell + 4)];
      title = text.view_overview;
      body = Array.from({ length: stack.layers * stack.heads }, (_, n) => pixels(run, stack, Math.floor(n / stack.heads), n % stack.heads,
        { x: 60 + (n % stack.heads) * (cell + 4), y: 60 + Math.floor(n / stack.heads) * (cell + 4), width: cell, height: cell }));
      for (let layer = 0; layer < stack.layers; layer++) body.push(t(12, 60 + layer * (cell + 4) + cell / 2, String(layer + 1)));
      for (let head = 0; head < stack.heads; head++) body.push(t(60 + head * (cell + 4) + cell / 2 - 4, 52, String(head + 1)));
    } else {
      const labels = Math.max(stack.q, stack.k) <= 48, cell = Math.min(26, LONGEST / Math.max(stack.q, stack.k));
      const edge = labels ? 110 : 20;
      [W, H] = [edge + stack.k * cell + 20, edge + 40 + stack.q * cell + 40];
      title = own.headName(stack, chosen.layer, chosen.head, text);
      body = [pixels(run, stack, chosen.layer, chosen.head, { x: edge, y: edge + 40, width: stack.k * cell, height: stack.q * cell })];
      if (labels) {
        for (let q = 0; q < stack.q; q++) body.push(t(edge - 6, edge + 40 + (q + 0.7) * cell, names(stack.queries, q), { "text-anchor": "end" }));
        for (let k = 0; k < stack.k; k++) body.push(t(edge + (k + 0.6) * cell, edge + 34, names(stack.keys, k), { transform: `rotate(-60 ${edge + (k + 0.6) * cell} ${edge + 34})` }));
      }
    }
    const svg = epochs.sheet.write({ width: W, height: H, title, desc: `${run.name}: ${title}` }, t(14, 24, `${title} · ${run.name}`, { "font-weight": 600, "font-size": 15 }), ...body,
      t(14, H - 12, "Epochs", { "font-size": 11, fill: "#60646c" }));
    const rows = [];
    for (let q = 0; q < stack.rows; q++) for (let k = 0; k < stack.columns; k++)
      rows.push({ stack: stack.name, layer: chosen.layer + 1, head: chosen.head + 1, query: q, key: k,
        query_token: stack.pooled ? "" : names(stack.queries, q), key_token: stack.pooled ? "" : names(stack.keys, k),
        p: +own.p(stack.maps[(own.index(stack, chosen.layer, chosen.head) * stack.rows + q) * stack.columns + k]).toPrecision(3) });
    const { stacks, colours, signed, picture, ...rest } = run;
    return { name: "epochs-attention", svg, rows, settings: { app: "epochs", demo, model: run.checkpoint, text: run.asked.text },
      record: { ...rest, demo, pooled: stack.pooled, stacks: stacks.map(({ maps, ...more }) => more), chosen,
        map: rows.map((line) => line.p) } };
  };
})();
