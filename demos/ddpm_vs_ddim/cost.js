// Quality against cost: the measured curves, and a dot for every run made on this page.
"use strict";
epochs.register("race_cost", ({ root, config, text }) => {
  const { h, fill } = epochs;
  const { demo, curves, names, real, unseen } = config;
  const ORDER = ["ddpm", "ddpm-large", "ddim", "dpm", "euler", "lcm"];
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [430, 270, 46, 12, 26, 46];
  const MOST_DOTS = 200;
  const dots = [];                               // {curve, nfe, cosine, column, prompt, model, run}
  const colour = (curve) => getComputedStyle(document.documentElement).getPropertyValue(`--epochs-series-${ORDER.indexOf(curve) + 1}`).trim() || "#4457d6";

  const costs = () => [...curves.flatMap((curve) => curve.nfe), ...dots.map((dot) => dot.nfe), 10, 100];
  // `ticks`: values on the vertical axis, the lowest first; `log`: whether that axis is one of powers.
  function scales(ticks, log = false) {
    const low = Math.log(Math.min(...costs())), high = Math.log(Math.max(...costs()));
    const bottom = ticks[0], top = ticks.at(-1), on = log ? Math.log : (value) => value;
    return { low, high, ticks, x: (nfe) => LEFT + (W - LEFT - RIGHT) * (Math.log(nfe) - low) / (high - low || 1),
      y: (value) => H - BOTTOM - (H - TOP - BOTTOM) * (on(Math.max(bottom, Math.min(top, value))) - on(bottom)) / (on(top) - on(bottom) || 1) };
  }
  const fifths = (bottom, top) => [0, 1, 2, 3, 4].map((i) => bottom + i * (top - bottom) / 4);

  const label = (x, y, words, more = {}) => h("text", { x, y, "font-size": 12, fill: "currentColor", opacity: 0.7, ...more }, words);
  function frame({ low, high, ticks, x, y }, yName, digits) {
    const marks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000].filter((nfe) => Math.log(nfe) >= low - 1e-9 && Math.log(nfe) <= high + 1e-9);
    // Powers of ten first, then what fits between them.
    const room = 38, some = [];
    for (const nfe of [...marks].sort((a, b) => /^10*$/.test(b) - /^10*$/.test(a) || a - b))
      if (some.every((other) => Math.abs(x(other) - x(nfe)) >= room)) some.push(nfe);
    return [...ticks.flatMap((value) => [
      h("line", { x1: LEFT, x2: W - RIGHT, y1: y(value), y2: y(value), stroke: "currentColor", opacity: 0.16 }),
      label(LEFT - 6, y(value) + 4, value.toFixed(digits), { "text-anchor": "end" })]),
    ...some.map((nfe) => label(x(nfe), H - BOTTOM + 17, nfe.toLocaleString("en"), { "text-anchor": "middle" })),
    label(0, 13, yName), label(W - RIGHT, H - 8, text.nfe, { "text-anchor": "end" })];
  }
  const along = (xs, ys, to) => xs.map((nfe, i) => (ys[i] === null ? null : `${to.x(nfe).toFixed(1)},${to.y(ys[i]).toFixed(1)}`)).filter(Boolean);

  function svg(name, alt, parts) {
    return h("svg", { viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: "img", xmlns: "http://www.w3.org/2000/svg", "aria-label": `${name} ${alt}`,
      "font-family": "system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif", style: "color:inherit" }, h("title", {}, name), h("desc", {}, alt), parts);
  }

  // How far the judge's features lie from those of real drawings: it also sees blur, which top-1 forgives.
  function likeness() {
    const to = scales([1, 10, 100, 1000], true);
    const parts = frame(to, text.kid, 0);
    if (unseen !== null) parts.push(h("line", { x1: LEFT, x2: W - RIGHT, y1: to.y(unseen), y2: to.y(unseen), stroke: "currentColor", "stroke-dasharray": "4 3", opacity: 0.7 }), label(LEFT + 4, H - BOTTOM - 8, `- - ${text.unseen}`));
    for (const curve of curves) {
      parts.push(h("path", { d: `M${along(curve.nfe, curve.kid, to).join("L")}`, fill: "none", stroke: colour(curve.curve), "stroke-width": 2.5 }));
      parts.push(...curve.nfe.map((nfe, i) => h("circle", { cx: to.x(nfe), cy: to.y(curve.kid[i]), r: 3.5, fill: colour(curve.curve) },
        h("title", {}, fill(text.kid_point, { name: names[curve.curve], nfe: nfe.toLocaleString("en"), kid: curve.kid[i], n: curve.n[i] })))));
    }
    const alt = curves.map((curve) => fill(text.kid_line, { name: names[curve.curve], first: curve.kid[0], first_nfe: curve.nfe[0], last: curve.kid.at(-1), last_nfe: curve.nfe.at(-1) })).join("; ");
    return svg(text.kid_title, alt, parts);
  }

  function measured() {
    const to = scales(fifths(0, 100));
    const parts = frame(to, text.top1, 0);
    if (real !== null) parts.push(h("line", { x1: LEFT, x2: W - RIGHT, y1: to.y(real), y2: to.y(real), stroke: "currentColor", "stroke-dasharray": "4 3", opacity: 0.7 }), label(W - RIGHT, to.y(real) - 5, text.real, { "text-anchor": "end" }));
    for (const curve of curves) {
      const band = [...along(curve.nfe, curve.low, to), ...along(curve.nfe, curve.high, to).reverse()];
      parts.push(h("path", { d: `M${band.join("L")}Z`, fill: colour(curve.curve), opacity: 0.15 }), h("path", { d: `M${along(curve.nfe, curve.top1, to).join("L")}`, fill: "none", stroke: colour(curve.curve), "stroke-width": 2.5 }));
      parts.push(...curve.nfe.map((nfe, i) => h("circle", { cx: to.x(nfe), cy: to.y(curve.top1[i]), r: 3.5, fill: colour(curve.curve) },
        h("title", {}, fill(text.point, { name: names[curve.curve], nfe: nfe.toLocaleString("en"), top1: curve.top1[i], low: curve.low[i], high: curve.high[i], n: curve.n[i] })))));
    }
    const alt = curves.map((curve) => fill(text.line, { name: names[curve.curve], first: curve.top1[0], first_nfe: curve.nfe[0], last: curve.top1.at(-1), last_nfe: curve.nfe.at(-1) })).join("; ");
    return svg(text.measured_title, alt, parts);
  }

  function own() {
    const found = [...dots.map((dot) => dot.cosine), ...curves.flatMap((curve) => curve.clip).filter((value) => value !== null)];
    const low = Math.floor(10 * Math.min(0, ...found)) / 10, high = Math.ceil(10 * Math.max(0.4, ...found)) / 10;
    const to = scales(fifths(low, high));
    const parts = frame(to, text.cosine, 2);
    for (const curve of curves) {
      const points = along(curve.nfe, curve.clip, to);
      if (points.length) parts.push(h("path", { d: `M${points.join("L")}`, fill: "none", stroke: colour(curve.curve), "stroke-width": 2, opacity: 0.55 }));
    }
    const last = dots.at(-1)?.run;
    // Of a pair on one spot, A stands a little to the left and B to the right.
    const aside = (dot) => (dots.some((other) => other !== dot && other.run === dot.run && other.nfe === dot.nfe && Math.abs(to.y(other.cosine) - to.y(dot.cosine)) < 16) ? { A: -7, B: 7 }[dot.column] : 0);
    parts.push(...dots.map((dot) => h("g", { transform: `translate(${aside(dot)} 0)` },
      h("circle", { cx: to.x(dot.nfe), cy: to.y(dot.cosine), r: dot.run === last ? 8 : 4.5, fill: colour(dot.curve), stroke: colour(dot.curve), "stroke-width": 2, opacity: dot.run === last ? 1 : 0.6 },
        h("title", {}, fill(text.dot, { column: dot.column, name: names[dot.curve], nfe: dot.nfe, cosine: dot.cosine.toFixed(3), prompt: epochs.sheet.short(dot.prompt, 60) }))),
      dot.run === last ? label(to.x(dot.nfe), to.y(dot.cosine) + 4, dot.column, { "text-anchor": "middle", fill: "#fff", opacity: 1, "font-weight": 700, "font-size": 10 }) : null)));
    if (!dots.length) parts.push(label((LEFT + W - RIGHT) / 2, H / 2 - 10, text.no_dots, { "text-anchor": "middle" }));
    return svg(text.own_title, fill(text.own_alt, { n: dots.length }), parts);
  }

  function legend() {
    const here = ORDER.filter((curve) => curves.some((one) => one.curve === curve) || dots.some((dot) => dot.curve === curve));
    return h("div.race-legend", {}, here.map((curve) => h("span", {}, h("i", { style: `background:${colour(curve)}` }), names[curve])));
  }

  function figure() {
    const charts = [...(curves.length ? [measured(), likeness()] : []), own()];
    const svg = epochs.sheet.write({ width: charts.length * W, height: H, title: text.title, desc: charts.map((chart) => chart.getAttribute("aria-label")).join(" ") },
      charts.map((chart, place) => h("g", { transform: `translate(${place * W} 0)` }, [...chart.childNodes])));
    const rows = [...curves.flatMap((curve) => curve.nfe.map((nfe, i) => ({ kind: "measured", sampler: curve.curve, evaluations: nfe, top1: curve.top1[i], low: curve.low[i], high: curve.high[i], kernel_distance: curve.kid[i], n: curve.n[i], cosine: curve.clip[i] }))),
      ...dots.map((dot) => ({ kind: "run", sampler: dot.curve, evaluations: dot.nfe, top1: "", low: "", high: "", kernel_distance: "", n: 1, cosine: dot.cosine }))];
    return { name: "epochs-quality-against-cost", svg, rows, record: { measured: config.measured, curves, dots } };
  }

  const box = h("div.race-cost-charts", {}), keys = h("div", {});
  function draw() {
    box.replaceChildren(h("figure.race-chart", {}, h("figcaption", {}, text.measured_title, epochs.badge(config.measured, true)),
      curves.length ? measured() : h("p.race-unmeasured", {}, text.unmeasured)),
    ...(curves.length ? [h("figure.race-chart", {}, h("figcaption", {}, text.kid_title, epochs.badge(config.measured, true)), likeness())] : []),
    h("figure.race-chart", {}, h("figcaption", {}, text.own_title), own()));
    keys.replaceChildren(legend());
  }
  root.append(h("section.race-cost", { "aria-label": text.title }, h("h2.section-title", {}, text.title), h("p.section-note", {}, text.note), box, keys,
    h("div.take-row", {}, epochs.saveButtons(figure, text))));
  draw();
  new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });   // dark or light

  epochs.race.onRun.push((result) => {
    (result.cosines || []).forEach((cosine, place) => {
      const last = result.kept[place].at(-1);
      if (cosine === null || result.continued || !last?.picture) return;
      dots.push({ curve: result.curves[place], nfe: last.nfe, cosine, column: "AB"[place], prompt: result.settings.prompt, model: result.settings.model, run: result.run });
    });
    dots.splice(0, Math.max(0, dots.length - MOST_DOTS));
    draw();
  });
});
