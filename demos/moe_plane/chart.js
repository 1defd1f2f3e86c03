// The curves of both mixtures: panels one below the other over one axis of updates.
"use strict";
(() => {
  const { h } = epochs;
  const [LEFT, RIGHT, TOP, PANEL, GAP, BOTTOM] = [56, 12, 22, 92, 34, 38];
  // Without balancing: dashed, in the page's ink; with it: a whole line. Colours belong to the experts.
  const STROKES = [{ stroke: "currentColor", "stroke-dasharray": "6 4" }, { stroke: "var(--e-accent, #4457d6)" }];

  const ticksOf = (low, high) => {
    const among = (digits) => Array.from({ length: 7 }, (_, i) => digits.map((k) => k * 10 ** (i - 5))).flat().filter((v) => v >= low && v <= high * 1.001);
    const few = among([1, 3]), found = few.length > 1 ? few : among([1, 2, 3, 5, 7]);
    return found.length > 4 ? found.filter((v) => /^1/.test(String(v).replace(/[0.]/g, ""))) : found;
  };

  // A panel of {title, of(arm), say(value)} and either `log` or `most`, the top of a linear axis that begins at 0.
  function panel(run, spec, place, W, total, t) {
    const top = TOP + place * (PANEL + GAP), floor = top + PANEL;
    const rows = run.points.map(({ arms }) => arms.map(spec.of));
    const values = rows.flat(), least = spec.log ? Math.max(1e-5, Math.min(...values)) * 0.8 : 0, high = spec.log ? Math.max(...values, least * 4) * 1.1 : spec.most * 1.06;
    const x = (step) => LEFT + (W - LEFT - RIGHT) * step / total;
    const y = (v) => floor - PANEL * (spec.log ? Math.log(Math.max(v, least) / least) / Math.log(high / least) : v / high);
    const ticks = spec.log ? ticksOf(least, high) : [0, spec.most / 2, spec.most];
    return [t(W < 480 ? 0 : LEFT, top - 8, spec.title, "start", { "font-weight": 600 }),
      ...ticks.flatMap((v) => [h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.16 }), t(LEFT - 6, y(v) + 4, spec.say(v), "end")]),
      ...[0, 1].map((arm) => h("path", { "data-arm": arm, fill: "none", "stroke-width": 2.2, "stroke-linejoin": "round", ...STROKES[arm],
        d: rows.map((row, i) => `${i ? "L" : "M"}${x(run.points[i].step).toFixed(1)} ${y(row[arm]).toFixed(1)}`).join("") }))];
  }

  // -> {node, mark(index)}: the drawing in `W` pixels, and a function that moves the line of the moment one looks at.
  function chart(run, specs, W, axis, label) {
    const t = (px, py, words, anchor, more = {}) => h("text", { x: px, y: py, "font-size": 12.5, fill: "currentColor", "text-anchor": anchor, ...more }, words);
    const total = Math.max(1, run.settings.steps), H = TOP + specs.length * (PANEL + GAP) - GAP + BOTTOM, floor = H - BOTTOM;
    const x = (v) => LEFT + (W - LEFT - RIGHT) * v / total;
    const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * total));
    const rule = h("line", { y1: TOP, y2: floor, stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "2 3" });
    const node = h("svg.plane-chart", { viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: "img", "aria-label": label },
      ...specs.flatMap((spec, place) => panel(run, spec, place, W, total, t)),
      ...marks.flatMap((v, i) => [h("line", { x1: x(v), x2: x(v), y1: floor, y2: floor + 5, stroke: "currentColor", opacity: 0.4 }), t(x(v), floor + 18, v.toLocaleString(), i === 4 ? "end" : "middle")]),
      t(W - RIGHT, H - 4, axis, "end"), rule);
    const mark = (index) => { for (const end of ["x1", "x2"]) rule.setAttribute(end, x(run.points[index].step)); };
    return { node, mark };
  }

  epochs.plane = Object.assign(epochs.plane || {}, { chart, STROKES });
})();
