// The bill of all pairs: every student's cost against the quality it kept, both as shares of its own teacher's.
"use strict";
epochs.pairs = (() => {
  const { h } = epochs;
  const SHAPES = [["circle", 1], ["square", 3], ["diamond", 7], ["triangle", 6]];       // of the pairs in order, and the series of their colours
  const times = {};                              // demo -> {teacher, student, how}: milliseconds of a pass, measured on this page
  const listeners = new Set();

  // What a tab measured on this machine: of a pass of either network, and in words how.
  function measured(demo, { teacher, student }, how) {
    if (!(teacher > 0 && student > 0)) return;
    times[demo] = { teacher, student, how };
    listeners.forEach((listener) => listener());
  }
  // A mark's cost as a share of its teacher's; milliseconds from this machine where they were measured here.
  function shareOf(pair, mark, price) {
    const now = price === "milliseconds" && times[pair.demo];
    return now && mark.network ? mark.passes * now[mark.network] / (pair.passes * now.teacher) : mark.shares[price];
  }
  const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 2 : 1)}%`;

  function shape(name, x, y, r, more) {
    const path = { square: `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`, diamond: `M${x} ${y - 1.35 * r}l${1.35 * r} ${1.35 * r}l${-1.35 * r} ${1.35 * r}l${-1.35 * r} ${-1.35 * r}Z`,
      triangle: `M${x} ${y - 1.25 * r}l${1.25 * r} ${2.2 * r}h${-2.5 * r}Z` }[name];
    return path ? h("path", { d: path, ...more }) : h("circle", { cx: x, cy: y, r, ...more });
  }
  const look = (pair, place, mark, colour) => ({ name: SHAPES[place % SHAPES.length][0], paint: mark.own ? { fill: colour } : { fill: "none", stroke: colour, "stroke-width": 2.2 } });
  const colourOf = (place) => { const n = SHAPES[place % SHAPES.length][1]; return getComputedStyle(document.documentElement).getPropertyValue(`--epochs-series-${n}`).trim() || "#5368e9"; };
  return { measured, shareOf, percent, shape, look, colourOf, times, listen: (listener) => listeners.add(listener) };
})();

epochs.register("all_pairs", ({ root, config, text }) => {
  const { h, fill } = epochs;
  const own = epochs.pairs;
  const { demo, pairs, prices, absent } = config;
  let price = prices[0], near = false;

  const everything = () => pairs.flatMap((pair, place) => pair.marks.map((mark) => ({ pair, place, mark, share: own.shareOf(pair, mark, price) })));
  const words = (axis) => fill(axis, { price: text[price] });
  const who = ({ pair, mark }) => fill(text.whose, { name: pair.name, who: mark.name });

  // 1, 2 and 5 of every power of ten between two shares.
  const ticks = (low, high) => Array.from({ length: 7 }, (_, i) => 10 ** (i - 5)).flatMap((power) => [1, 2, 5].map((front) => front * power)).filter((v) => v >= low && v <= high);

  function drawing([W, H]) {
    const [LEFT, RIGHT, TOP, BOTTOM] = [52, 18, 30, 46];
    const all = everything(), students = all.filter(({ mark }) => mark.own);
    const low = Math.min(0.5, ...all.map(({ share }) => share)) / 1.4, high = Math.max(1, ...all.map(({ share }) => share)) * 1.35;
    const bottom = near ? Math.max(0, Math.floor(20 * Math.min(1, ...students.map(({ mark }) => mark.kept)) - 1) / 20) : 0;
    const top = Math.max(1, ...all.map(({ mark }) => mark.kept)) + (1 - bottom) * 0.06;
    const x = (v) => LEFT + (W - LEFT - RIGHT) * Math.log(v / low) / Math.log(high / low), y = (v) => H - BOTTOM - (H - TOP - BOTTOM) * (v - bottom) / (top - bottom);
    const label = (px, py, said, more = {}) => h("text", { x: px, y: py, "font-size": 12.5, fill: "currentColor", ...more }, said);
    const step = [0.01, 0.02, 0.05, 0.1, 0.25].find((one) => (top - bottom) / one <= 6) ?? 0.5;
    const levels = Array.from({ length: Math.floor((top - bottom) / step + 1e-6) + 1 }, (_, i) => bottom + i * step);
    const faint = { stroke: "currentColor", opacity: 0.16 }, dashed = { stroke: "currentColor", opacity: 0.7, "stroke-dasharray": "5 4" };
    const marks = ticks(low, high), few = marks.length > W / 62 ? marks.filter((v) => /^[1]/.test(String(v).replace(/[0.]/g, ""))) : marks;
    const parts = [...levels.flatMap((v) => [h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), ...faint }), label(LEFT - 6, y(v) + 4, `${+(100 * v).toFixed(1)}%`, { "text-anchor": "end" })]),
      ...few.map((v) => label(x(v), H - BOTTOM + 17, `${+(100 * v).toPrecision(1)}%`, { "text-anchor": "middle" })),
      h("line", { x1: LEFT, x2: W - RIGHT, y1: y(1), y2: y(1), ...dashed }), h("line", { x1: x(1), x2: x(1), y1: TOP - 8, y2: H - BOTTOM, ...dashed }),
      label(x(1) - 6, H - BOTTOM - 8, text.teachers, { "text-anchor": "end", opacity: 0.8 }), label(0, 13, text.axis_kept), label(W - RIGHT, H - 6, words(text.axis_cost), { "text-anchor": "end" })];
    const seen = all.filter(({ mark }) => mark.kept >= bottom);
    // A control is a ring that goes round a student of the same place; the students' names stand beside them, apart from each other.
    const taken = [];
    for (const one of [...seen].sort((a, b) => b.mark.own - a.mark.own || b.mark.kept - a.mark.kept)) {
      const { name, paint } = own.look(one.pair, one.place, one.mark, own.colourOf(one.place)), [px, py] = [x(one.share), y(one.mark.kept)];
      parts.push(h("g", { "data-mark": `${one.pair.demo} ${one.mark.own ? "student" : "control"}` }, own.shape(name, px, py, one.mark.own ? 6 : 9, paint),
        h("title", {}, fill(text.said, { name: one.pair.name, who: one.mark.name, kept: own.percent(one.mark.kept), share: own.percent(one.share), price: text[price] }))));
      if (!one.mark.own) continue;
      const before = px > W - 110;
      let at = py + 4;
      while (taken.some(([tx, ty]) => Math.abs(tx - px) < 100 && Math.abs(ty - at) < 15)) at += 15;
      taken.push([px, at]);
      parts.push(label(px + (before ? -14 : 14), at, one.pair.name, { "text-anchor": before ? "end" : "start", "font-weight": 600 }));
    }
    return { parts, hidden: all.filter((one) => !seen.includes(one)) };
  }

  const sentences = () => everything().filter(({ mark }) => mark.own).map(({ pair, mark, share }) => fill(text.said, { name: pair.name, who: mark.name, kept: own.percent(mark.kept), share: own.percent(share), price: text[price] }));
  const key = ({ pair, place, mark }) => h("span.pairs-key", {}, h("svg", { width: 18, height: 18, viewBox: "0 0 18 18", "aria-hidden": true }, (() => { const { name, paint } = own.look(pair, place, mark, own.colourOf(place)); return own.shape(name, 9, 9, 5.5, paint); })()), mark.own ? h("b", {}, pair.name) : mark.name);

  const measureOf = (pair) => h("li", {}, h("b", {}, `${pair.name}: `), pair.quality, " ", epochs.badge(pair.badge, true));
  const table = () => epochs.sides.table(text.title, [text.pair, text.quality, text.kept, ...prices.map((name) => text[name])], pairs.flatMap((pair) => pair.marks.map((mark) =>
    [[h(mark.own ? "b" : "span", {}, who({ pair, mark }))], fill(text.of, { quality: mark.quality, best: pair.best }), own.percent(mark.kept), ...prices.map((name) => own.percent(own.shareOf(pair, mark, name)))])), true);

  const size = innerWidth < 640 ? [360, 330] : [640, 380];         // letters of one size on a phone too
  const switches = h("div.pairs-switches"), box = h("div"), below = h("p.stage-note"), figures = h("div"), now = h("div");
  const group = (title, names, chosen, choose) => h("div.pairs-group", { role: "group", "aria-label": title }, h("span", {}, title),
    h("div.segments", {}, names.map(([name, label]) => h("button.segment", { type: "button", "aria-pressed": chosen === name, onclick: () => { choose(name); draw(); } }, label))));

  function draw() {
    epochs.redraw(switches, group(text.cost, prices.map((name) => [name, text[name]]), price, (name) => { price = name; }),
      group(text.from, [[false, text.from_zero], [true, text.from_near]], near, (name) => { near = name; }));
    const { parts, hidden } = drawing(size);
    box.replaceChildren(h("svg.pairs-chart", { viewBox: `0 0 ${size[0]} ${size[1]}`, role: "img", "aria-label": `${text.title}. ${sentences().join(" ")}` }, parts), h("div.pairs-legend", {}, everything().map(key)));
    below.textContent = hidden.length ? fill(text.below, { names: hidden.map(who).join(text.comma) }) : "";
    figures.replaceChildren(table());
    const here = pairs.filter((pair) => own.times[pair.demo]);
    now.replaceChildren(...here.map((pair) => h("p.stage-note", {}, fill(text.now, { name: pair.name, how: own.times[pair.demo].how }))));
    root.dataset.price = price;
    root.dataset.now = here.map((pair) => pair.demo).join(" ");
  }

  function figure() {
    const { line, small, write } = epochs.sheet, [W, H] = [640, 380], said = sentences(), all = everything();
    const rows = all.map(({ pair, mark }) => ({ pair: pair.name, who: mark.name, control: !mark.own, quality: mark.quality, quality_of_teacher: pair.best, quality_kept: mark.kept,
      ...Object.fromEntries(prices.map((name) => [`${name}_share`, own.shareOf(pair, mark, name)])), milliseconds_measured_here: Boolean(own.times[pair.demo] && mark.network) }));
    return { name: "epochs-distilled-all-pairs", rows, record: { demo, price, pairs, measured_here: own.times },
      svg: write({ width: W + 20, height: H + 66 + 20 * all.length + 18 * pairs.length, title: text.title, desc: said.join(" ") }, line(10, 26, text.title, { "font-weight": 600, "font-size": 16 }), h("g", { transform: "translate(10 42)" }, drawing([W, H]).parts),
        all.map(({ pair, place, mark, share }, i) => { const { name, paint } = own.look(pair, place, mark, own.colourOf(place)); return h("g", {}, own.shape(name, 20, H + 56 + 20 * i, 5, paint), line(36, H + 60 + 20 * i, `${who({ pair, mark })}: ${own.percent(mark.kept)} / ${own.percent(share)}`)); }),
        pairs.map((pair, i) => small(10, H + 68 + 20 * all.length + 18 * i, `${pair.name}: ${pair.badge.detail}`))) };
  }

  root.append(h("section.stage.pairs", { "aria-label": text.title }, h("h2.section-title", {}, text.title), ...(pairs.length ? [h("p.section-note", {}, text.note), switches, box, below, h("p.pairs-scales", {}, text.scales),
    h("ul.pairs-measures", {}, pairs.map(measureOf)), h("p.stage-note", {}, text.milliseconds_kept), now, figures, h("div.take-row", {}, h("span.take-label", {}, text.download), ...epochs.saveButtons(figure, text))] : [h("p.stage-note", {}, text.none)]),
  absent ? h("p.stage-note", {}, absent) : null));
  if (!pairs.length) return;
  draw();
  own.listen(draw);
});
