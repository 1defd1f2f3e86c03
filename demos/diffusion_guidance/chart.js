// How far the two predictions are apart, and how: the curve over the steps, and the map of one step.
"use strict";
(() => {
  const { h, fill } = epochs;
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [420, 200, 48, 14, 10, 36];

  // -> {node, mark}: the drawing, and a function that moves the line of the step.
  function curve(run, text) {
    const values = run.steps.map((step) => step.distance);
    const high = Math.max(...values, 1e-6) * 1.06;
    const x = (i) => LEFT + (W - LEFT - RIGHT) * i / Math.max(1, run.total - 1);
    const y = (v) => TOP + (1 - v / high) * (H - TOP - BOTTOM);
    const t = (px, py, s, more = {}) => h("text", { x: px, y: py, "font-size": 12, fill: "currentColor", ...more }, s);
    const most = values.indexOf(Math.max(...values));
    const told = fill(text.distance_summary, { first: values[0].toFixed(2), last: values.at(-1).toFixed(2), step: most + 1, most: values[most].toFixed(2) });
    const rule = h("line", { y1: TOP, y2: H - BOTTOM, stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "4 3" });
    const dot = h("circle", { r: 4.5, fill: "var(--epochs-series-2, #d23a2e)" });
    const node = h("svg.guidance-curve", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${text.distance_chart}: ${told}` },
      [0, high / 2.12, high / 1.06].map((v) => h("g", {}, h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.18 }),
        t(LEFT - 6, y(v) + 4, v.toFixed(2), { "text-anchor": "end" }))),
      [...new Set([0, Math.floor((run.total - 1) / 2), run.total - 1])].map((i) => t(x(i), H - BOTTOM + 16, String(i + 1), { "text-anchor": "middle" })),
      t((LEFT + W - RIGHT) / 2, H - 4, text.axis_steps, { "text-anchor": "middle" }),
      h("path", { d: values.map((v, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join(""), fill: "none",
        stroke: "var(--epochs-series-1, #5368e9)", "stroke-width": 2.5 }), rule, dot);
    const mark = (step) => {
      for (const end of ["x1", "x2"]) rule.setAttribute(end, x(step));
      dot.setAttribute("cx", x(step));
      dot.setAttribute("cy", y(values[step]));
    };
    return { node, mark };
  }

  const bytes = (step) => epochs.bytes(step.difference);
  const largest = (run) => run.steps.reduce((most, step) => Math.max(most, bytes(step).reduce((a, b) => Math.max(a, b), 0)), 1);

  // The difference of one step on `canvas`, in colours from none to `high`, one pixel for each of its own.
  function paintDifference(canvas, step, colours, high) {
    [canvas.height, canvas.width] = step.size;
    const pen = canvas.getContext("2d");
    const pixels = pen.createImageData(canvas.width, canvas.height);
    bytes(step).forEach((v, i) => {
      const colour = colours[Math.round(Math.min(1, v / high) * (colours.length - 1))];
      pixels.data.set(epochs.rgb(colour), 4 * i);
      pixels.data[4 * i + 3] = 255;
    });
    pen.putImageData(pixels, 0, 0);
  }

  epochs.guidance = Object.assign(epochs.guidance || {}, { curve, largest, paintDifference });
})();
