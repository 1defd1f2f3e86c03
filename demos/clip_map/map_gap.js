// The gap's panel: a slider that closes it, what is measured on the way, two curves.
"use strict";
epochs.clipMap ??= {};
(() => {
  const { h, fill } = epochs;
  const minus = (words) => words.replace("-", "\u2212");
  const short = (value) => minus(value.toFixed(2));
  const percent = (share) => (100 * share).toFixed(1) + "%";
  const loss = (value) => value.toPrecision(3);
  // What the table shows: key of the sweep, how to write it.
  const ROWS = [["gap", short], ["own", short], ["others", short], ["images", short], ["texts", short], ["top1", percent]];

  // A curve over the shares closed, with a mark where the slider stands; a click on it moves the slider.
  function makeCurve(title, axis, closed, values, [low, high], write, lowest, pick) {
    const [W, H, left, right, top, bottom] = [320, 132, 44, 10, 24, 22];
    const x = (c) => left + (c - closed[0]) / (closed.at(-1) - closed[0]) * (W - left - right);
    const y = (v) => H - bottom - (v - low) / (high - low) * (H - top - bottom);
    const words = (a, b, content, more = {}) => h("text", { x: a, y: b, "font-size": 11.5, fill: "currentColor", ...more }, content);
    const line = h("line", { y1: top - 4, y2: H - bottom, stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "3 3" });
    const dot = h("circle", { r: 5, fill: "var(--e-accent)", stroke: "var(--e-paper)", "stroke-width": 2 });
    const said = words(W - right, 13, "", { "text-anchor": "end", "font-weight": 600 });
    const best = values.indexOf(Math.min(...values));
    const node = h("svg.map-curve", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": title, onclick: (event) => {
      const box = node.getBoundingClientRect(), at = (event.clientX - box.left) / box.width * W;
      pick(closed.reduce((near, c) => (Math.abs(x(c) - at) < Math.abs(x(near) - at) ? c : near), closed[0]));
    } },
      words(0, 13, title, { "font-weight": 600 }), said,
      [low, high].map((v) => [h("line", { x1: left, x2: W - right, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.2 }),
        words(left - 5, y(v) + 4, write(v), { "text-anchor": "end", opacity: 0.75 })]).flat(),
      [0, 1].map((c) => words(x(c), H - 6, percent(c).replace(".0", ""), { "text-anchor": "middle", opacity: 0.75 })),
      words(x(0.5), H - 6, axis, { "text-anchor": "middle", opacity: 0.75 }),
      h("path", { d: values.map((v, i) => `${i ? "L" : "M"}${x(closed[i]).toFixed(1)} ${y(v).toFixed(1)}`).join(""), fill: "none", stroke: "var(--e-accent)", "stroke-width": 2 }),
      lowest ? [h("circle", { cx: x(closed[best]), cy: y(values[best]), r: 3.5, fill: "none", stroke: "currentColor", "stroke-width": 1.5 }),
        words(x(closed[best]), y(values[best]) - 8, lowest, { "text-anchor": "middle" })] : [],
      line, dot);
    node.mark = (i) => {
      line.setAttribute("x1", x(closed[i]));
      line.setAttribute("x2", x(closed[i]));
      dot.setAttribute("cx", x(closed[i]));
      dot.setAttribute("cy", y(values[i]));
      said.textContent = write(values[i]);
    };
    return node;
  }

  epochs.clipMap.makeGapPanel = (text, { low, high, step, onClose }) => {
    let sweep = null, closed = 0, scale = 0, curves = [];
    const slider = h("input", { type: "range", min: low, max: high, step, id: "map-closed", "aria-describedby": "map-closed-said", value: 0, oninput: () => onClose(+slider.value) });
    const said = h("output", { for: "map-closed", id: "map-closed-said" });
    const back = h("button.small", { type: "button", onclick: () => onClose(0) }, text.as_trained);
    const table = h("table.map-measures");
    const scales = h("div.chips", { role: "group", "aria-label": text.loss_scale });
    const charts = h("div.map-curves");
    const verdict = h("p.map-verdict", { role: "status" });
    const node = h("section.map-gap.control-closed", { "aria-label": text.gap_title, hidden: true },
      h("h3", {}, text.gap_title), h("p.map-note", {}, text.gap_note),
      h("div.stage-tools", {}, h("label", { for: "map-closed" }, text.closed), slider, said, back), verdict,
      h("div.map-columns", {}, h("div", {}, table, h("p.map-note", {}, text.paper_gap), h("p.map-note", {}, text.why)), h("div", {}, charts, scales)));

    const place = (c) => sweep.closed.reduce((best, value, i) => (Math.abs(value - c) < Math.abs(sweep.closed[best] - c) ? i : best), 0);
    const asPercent = (c) => minus(`${Math.round(100 * c)}%`);
    const temperature = (s) => (s >= 10 ? `1/${Math.round(s)}` : (1 / s).toPrecision(2));

    function makeCurves() {
      const losses = sweep.losses[scale];
      const room = (Math.max(...losses) - Math.min(...losses)) * 0.25;
      curves = [makeCurve(text.curve_top1, text.closed_axis, sweep.closed, sweep.top1, [0, 1], (v) => percent(v).replace(".0%", "%"), "", onClose),
        makeCurve(fill(text.curve_loss, { temperature: temperature(sweep.scales[scale]) }), text.closed_axis, sweep.closed, losses,
          [Math.min(...losses) - room, Math.max(...losses)], loss, text.lowest, onClose)];
      charts.replaceChildren(...curves);
      scales.replaceChildren(h("span.control-title", {}, text.loss_scale), ...sweep.scales.map((s, i) => h("button.chip" + (i === scale ? ".chosen" : ""),
        { type: "button", "aria-pressed": i === scale, onclick: () => { scale = i; makeCurves(); draw(); scales.querySelectorAll("button")[i].focus(); } },
        fill(text[["scale_trained", "scale_cold", "scale_warm"][i]], { temperature: temperature(s) }))));
    }

    function draw() {
      const i = place(closed), zero = place(0), moved = i !== zero;
      slider.value = closed;
      said.textContent = asPercent(closed);
      slider.setAttribute("aria-valuetext", fill(text.closed_value, { percent: asPercent(closed), gap: short(sweep.gap[i]) }));
      back.disabled = !moved;
      table.replaceChildren(h("caption", {}, text.measures),
        h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, text.as_trained), moved ? h("th", { scope: "col" }, asPercent(closed)) : null)),
        h("tbody", {}, ROWS.map(([key, write]) => h("tr", {}, h("th", { scope: "row" }, text["row_" + key]), h("td", {}, write(sweep[key][zero])),
          moved ? h("td.now", {}, write(sweep[key][i])) : null))));
      for (const curve of curves) curve.mark(i);
      const difference = Math.round((sweep.top1[i] - sweep.top1[zero]) * sweep.size);
      verdict.textContent = !moved ? text.verdict_start : difference === 0 ? fill(text.verdict_same, { percent: asPercent(closed) })
        : fill(difference > 0 ? text.verdict_more : text.verdict_fewer, { percent: asPercent(closed), n: Math.abs(difference), all: sweep.size.toLocaleString("en") });
    }

    return { node,
      adopt(value, size) { sweep = { ...value, size }; node.hidden = false; makeCurves(); draw(); },
      close(value) { closed = value; if (sweep) draw(); },
      measured(value) { const i = sweep ? place(value) : -1; return i < 0 ? null : Object.fromEntries([["closed", sweep.closed[i]],
        ...ROWS.map(([key]) => [key, sweep[key][i]]), ...sweep.scales.map((s, k) => [`loss_at_scale_${s}`, sweep.losses[k][i]])]); },
      distance: () => short(sweep.gap[place(closed)]),
      said: () => fill(text.closed_value, { percent: asPercent(closed), gap: short(sweep.gap[place(closed)]) }) };
  };
})();
