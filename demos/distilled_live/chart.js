// The curves of a live training: panels one below the other over one axis of updates, drawn anew as points come.
"use strict";
(() => {
  const { h } = epochs;
  const [LEFT, RIGHT, TOP, PANEL, GAP, BOTTOM] = [52, 12, 22, 132, 34, 38];
  const COLOURS = ["var(--epochs-series-1, #5368e9)", "var(--epochs-series-2, #d23a2e)"];

  // 1, 2, 5 times a power of ten, at least `v`.
  function nice(v) {
    const power = 10 ** Math.floor(Math.log10(Math.max(v, 1)));
    return [1, 2, 5, 10].find((k) => k * power >= v) * power;
  }
  // Where a training will end, from what it has done so far; exactly where it ended, once it has.
  function reach(run) {
    const last = run.points.at(-1);
    if (!last) return 100;
    if (run.state !== "running") return Math.max(1, last.step);
    const expected = last.seconds > 0.3 ? last.step / last.seconds * run.settings.seconds : 0;
    return nice(Math.max(last.step, run.settings.steps ? Math.min(run.settings.steps, expected || Infinity) : expected, 20));
  }
  const ticksOf = (low, high) => {
    const found = [];
    for (let power = -4; power <= 1; power++) for (const k of [1, 2, 5]) { const v = k * 10 ** power; if (v >= low && v <= high * 1.001) found.push(v); }
    return found.length > 5 ? found.filter((v) => /^[15]/.test(String(v).replace(/[0.]/g, ""))) : found;
  };

  // Panels of {key, title, say(value), log, reference?}: `key` names the pair of numbers in a point. -> the svg's children.
  function panel(run, spec, place, W, total, t) {
    const top = TOP + place * (PANEL + GAP), floor = top + PANEL;
    const values = run.points.flatMap((point) => point[spec.key]).concat(spec.reference ?? []);
    const least = spec.log ? Math.max(spec.floor, Math.min(...values)) * 0.85 : 0;
    const high = spec.log ? Math.max(...values, least * 4) : 1;
    const x = (step) => LEFT + (W - LEFT - RIGHT) * step / total;
    const y = (v) => (spec.log ? floor - PANEL * Math.log(Math.max(v, least) / least) / Math.log(high * 1.08 / least) : floor - PANEL * v);
    const path = (arm) => run.points.map((point, i) => `${i ? "L" : "M"}${x(point.step).toFixed(1)} ${y(point[spec.key][arm]).toFixed(1)}`).join("");
    const ticks = spec.log ? ticksOf(least, high * 1.08) : [0, 0.5, 1];
    return [t(W < 480 ? 0 : LEFT, top - 8, spec.title, "start", { "font-weight": 600 }),
      ...ticks.flatMap((v) => [h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.16 }), t(LEFT - 6, y(v) + 4, spec.say(v), "end")]),
      spec.reference === undefined ? null : h("line", { x1: LEFT, x2: W - RIGHT, y1: y(spec.reference), y2: y(spec.reference), stroke: "currentColor", opacity: 0.7,
        "stroke-width": 1.5, "stroke-dasharray": "2 4", class: "live-reference" }),
      // The one with labels alone is drawn first: where both agree, the taught one is seen.
      ...[1, 0].map((arm) => h("path", { d: path(arm), fill: "none", stroke: COLOURS[arm], "stroke-width": 2.4, "stroke-linejoin": "round", "data-arm": arm }))];
  }

  // -> {node, mark(index)}: the drawing in `W` pixels, and a function that moves the line of the point one looks at.
  function chart(run, specs, W, axis, label) {
    const t = (px, py, words, anchor, more = {}) => h("text", { x: px, y: py, "font-size": 12.5, fill: "currentColor", "text-anchor": anchor, ...more }, words);
    const total = reach(run), H = TOP + specs.length * (PANEL + GAP) - GAP + BOTTOM;
    const step = nice(total / (W < 480 ? 3 : 6) + 0.001);
    const marks = Array.from({ length: Math.floor(total / step) + 1 }, (_, i) => i * step);
    const x = (v) => LEFT + (W - LEFT - RIGHT) * v / total;
    const floor = H - BOTTOM;
    const rule = h("line", { y1: TOP, y2: floor, stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "4 3" });
    const node = h("svg.live-chart", { viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: "img", "aria-label": label },
      ...specs.flatMap((spec, place) => panel(run, spec, place, W, total, t)),
      ...marks.flatMap((v) => [h("line", { x1: x(v), x2: x(v), y1: floor, y2: floor + 5, stroke: "currentColor", opacity: 0.4 }), t(x(v), floor + 18, v.toLocaleString(), "middle")]),
      t(W - RIGHT, H - 4, axis, "end"), rule);
    const mark = (index) => {
      const point = run.points[index];
      rule.style.display = point ? "" : "none";
      for (const end of ["x1", "x2"]) rule.setAttribute(end, point ? x(point.step) : 0);
    };
    return { node, mark };
  }

  epochs.live = Object.assign(epochs.live || {}, { chart, COLOURS });
})();
