// The digit that one student never saw: its answer with the bias of that digit raised, here and over a lot of digits.
"use strict";
epochs.register("digits_missing", ({ root, config, text }) => {
  const { h, fill, percent, state } = epochs;
  const own = epochs.digits;
  const { demo, missing: { digit, measured } } = config;
  const LOW = -2, HIGH = 12, STEP = 0.05, HEIGHT = 220, LEFT = 46, RIGHT = 16, TOP = 14, BOTTOM = 40;
  const PAGE = { seen: "var(--epochs-series-7)", all: "var(--epochs-series-1)", ink: "var(--e-ink)", soft: "var(--e-soft)", line: "var(--e-line)" };
  const ON_PAPER = { seen: "#ac5390", all: "#5368e9", ink: "#1d1d1f", soft: "#60646c", line: "#dfe3ea" };
  const low = Math.min(LOW, Math.floor(measured?.bias ?? 0)), high = Math.max(HIGH, Math.ceil(measured?.bias ?? 0));
  let bias = state.askedNumber(demo, "bias", low, high, 0);

  const range = h("input", { type: "range", id: `${demo}-bias`, min: low, max: high, step: STEP, value: bias, oninput: () => lift(+range.value) });
  const shown = h("output", { for: range.id });
  const set = (value, words) => h("button.small", { type: "button", onclick: () => lift(value) }, words);
  const buttons = [set(0, text.untouched), ...(measured ? [set(measured.bias, fill(text.as_measured, { bias: signed(measured.bias) }))] : [])];
  const verdict = h("p.digits-verdict", { role: "status" });
  const rows = Array.from({ length: 10 }, (_, i) => {
    const [before, after] = [h("span.bar-fill.digits-before"), h("span.bar-fill.digits-after")], shares = [h("span.digits-p"), h("span.digits-p")];
    const row = h("li.digits-row.digits-two" + (i === digit ? ".digits-unseen" : ""), {}, h("span.digits-name", {}, i), h("span.digits-bars", { "aria-hidden": true }, h("span.bar", {}, before), h("span.bar", {}, after)), shares);
    return { row, before, after, shares };
  });
  const take = h("button.small", { type: "button", onclick: () => own.pick({ digit, seed: 0, jitter: 1 }, true) }, fill(text.take_one, { digit }));
  const here = h("div", { hidden: true }, h("div.digits-ask", {}, verdict, take), h("p.digits-legend", { "aria-hidden": true }, h("span", {}, h("i.digits-before"), text.before), h("span", {}, h("i.digits-after"), text.after)), h("div.digits-row.digits-two.digits-head", { "aria-hidden": true }, h("span"), h("span"), h("span.digits-p", {}, text.short_before), h("span.digits-p", {}, text.short_after)), h("ol.digits-rows", {}, rows.map((one) => one.row)));
  const chart = h("div"), lotNote = h("p.stage-note");
  const many = h("div", { hidden: true }, h("h3", {}, fill(text.curve, { digit })), chart, lotNote, h("div.take-row", {}, h("span.take-label", {}, text.download), epochs.saveButtons(() => own.now.lot && figure(), text)));
  const empty = h("p.stage-note", {}, fill(text.empty, { digit }));
  const figures = h("p.digits-measured", {}, measured ? [measured.sentence, " ", epochs.badge(measured.badge, true)] : text.unmeasured);
  root.append(h("section.stage", { "aria-label": fill(text.title, { digit }) }, h("div.stage-tools.control-bias", {}, h("label", { for: range.id }, fill(text.bias, { digit })), range, shown, buttons), figures, empty,
    h("div.digits-halves", {}, here, many)));

  function signed(value) { return `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(2)}`; }
  function lift(value) {
    bias = value;
    range.value = value;
    state.set(demo, "bias", value || "");
    draw();
  }

  // Of the lot's digits: the share of the missing one that is named so, and of all that are named right.
  function sharesAt(at) {
    const { is_digit: isDigit, needed, else_right: elseRight } = own.now.lot.missing;
    let seen = 0, hit = 0, right = 0;
    needed.forEach((need, i) => {
      const named = at > need;
      if (isDigit[i]) { seen++; hit += named; right += named; } else right += !named && elseRight[i];
    });
    return { bias: at, digit: seen ? hit / seen : 0, all: right / needed.length, seen };
  }
  const curveRows = () => Array.from({ length: Math.round((high - low) / 0.25) + 1 }, (_, i) => sharesAt(low + 0.25 * i));

  function curve(width, colours) {
    const points = curveRows(), x = (at) => LEFT + (width - LEFT - RIGHT) * (at - low) / (high - low), y = (share) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share;
    const words = (at, over, said, more = {}) => h("text", { x: at, y: over, "font-size": 12.5, fill: colours.soft, ...more }, said);
    const path = (key, colour) => h("path", { d: points.map((p, i) => `${i ? "L" : "M"}${x(p.bias).toFixed(1)} ${y(p[key]).toFixed(1)}`).join(""), fill: "none", stroke: colour, "stroke-width": 3 });
    const now = sharesAt(bias);
    return h("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", class: "digits-curve", "aria-label": told(now) },
      [0, 0.25, 0.5, 0.75, 1].map((share) => h("g", {}, h("line", { x1: LEFT, x2: width - RIGHT, y1: y(share), y2: y(share), stroke: colours.line }), words(LEFT - 6, y(share) + 4, `${100 * share}%`, { "text-anchor": "end" }))),
      Array.from({ length: Math.floor((high - low) / 2) + 1 }, (_, i) => low + 2 * i).map((at) => words(x(at), HEIGHT - BOTTOM + 17, at, { "text-anchor": "middle" })), words(width - RIGHT, HEIGHT - 6, fill(text.bias, { digit }), { "text-anchor": "end" }),
      measured ? h("line", { x1: x(measured.bias), x2: x(measured.bias), y1: TOP, y2: HEIGHT - BOTTOM, stroke: colours.soft, "stroke-dasharray": "5 4" }) : "",
      path("all", colours.all), path("digit", colours.seen), h("line", { x1: x(bias), x2: x(bias), y1: TOP, y2: HEIGHT - BOTTOM, stroke: colours.ink }),
      h("circle", { cx: x(bias), cy: y(now.digit), r: 5, fill: colours.seen }), h("circle", { cx: x(bias), cy: y(now.all), r: 5, fill: colours.all }));
  }
  const told = (now) => fill(text.curve_told, { digit, bias: signed(now.bias), share: own.share(now.digit), all: own.share(now.all), n: now.seen });

  function draw() {
    shown.textContent = signed(bias);
    range.setAttribute("aria-valuetext", signed(bias));
    const { answer, lot } = own.now;
    empty.hidden = Boolean(answer || lot);
    here.hidden = !answer;
    many.hidden = !lot;
    if (answer) {
      const before = answer.logits.missing, after = own.withBias(before, digit, bias), [p, q] = [own.softmax(before), own.softmax(after)], [one, two] = [own.best(before), own.best(after)];
      rows.forEach((row, i) => {
        row.before.style.transform = `scaleX(${p[i]})`;
        row.after.style.transform = `scaleX(${q[i]})`;
        row.shares.forEach((share, k) => { share.textContent = own.column([p, q][k][i]); share.classList.toggle("best", [one, two][k] === i); });
        row.row.setAttribute("aria-label", fill(text.row, { digit: i, before: percent(p[i]), after: percent(q[i]) }));
      });
      take.hidden = answer.label === digit;
      verdict.textContent = fill(!bias ? text.says : one === two ? text.stays : text.changes, { before: one, p: percent(p[one]), after: two, q: percent(q[two]), bias: signed(bias) });
    }
    if (!lot) return;
    chart.replaceChildren(curve(Math.min(620, Math.max(300, many.clientWidth || 420)), PAGE), h("ul.digits-keys", {}, [["seen", text.of_digit], ["all", text.of_all]].map(([key, words]) => h("li", {}, h("i", { style: `background:${PAGE[key]}` }), fill(words, { digit })))));
    lotNote.textContent = told(sharesAt(bias));
    chart.dataset.drawn = `${lot.run} ${bias}`;
  }

  function figure() {
    const { line, small, write } = epochs.sheet, now = sharesAt(bias), name = fill(text.curve, { digit });
    const svg = write({ width: 680, height: HEIGHT + 90, title: name, desc: told(now) }, line(16, 26, name, { "font-weight": 600 }), h("g", { transform: "translate(16 36)" }, [...curve(640, ON_PAPER).childNodes]),
      [["seen", text.of_digit], ["all", text.of_all]].map(([key, words], i) => h("g", {}, h("rect", { x: 16 + 300 * i, y: HEIGHT + 48, width: 11, height: 11, fill: ON_PAPER[key] }), small(33 + 300 * i, HEIGHT + 58, fill(words, { digit })))), small(16, HEIGHT + 80, told(now)));
    return { name: "epochs-missing-digit", rows: curveRows().map(({ bias: at, digit: share, all }) => ({ bias: at, recognised: share, all_right: all })), svg, record: { demo, digit, bias, measured, lot: own.now.lot.seed, count: own.now.lot.count, rows: curveRows() } };
  }
  own.listen((name) => { if (name !== "race") draw(); });
  own.onWidth(root, draw);
  draw();
});
