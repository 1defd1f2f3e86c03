// How large the gradient of the soft loss is at each temperature, with T squared and without: from the real logits.
"use strict";
(() => {
  const { h, fill } = epochs;
  const own = epochs.digits;
  const HEIGHT = 250, LEFT = 52, RIGHT = 14, TOP = 16, BOTTOM = 40, POINTS = 61, LEAST = 1e-7;
  const PAGE = { with: "var(--epochs-series-1)", without: "var(--epochs-series-2)", ink: "var(--e-ink)", soft: "var(--e-soft)", line: "var(--e-line)" };
  own.GRADIENT_PAPER = { with: "#5368e9", without: "#d23a2e", ink: "#1d1d1f", soft: "#60646c", line: "#dfe3ea" };

  // [{temperature, without, with}]: lengths of the gradients with respect to the student's logits.
  own.gradientRows = (teacher, student, lowest, highest) => Array.from({ length: POINTS }, (_, i) => {
    const temperature = lowest * (highest / lowest) ** (i / (POINTS - 1)), without = own.softGradient(teacher, student, temperature);
    return { temperature, without, with: temperature ** 2 * without };
  });

  own.gradientFigure = (teacher, student, label, now, { text, lowest, highest, who, width, colours = PAGE }) => {
    const rows = own.gradientRows(teacher, student, lowest, highest), hard = own.hardGradient(student, label), limit = own.gradientLimit(teacher, student);
    const drawn = [...rows.flatMap((row) => [row.with, row.without]), hard, limit].map((value) => Math.max(value, LEAST));
    const bottom = Math.floor(Math.log10(Math.min(...drawn))), top = Math.max(bottom + 1, Math.ceil(Math.log10(Math.max(...drawn))));
    const x = (t) => LEFT + (width - LEFT - RIGHT) * Math.log(t / lowest) / Math.log(highest / lowest);
    const y = (value) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (Math.log10(Math.max(value, LEAST)) - bottom) / (top - bottom);
    const words = (at, over, said, more = {}) => h("text", { x: at, y: over, "font-size": 12.5, fill: colours.soft, ...more }, said);
    const across = (value, colour, dashes) => h("line", { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value), stroke: colour, "stroke-width": 1.5, "stroke-dasharray": dashes });
    const path = (key, colour) => h("path", { d: rows.map((row, i) => `${i ? "L" : "M"}${x(row.temperature).toFixed(1)} ${y(row[key]).toFixed(1)}`).join(""), fill: "none", stroke: colour, "stroke-width": 3 });
    const decades = Array.from({ length: top - bottom + 1 }, (_, i) => bottom + i).filter((d) => (d - bottom) % Math.ceil((top - bottom) / 6) === 0);
    const at = own.softGradient(teacher, student, now), values = { temperature: +now.toPrecision(3), with: own.three(now ** 2 * at), without: own.three(at), hard: own.three(hard), who };
    const key = (colour, said, dashes) => h("li", {}, h("svg", { width: 26, height: 8, "aria-hidden": true }, h("line", { x1: 0, x2: 26, y1: 4, y2: 4, stroke: colour, "stroke-width": 3, "stroke-dasharray": dashes })), said);
    const lines = [[colours.with, fill(text.with_factor, values)], [colours.without, fill(text.without_factor, values)],
      [colours.soft, fill(text.of_label, { ...values, digit: label }), "1 4"], [colours.with, text.at_limit, "7 5"]];
    const svg = h("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", class: "digits-curve", "aria-label": `${text.gradient} ${lines.map(([, said]) => said).join(" ")}` },
      decades.map((d) => h("g", {}, h("line", { x1: LEFT, x2: width - RIGHT, y1: y(10 ** d), y2: y(10 ** d), stroke: colours.line }),
        words(LEFT - 6, y(10 ** d) + 4, d > -4 && d < 4 ? String(10 ** d).slice(0, 6) : `1e${d}`, { "text-anchor": "end" }))),
      [0.5, 1, 2, 5, 10, 20].filter((t) => t >= lowest && t <= highest).map((t) => words(x(t), HEIGHT - BOTTOM + 17, t, { "text-anchor": "middle" })),
      words(width - RIGHT, HEIGHT - 6, text.temperature_axis, { "text-anchor": "end" }),
      across(hard, colours.soft, "1 4"), across(limit, colours.with, "7 5"), path("without", colours.without), path("with", colours.with),
      h("line", { x1: x(now), x2: x(now), y1: TOP, y2: HEIGHT - BOTTOM, stroke: colours.ink, "stroke-width": 1 }),
      [["with", now ** 2 * at], ["without", at]].map(([name, value]) => h("circle", { cx: x(now), cy: y(value), r: 5, fill: colours[name] })));
    return h("div", {}, svg, h("ul.digits-keys", {}, lines.map(([colour, said, dashes]) => key(colour, said, dashes))));
  };

  // What each network costs, and what it costs of the teacher's.
  own.billTable = (bills, { names, text, race }) => {
    const { teacher } = bills, { count, milliseconds } = epochs.sides;
    const times = (name, key) => (name === "teacher" ? [] : [h("span.digits-ratio", {}, fill(text.of_teacher, { times: own.three(teacher[key] / bills[name][key]) }))]);
    const raced = (name) => (race && name === "distilled" ? fill(text.raced, { times: race.speedup.toFixed(1), batch: race.batch }) : name === "teacher" || race ? "" : text.not_raced);
    return epochs.sides.table(text.bill, ["", text.parameters, text.bytes, text.operations, text.time], own.SHOWN.map((name) => [[h("i.sides-dot", { style: `background:${own.COLOURS[name]}` }), names[name]],
      [count(bills[name].parameters), ...times(name, "parameters")], [count(bills[name].bytes), ...times(name, "bytes")], [bills[name].operations_told.replace(" ", "\u00a0"), ...times(name, "operations")],
      `${fill(text.ms, { ms: milliseconds(bills[name].milliseconds) })} ${name === "distilled" ? raced(name) : ""}`]), true);
  };
})();
