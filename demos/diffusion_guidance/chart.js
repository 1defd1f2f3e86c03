// How far the two predictions are apart, and how: the curve over the steps, and the map of one step.
"use strict";
(() => {
  const { fill } = epochs;

  // -> {node, mark}: the drawing, and a function that moves the line of the step.
  function curve(run, text) {
    const values = run.steps.map((step) => step.distance);
    const most = values.indexOf(Math.max(...values));
    const told = fill(text.distance_summary, { first: values[0].toFixed(2), last: values.at(-1).toFixed(2), step: most + 1, most: values[most].toFixed(2) });
    return epochs.overSteps({ kind: "guidance-curve", width: 420, height: 200, left: 48, total: run.total, high: Math.max(values[most], 1e-6),
      say: (v) => v.toFixed(2), axis: text.axis_steps, label: `${text.distance_chart}: ${told}`, dot: "var(--epochs-series-2, #d23a2e)",
      lines: [{ values, stroke: "var(--epochs-series-1, #5368e9)", "stroke-width": 2.5 }] });
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
