// Each word's share of the attention over the steps: small lines in the cards, and one chart of all words.
"use strict";
(() => {
  const { h, fill, percent } = epochs;

  // A word's line alone, on the scale 0 … high that all words share.
  function spark(values, total, high) {
    const x = (i) => 2 + 96 * i / Math.max(1, total - 1);
    return h("svg.words-spark", { viewBox: "0 0 100 24", "aria-hidden": true, preserveAspectRatio: "none" },
      h("path", { d: values.map((v, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${(22 - 20 * v / high).toFixed(1)}`).join(""), fill: "none", stroke: "var(--epochs-series-1, #5368e9)", "stroke-width": 2,
        "vector-effect": "non-scaling-stroke" }));
  }

  // -> {node, mark}: the chosen word's line before the others', and a function that moves the line of the step.
  function chart(run, words, chosen, text) {
    const series = (g) => run.steps.map((step) => step.shares[g]);
    const shown = [...words.filter((g) => g !== chosen), chosen];
    const mine = series(chosen);
    const label = fill(text.share_summary, { word: run.words[chosen].text, first: percent(mine[0]), last: percent(mine.at(-1)) });
    return epochs.overSteps({ kind: "words-chart", width: 380, height: 190, left: 52, total: run.total, high: Math.max(...shown.flatMap(series), 1e-6),
      say: (v) => (v ? percent(v) : "0%"), axis: text.axis_steps, label: `${text.share_chart}. ${label}`,
      lines: shown.map((g) => (g === chosen ? { values: mine, "stroke-width": 3, stroke: "var(--epochs-series-2, #d23a2e)" }
        : { values: series(g), "stroke-width": 1.5, opacity: 0.45, stroke: "currentColor" })) });
  }

  epochs.words = Object.assign(epochs.words || {}, { spark, chart });
})();
