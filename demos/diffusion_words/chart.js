// Each word's share of the attention over the steps: small lines in the cards, and one chart of all words.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [380, 190, 52, 12, 10, 34];

  const line = (values, x, y) => values.map((v, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("");

  // A word's line alone, on the scale 0 … high that all words share.
  function spark(values, total, high) {
    const x = (i) => 2 + 96 * i / Math.max(1, total - 1);
    return h("svg.words-spark", { viewBox: "0 0 100 24", "aria-hidden": true, preserveAspectRatio: "none" },
      h("path", { d: line(values, x, (v) => 22 - 20 * v / high), fill: "none", stroke: "var(--epochs-series-1, #5368e9)", "stroke-width": 2,
        "vector-effect": "non-scaling-stroke" }));
  }

  // -> {node, mark}: the chosen word's line before the others', and a function that moves the line of the step.
  function chart(run, words, chosen, text) {
    const series = (g) => run.steps.map((step) => step.shares[g]);
    const shown = [...words.filter((g) => g !== chosen), chosen];
    const high = Math.max(...shown.flatMap(series), 1e-6) * 1.06;
    const x = (i) => LEFT + (W - LEFT - RIGHT) * i / Math.max(1, run.total - 1);
    const y = (v) => TOP + (1 - v / high) * (H - TOP - BOTTOM);
    const t = (px, py, s, more = {}) => h("text", { x: px, y: py, "font-size": 12, fill: "currentColor", ...more }, s);
    const mine = series(chosen);
    const label = fill(text.share_summary, { word: run.words[chosen].text, first: percent(mine[0]), last: percent(mine.at(-1)) });
    const rule = h("line", { y1: TOP, y2: H - BOTTOM, stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "4 3" });
    const node = h("svg.words-chart", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${text.share_chart}. ${label}` },
      [0, high / 2.12, high / 1.06].map((v) => h("g", {}, h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.18 }),
        t(LEFT - 6, y(v) + 4, v ? percent(v) : "0%", { "text-anchor": "end" }))),
      [...new Set([0, Math.floor((run.total - 1) / 2), run.total - 1])].map((i) => t(x(i), H - BOTTOM + 16, String(i + 1), { "text-anchor": "middle" })),
      t((LEFT + W - RIGHT) / 2, H - 4, text.axis_steps, { "text-anchor": "middle" }),
      shown.map((g) => h("path", { d: line(series(g), x, y), fill: "none", "stroke-width": g === chosen ? 3 : 1.5, opacity: g === chosen ? 1 : 0.45,
        stroke: g === chosen ? "var(--epochs-series-2, #d23a2e)" : "currentColor" })), rule);
    const mark = (step) => {
      rule.style.display = step < 0 ? "none" : "";
      rule.setAttribute("x1", x(Math.max(0, step)));
      rule.setAttribute("x2", x(Math.max(0, step)));
    };
    return { node, mark };
  }

  epochs.words = Object.assign(epochs.words || {}, { spark, chart });
})();
