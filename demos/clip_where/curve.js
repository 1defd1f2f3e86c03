// The deletion curve: the label's score while cells disappear, in the heatmap's order and at random.
"use strict";
(() => {
  const { h, fill } = epochs;
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [360, 210, 44, 12, 12, 40];

  const at = (values, shares, share) => {
    const k = shares.findIndex((s) => s >= share);
    if (k <= 0) return values[0];
    const part = (share - shares[k - 1]) / (shares[k] - shares[k - 1]);
    return values[k - 1] + part * (values[k] - values[k - 1]);
  };

  // -> {node, mark}: the drawing, and a function that moves the line of the share deleted.
  function draw(result, m, text) {
    const { scores, random } = result.deletion[m];
    const low = result.by_probability ? 0 : Math.min(0, ...scores, ...random);
    const high = result.by_probability ? 1 : Math.max(...scores, ...random, 0.01);
    const x = (share) => LEFT + share * (W - LEFT - RIGHT);
    const y = (score) => TOP + (high - score) / (high - low) * (H - TOP - BOTTOM);
    const path = (values) => values.map((v, i) => `${i ? "L" : "M"}${x(result.shares[i]).toFixed(1)} ${y(v).toFixed(1)}`).join("");
    const back = [...result.shares.keys()].reverse().map((i) => `L${x(result.shares[i]).toFixed(1)} ${y(scores[i]).toFixed(1)}`).join("");
    const t = (px, py, s, more = {}) => h("text", { x: px, y: py, "font-size": 12, fill: "currentColor", ...more }, s);
    const [map, chance] = ["var(--epochs-series-1, #5368e9)", "var(--epochs-series-5, #af8e32)"];
    const line = h("line", { x1: x(0), x2: x(0), y1: TOP, y2: H - BOTTOM, stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "4 3" });
    const percent = (p) => (result.by_probability ? `${(100 * p).toFixed(0)}%` : p.toFixed(2));
    const say = (values) => [0.2, 0.5, 0.8].map((s) => percent(at(values, result.shares, s))).join(", ");
    const node = h("svg.where-curve", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${fill(text.curve, { label: result.labels[m] })}. ${fill(text.curve_summary, { by_map: say(scores), by_chance: say(random) })}` },
      [low, (low + high) / 2, high].map((v) => h("g", {}, h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.18 }), t(LEFT - 6, y(v) + 4, percent(v), { "text-anchor": "end" }))),
      [0, 0.5, 1].map((s) => t(x(s), H - BOTTOM + 16, `${100 * s}%`, { "text-anchor": s === 1 ? "end" : s ? "middle" : "start" })),
      t((LEFT + W - RIGHT) / 2, H - 6, text.share, { "text-anchor": "middle" }),
      h("path", { d: path(random) + back + "Z", fill: map, opacity: 0.14 }),
      h("path", { d: path(random), fill: "none", stroke: chance, "stroke-width": 2, "stroke-dasharray": "6 4" }),
      h("path", { d: path(scores), fill: "none", stroke: map, "stroke-width": 2.5 }), line);
    const mark = (share) => { line.setAttribute("x1", x(share)); line.setAttribute("x2", x(share)); };
    return { node, mark, at: (share) => [at(scores, result.shares, share), at(random, result.shares, share)].map(percent) };
  }

  (epochs.where ??= {}).curve = draw;
})();
