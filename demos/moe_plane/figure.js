// The figure to take along: both planes as they stand, each expert's share, the curves; every moment as a row.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const W = 760, SIDE = 350;

  epochs.plane = Object.assign(epochs.plane || {}, { figure(run, specs, index, names, colours, text) {
    const { line, small, write } = epochs.sheet;
    const point = run.points[index];
    const columns = point.arms.flatMap((arm, place) => {
      const x = 20 + place * (SIDE + 20), own = epochs.plane.plane({ label: names[place], colours });
      own.canvas.width = own.canvas.height = 2 * SIDE;
      own.show(arm, run, { side: SIDE });
      const bars = arm.shares.flatMap((share, i) => [line(x, 432 + 18 * i, String(i + 1), { "font-weight": 600 }),
        h("rect", { x: x + 18, y: 422 + 18 * i, width: Math.max(1, 250 * share), height: 11, fill: colours[i] }), line(x + 280, 432 + 18 * i, share ? percent(share) : text.idle)]);
      return [line(x, 40, names[place], { "font-weight": 600 }), h("image", { href: own.canvas.toDataURL("image/png"), x, y: 52, width: SIDE, height: SIDE }), ...bars];
    });
    const below = 444 + 18 * point.arms[0].shares.length, plot = epochs.plane.chart(run, specs, W - 40, text.axis, text.stage);
    plot.mark(index);
    // Colours of the page's theme are unknown outside of it.
    for (const node of plot.node.querySelectorAll("path[data-arm='1']")) node.setAttribute("stroke", "#4457d6");
    const height = below + Number(plot.node.getAttribute("height")) + 40;
    const svg = write({ width: W, height, title: text.stage, desc: (run.words || []).join(" ") }, ...columns,
      h("g", { transform: `translate(20 ${below + 8})` }, ...plot.node.childNodes),
      small(20, height - 12, `Epochs \u00b7 ${fill(text.at, { step: point.step })} \u00b7 ${run.date} \u00b7 ${run.opening.device}`));
    const rows = run.points.flatMap(({ step, seconds, arms }) => arms.map((arm, place) => ({ updates: step, seconds, balance: place ? run.settings.balance : 0,
      loss: arm.loss, error: arm.error, misread: arm.misread, working: arm.working, ...Object.fromEntries(arm.shares.map((share, i) => [`share_${i + 1}`, share])) })));
    const { points, ...record } = run;
    return { name: "epochs-moe-plane", svg, rows, record: { demo: "moe_plane", ...record.settings, state: run.state, device: run.opening.device, date: run.date,
      words: run.words, parameters: run.opening.parameters, x: run.opening.x, d: run.opening.d, points } };
  } });
})();
