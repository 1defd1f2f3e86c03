// The numbers beside the objective's matrix: losses as bars, the legend, the scale's own wish, the loss by step.
"use strict";
epochs.objectiveReadouts = (() => {
  const { h, fill, objectiveDrawing: D } = epochs;
  const brief = (p) => (p >= 0.0995 || p < 0.0005 ? Math.round(100 * p) : (100 * p).toFixed(1)) + "%";
  const minus = (words) => (/[1-9]/.test(words) ? words.replace("-", "\u2212") : words.replace("-", ""));
  const slope = (g) => (Math.abs(g) < 0.005 ? "0" : minus((g > 0 ? "+" : "") + g.toFixed(Math.abs(g) < 0.1 ? 2 : Math.abs(g) < 9.95 ? 1 : 0)));

  // A bar per cross-entropy, blind guessing marked on each.
  function losses(now, n, text) {
    const softmax = !now.cells;
    const lines = softmax ? [["image_to_text", now.imageToText], ["text_to_image", now.textToImage], ["mean", now.loss]] : [["sigmoid_mean", now.loss]];
    const most = Math.max(1.3 * now.chance, ...lines.map(([, value]) => value), 0.1);
    const chance = fill(softmax ? text.chance : text.chance_sigmoid, { n, value: now.chance.toFixed(3) });
    return [...lines.map(([key, value]) => h("div.obj-loss" + (key.endsWith("mean") ? ".total" : ""),
      { role: "img", "aria-label": fill(text.loss_value, { name: text[key], value: value.toFixed(3), chance }) },
      h("span.obj-loss-name", {}, text[key]),
      h("span.obj-loss-bar", {}, h("span.obj-loss-fill" + (value > now.chance + 1e-9 ? ".above" : ""), { style: `width:${100 * value / most}%` }),
        h("span.obj-chance", { style: `left:${100 * now.chance / most}%` })),
      h("span.obj-loss-value", {}, value.toFixed(3)))), h("p.obj-chance-name", {}, h("span.obj-chance-key"), chance)];
  }

  function legend(view, text) {
    const sign = (colour, words) => [h("span.obj-key", { style: `background:${colour}` }), `${words} `];
    if (view === "gradient" || view === "springs")
      return [...sign(D.PULL, text.legend_pull), ...sign(D.PUSH, text.legend_push), view === "gradient" ? `\u00b7 ${text.legend_gradient} \u00b7 ${text.legend_pair}` : ""];
    return [view === "cosine" ? "" : `${text["legend_" + view]} \u00b7 `, text.legend_pair];
  }

  // The loss by the logarithm of the scale: what the scale itself would learn.
  function wish({ S, gradient }, text) {
    const slopes = gradient.flat();
    const by = S.flat().reduce((sum, c, k) => sum + c * slopes[k], 0);
    return Math.abs(by) < 0.01 ? text.scale_still : by < 0 ? text.scale_up : text.scale_down;
  }

  function trace(values, text) {
    const said = { first: values[0].toFixed(3), last: values.at(-1).toFixed(3), steps: values.length - 1 };
    const most = Math.max(...values, 1e-9);
    const points = values.map((loss, k) => `${(150 * k / (values.length - 1)).toFixed(1)} ${(34 - 30 * loss / most).toFixed(1)}`);
    return [h("svg", { viewBox: "-2 0 156 38", role: "img", "aria-label": fill(text.trace_figure, said) },
      h("path", { d: "M" + points.join("L"), fill: "none", stroke: D.PULL, "stroke-width": 2.5, "stroke-linejoin": "round" })), h("span", {}, fill(text.trace, said))];
  }

  return { formats: { brief, minus, slope }, losses, legend, wish, trace };
})();
