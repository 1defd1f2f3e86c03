// What is drawn as SVG: the curve on the page, and both figures for taking along.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const own = (epochs.robustness ??= {});
  const FONT = "system-ui,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif";
  const { clean } = epochs.sheet;
  const short = (s, most) => ([...s].length > most ? [...s].slice(0, most - 1).join("") + "…" : s);
  const sheet = (width, height, ...children) => h("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FONT }, ...children);
  const unit = (name, value, text) => fill(text[name + "_unit"], { value: own.plain(value) });
  const printed = (k) => getComputedStyle(document.documentElement).getPropertyValue(`--epochs-series-${k + 1}`).trim() || "#3056b8";

  // The labels worth a line: the untouched winner, then those that ever stand highest.
  own.curveLines = ({ probabilities, run }, most) => {
    const reach = run.labels.map((_, i) => Math.max(...probabilities.map((row) => row[i])));
    const winner = own.order(run)[0];
    return [winner, ...[...reach.keys()].filter((i) => i !== winner).sort((a, b) => reach[b] - reach[a])].slice(0, most);
  };

  own.tellFlips = ({ name, labels }, { label, already, flips }, text) => {
    const words = { what: text[name], label: labels[label] };
    if (already !== null) return fill(text.already, { ...words, other: labels[already] });
    if (!flips.length) return fill(text.no_flip, words);
    return flips.map(({ strength, other }) => fill(text.flip, { ...words, other: labels[other], value: unit(name, strength, text) })).join(" ");
  };

  own.curveSvg = (curve, marks, { width, height, pad, shown, colour, text, slider, now, ink, soft, line }) => {
    const { name, strengths, probabilities, labels } = curve;
    const [low, high] = [strengths[0], strengths.at(-1)];
    const x = (s) => pad.left + (s - low) / (high - low) * (width - pad.left - pad.right);
    const y = (p) => height - pad.bottom - p * (height - pad.bottom - pad.top);
    const word = (px, py, s, more = {}) => h("text", { x: px, y: py, "font-size": 12, fill: soft, ...more }, clean(s));
    const rule = (x1, y1, x2, y2, more) => h("line", { x1, y1, x2, y2, stroke: line, ...more });
    const ticks = strengths.filter((_, k) => k % (width < 420 ? 5 : 2) === 0);
    return sheet(width, height, h("title", {}, fill(text.curve_title, { what: text[name] })), h("desc", {}, clean(own.tellFlips(curve, marks, text))),
      [0, 0.5, 1].map((p) => h("g", {}, rule(pad.left, y(p), width - pad.right, y(p)), word(pad.left - 6, y(p) + 4, `${100 * p}%`, { "text-anchor": "end" }))),
      word(0, pad.top - 10, text.axis_y, { "font-size": 11.5 }),
      ticks.map((s) => word(x(s), height - pad.bottom + 16, unit(name, s, text), { "text-anchor": "middle" })),
      word(width - pad.right, height - 3, slider === undefined ? text[name] : fill(text.axis_x, { what: text[name] }), { "text-anchor": "end", "font-size": 11.5 }),
      marks.flips.map(({ strength, other }) => {
        const left = x(strength) > width * 0.62;
        return h("g.flip-mark", {}, rule(x(strength), pad.top, x(strength), height - pad.bottom, { stroke: ink, "stroke-dasharray": "4 3" }),
          word(x(strength) + (left ? -4 : 4), 12, fill(text.flip_mark, { other: short(labels[other], 16) }), { fill: ink, "text-anchor": left ? "end" : "start" }));
      }),
      shown.map((i, k) => {
        const points = strengths.map((s, n) => [x(s).toFixed(1), y(probabilities[n][i]).toFixed(1)]);
        return h("g", {}, h("path", { d: "M" + points.map((p) => p.join(" ")).join("L"), fill: "none", stroke: colour(k), "stroke-width": k ? 2 : 3, "stroke-linejoin": "round" }),
          points.map(([cx, cy]) => h("circle", { cx, cy, r: k ? 2.2 : 3, fill: colour(k) })));
      }).reverse(),
      slider === undefined ? null : h("g.slider-mark", {}, rule(x(slider), pad.top - 8, x(slider), height - pad.bottom, { stroke: ink, "stroke-width": 2 }),
        h("circle", { cx: x(slider), cy: pad.top - 10, r: 6, fill: ink }),
        shown.map((i, k) => h("circle", { cx: x(slider), cy: y(now[i]), r: 4.5, fill: "var(--e-paper)", stroke: colour(k), "stroke-width": 2.5 })).reverse()));
  };

  // The curve on its own: {name, svg, rows, record} for the save buttons.
  own.curveFigure = (curve, marks, text) => {
    const { run, name, strengths, probabilities, labels } = curve;
    const shown = own.curveLines(curve, 5), width = 720, height = 330, pad = { left: 48, right: 24, top: 34, bottom: 44 };
    const plot = own.curveSvg(curve, marks, { width, height, pad, shown, colour: printed, text, ink: "#1d1d1f", soft: "#60646c", line: "#dfe3ea" });
    const word = (x, y, s, more = {}) => h("text", { x, y, "font-size": 13, fill: "#1d1d1f", ...more }, clean(s));
    plot.setAttribute("y", 36);
    const svg = sheet(width, height + 110, h("rect", { width, height: height + 110, fill: "#fff" }),
      word(16, 26, `${run.name} · ${fill(text.curve_title, { what: text[name] })}`, { "font-weight": 600, "font-size": 15 }), plot,
      shown.map((i, k) => h("g", {}, h("rect", { x: 48 + (k % 3) * 220, y: height + 44 + 20 * Math.floor(k / 3), width: 12, height: 12, fill: printed(k) }),
        word(66 + (k % 3) * 220, height + 55 + 20 * Math.floor(k / 3), short(labels[i], 24)))),
      word(16, height + 100, run.footer, { "font-size": 11, fill: "#60646c" }));
    const rows = strengths.flatMap((strength, k) => labels.map((label, i) => ({ strength, label, probability: probabilities[k][i] })));
    return { name: "epochs-clip-curve", rows, svg: new XMLSerializer().serializeToString(svg),
      record: { checkpoint: run.checkpoint, templates: run.templates, ...run.provenance, corruption: name, flips: marks.flips.map(({ strength, other }) => ({ strength, label: labels[other] })), rows } };
  };

  // The stage: both pictures, and the ranking before and after.
  own.figure = ({ demo, run, after, values, what, canvas, sheet: untouched, text }) => {
    const first = own.order(run), ranking = own.order(after);
    const rows = ranking.map((i, place) => ({ label: run.labels[i], before: run.probabilities[i], after: after.probabilities[i],
      cosine_before: run.cosines[i], cosine_after: after.cosines[i], rank_before: first.indexOf(i) + 1, rank_after: place + 1 }));
    const drawn = rows.slice(0, 12), left = 210, width = 720, top = 84, height = Math.max(420, top + 30 * drawn.length + 30);
    const word = (x, y, s, more = {}) => h("text", { x, y, "font-size": 14, fill: "#1d1d1f", ...more }, clean(s));
    const picture = (node, y, caption) => {
      const image = document.createElementNS("http://www.w3.org/2000/svg", "image");
      for (const [key, value] of Object.entries({ href: node.toDataURL("image/png"), x: 16, y, width: 160, height: 140 })) image.setAttribute(key, value);
      return h("g", {}, image, word(16, y + 156, caption, { "font-size": 12, fill: "#60646c" }));
    };
    const svg = sheet(width, height, h("title", {}, text.figure_title), h("desc", {}, drawn.map((r) => `${clean(r.label)} ${percent(r.before)} → ${percent(r.after)}`).join("; ")),
      h("rect", { width, height, fill: "#fff" }), word(16, 28, `${run.name} · ${text["axis_" + run.scoring]}`, { "font-weight": 600 }),
      word(16, 52, short(what || text.untouched, 90), { "font-size": 13 }), picture(untouched, 72, text.before), picture(canvas, 244, text.after),
      word(width - 90, 76, text.after, { "font-size": 12, fill: "#60646c", "text-anchor": "end" }), word(width - 16, 76, text.before, { "font-size": 12, fill: "#60646c", "text-anchor": "end" }),
      drawn.map((r, k) => {
        const y = top + 30 * k;
        return h("g", {}, word(left + 120, y + 17, short(r.label, 16), { "text-anchor": "end" }),
          h("rect", { x: left + 130, y: y + 4, width: 220, height: 18, rx: 4, fill: "#eef0f4" }),
          h("rect", { x: left + 130, y: y + 4, width: Math.max(1, 220 * r.after), height: 18, rx: 4, fill: k ? "#8aa4d6" : "#3056b8" }),
          h("line", { x1: left + 130 + 220 * r.before, x2: left + 130 + 220 * r.before, y1: y + 1, y2: y + 25, stroke: "#1d1d1f", "stroke-width": 2 }),
          word(width - 90, y + 17, percent(r.after), { "text-anchor": "end" }), word(width - 16, y + 17, percent(r.before), { "text-anchor": "end", fill: "#60646c" }));
      }), word(16, height - 10, run.footer, { "font-size": 11, fill: "#60646c" }));
    return { name: "epochs-clip-spoilt", rows, svg: new XMLSerializer().serializeToString(svg),
      record: { demo, checkpoint: run.checkpoint, templates: run.templates, ...run.provenance, scoring: run.scoring, settings: { ...values }, rows } };
  };
})();
