// Two small figures: how the runs drift apart step by step, and how far apart they end for each eta.
"use strict";
(() => {
  const { h, fill } = epochs;
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [380, 220, 46, 14, 14, 42];
  const COLOURS = { ddim: "var(--epochs-series-1, #5368e9)", between: "var(--epochs-series-3, #2ba571)",
    ddpm: "var(--epochs-series-2, #d23a2e)", apart: "var(--epochs-series-5, #af8e32)" };
  const DASHES = { ddim: null, between: "8 3", ddpm: null, apart: "2 4" };
  const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 13, fill: "currentColor", ...more }, s);
  const short = (v) => (v === 0 ? "0" : v >= 10 ? v.toFixed(0) : v.toFixed(v >= 1 ? 1 : 2));

  function frame(label, high, xs, words) {
    const y = (v) => TOP + (1 - v / high) * (H - TOP - BOTTOM);
    const x = (share) => LEFT + share * (W - LEFT - RIGHT);
    const node = h("svg.noise-plot", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label },
      [0, high / 2, high].map((v) => h("g", {}, h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.18 }),
        t(LEFT - 6, y(v) + 4, short(v), { "text-anchor": "end" }))),
      xs.map(([share, said]) => t(x(share), H - BOTTOM + 17, said, { "text-anchor": share === 1 ? "end" : share ? "middle" : "start" })),
      t((LEFT + W - RIGHT) / 2, H - 6, words, { "text-anchor": "middle" }));
    return { node, x, y };
  }

  // rows: [{row, name, values}]; `steps` in all; `cursor`: the step that is shown.
  function drift(rows, steps, cursor, words) {
    const high = Math.max(...rows.flatMap((row) => row.values), 1e-6) * 1.06;
    const label = `${words.title}. ` + rows.map((row) => `${row.name}: ${short(row.values.at(-1) ?? 0)}`).join("; ");
    const share = (step) => (steps > 1 ? (step - 1) / (steps - 1) : 0);
    const { node, x, y } = frame(label, high, steps > 1 ? [[0, "1"], [1, String(steps)]] : [[0, "1"]], words.x);
    if (cursor) node.append(h("line", { x1: x(share(cursor)), x2: x(share(cursor)), y1: TOP, y2: H - BOTTOM, stroke: "currentColor", "stroke-dasharray": "3 3", opacity: 0.7 }));
    for (const { row, values } of rows) {
      const d = values.map((v, i) => `${i ? "L" : "M"}${x(share(i + 1)).toFixed(1)} ${y(v).toFixed(1)}`).join("");
      const last = values.length;
      node.append(h("path", { d, fill: "none", stroke: COLOURS[row], "stroke-width": 2.5, "stroke-dasharray": DASHES[row] }));
      if (last) node.append(h("circle", { cx: x(share(last)), cy: y(values.at(-1)), r: 4, fill: COLOURS[row] }));
    }
    return node;
  }

  // dots: [{row, eta, distance}]; `yard`: the distance from different noises.
  function fan(dots, yard, words) {
    const high = Math.max(...dots.map((dot) => dot.distance), yard ?? 0, 1e-6) * 1.08;
    const label = `${words.title}. ` + dots.map((dot) => `${fill(words.dot, { eta: dot.eta, distance: dot.distance.toFixed(1) })}`).join("; ");
    const { node, x, y } = frame(label, high, [[0, "0"], [0.5, "0.5"], [1, "1"]], words.x);
    if (yard !== undefined) node.append(h("line", { x1: LEFT, x2: W - RIGHT, y1: y(yard), y2: y(yard), stroke: COLOURS.apart, "stroke-width": 2, "stroke-dasharray": DASHES.apart }));
    const sorted = [...dots].sort((a, b) => a.eta - b.eta);
    node.append(h("path", { d: sorted.map((dot, i) => `${i ? "L" : "M"}${x(dot.eta).toFixed(1)} ${y(dot.distance).toFixed(1)}`).join(""), fill: "none", stroke: "currentColor", opacity: 0.35 }));
    for (const dot of sorted) node.append(h("circle", { cx: x(dot.eta), cy: y(dot.distance), r: 5, fill: COLOURS[dot.row] },
      h("title", {}, fill(words.dot, { eta: dot.eta, distance: dot.distance.toFixed(1) }))));
    return node;
  }

  Object.assign(epochs.noise ??= {}, { drift, fan, COLOURS, DASHES });
})();
