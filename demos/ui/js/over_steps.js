// A small chart of figures over the steps of a run, with a line that marks the step one looks at.
"use strict";
(() => {
  const { h } = epochs;

  // `lines`: [{values, ...attributes of the path}], the last one in front; `say(value)` writes a tick of the vertical
  // axis; `dot`: the colour of a mark on the last line, where one is wanted. -> {node, mark(step)}; a step of -1 is none.
  epochs.overSteps = ({ kind, width: W, height: H, left, lines, total, high, say, axis, label, dot = null }) => {
    const [RIGHT, TOP, BOTTOM] = [14, 10, 36];
    const top = high * 1.06;
    const x = (i) => left + (W - left - RIGHT) * i / Math.max(1, total - 1);
    const y = (v) => TOP + (1 - v / top) * (H - TOP - BOTTOM);
    const t = (px, py, words, anchor) => h("text", { x: px, y: py, "font-size": 12, fill: "currentColor", "text-anchor": anchor }, words);
    const rule = h("line", { y1: TOP, y2: H - BOTTOM, stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "4 3" });
    const spot = dot && h("circle", { r: 4.5, fill: dot });
    const node = h(`svg.${kind}`, { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label },
      [0, high / 2, high].map((v) => h("g", {}, h("line", { x1: left, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.18 }),
        t(left - 6, y(v) + 4, say(v), "end"))),
      [...new Set([0, Math.floor((total - 1) / 2), total - 1])].map((i) => t(x(i), H - BOTTOM + 16, String(i + 1), "middle")),
      t((left + W - RIGHT) / 2, H - 4, axis, "middle"),
      lines.map(({ values, ...more }) => h("path", { d: values.map((v, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join(""), fill: "none", ...more })),
      rule, spot);
    const mark = (step) => {
      rule.style.display = step < 0 ? "none" : "";
      for (const end of ["x1", "x2"]) rule.setAttribute(end, x(Math.max(0, step)));
      spot?.setAttribute("cx", x(Math.max(0, step)));
      spot?.setAttribute("cy", y(lines.at(-1).values[Math.max(0, step)]));
    };
    return { node, mark };
  };
})();
