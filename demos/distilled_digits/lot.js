// Digits of our own, those first on which teacher and student lie farthest apart; a click asks about one.
"use strict";
epochs.register("digits_lot", ({ root, config, props, trigger, watch, text }) => {
  const { h, fill, state, redraw } = epochs;
  const own = epochs.digits;
  const { demo, counts, most_lot: mostLot, side, columns } = config;
  const SHOWN = 56;                              // px of a digit
  let lot = null, ticket = 0, flying = false, again = false, sheet = null;

  const asked = (key, low, high, otherwise) => state.askedNumber(demo, key, low, high, otherwise);
  const wanted = asked("count", 1, counts.at(-1), counts[1]);
  const count = h("select.digits-choice", { id: `${demo}-count`, onchange: ask }, counts.map((n) => h("option", { value: n }, n)));
  count.value = counts.includes(wanted) ? wanted : counts[1];
  const seed = h("input.digits-number", { type: "number", id: `${demo}-lot-seed`, min: 0, max: mostLot, step: 1, inputmode: "numeric", value: Math.trunc(asked("lot", 0, mostLot, 0)), onchange: ask });
  const jitter = h("input", { type: "range", id: `${demo}-lot-jitter`, min: 0, max: 1, step: 0.05, value: asked("lot_jitter", 0, 1, 1), onchange: ask });
  const button = h("button.small", { type: "button", onclick: ask }, text.run);
  const problem = h("p.input-error", { role: "alert", hidden: true });
  const said = h("p.digits-verdict"), badge = h("span");
  const list = h("ol.digits-lot", { "aria-label": text.ranked });
  const save = h("div.take-row", {}, badge, h("span.take-label", {}, text.download), epochs.saveButtons(() => lot && figure(), text));
  const empty = h("p.stage-note", {}, text.empty), live = h("div", { hidden: true }, said, h("p.stage-note", {}, text.take), list, save);
  root.append(h("section.stage", { "aria-label": text.title }, h("div.stage-tools", {}, h("label", { for: count.id }, text.count), count, h("label", { for: seed.id }, text.seed), seed,
    h("label", { for: jitter.id }, text.jitter), jitter, button), problem, empty, live));
  jitter.setAttribute("aria-valuetext", `${Math.round(100 * jitter.value)}%`);

  function ask() {
    problem.hidden = seed.value !== "" && seed.checkValidity();
    problem.textContent = problem.hidden ? "" : fill(text.lot_range, { high: mostLot });
    if (!problem.hidden) return;
    jitter.setAttribute("aria-valuetext", `${Math.round(100 * jitter.value)}%`);
    for (const [key, input] of [["count", count], ["lot", seed], ["lot_jitter", jitter]]) state.set(demo, key, +input.value);
    if (flying) { again = true; return; }
    flying = true;
    props.value = { ticket: ++ticket, count: +count.value, seed: +seed.value, jitter: +jitter.value };
    trigger("input");
  }
  own.landings.lot = () => {
    flying = false;
    if (again) { again = false; ask(); }
  };
  // The first answer brings these along: they cost a moment, and the missing digit below needs them.
  own.listen((name) => { if (name === "answer" && !lot && !flying) ask(); });

  const who = (item) => fill(text.item, { teacher: item.teacher, student: item.distilled });
  async function adopt() {
    const value = epochs.read(props);
    if (!value.items || value.run === lot?.run) return;
    const picture = await own.open(value.picture);
    [lot, sheet] = [value, picture];
    [live.hidden, empty.hidden] = [false, true];
    said.textContent = lot.sentence;
    badge.replaceChildren(epochs.badge(lot.badge));
    redraw(list, ...lot.items.map((item, i) => {
      const canvas = h("canvas", { width: SHOWN, height: SHOWN, "aria-hidden": true });
      own.tile(canvas.getContext("2d"), sheet, i, columns, side, 0, 0, SHOWN);
      return h("li", {}, h("button.digits-item" + (item.teacher === item.distilled ? "" : ".apart"), { type: "button", title: text.take,
        "aria-label": fill(text.item_told, { rank: i + 1, digit: item.digit, teacher: item.teacher, student: item.distilled, kl: own.three(item.kl) }),
        onclick: () => { own.pick({ ...item, jitter: lot.jitter }); document.getElementById(demo)?.scrollIntoView({ block: "start" }); } },
      canvas, h("span", {}, who(item)), h("span.digits-kl", {}, own.three(item.kl))));
    }));
    live.dataset.run = lot.run;
    own.tell("lot", lot);
  }

  function figure() {
    const { line, small, write } = epochs.sheet, across = 8, rows = lot.items.map((item, i) => ({ rank: i + 1, digit: item.digit, seed: item.seed, jitter: lot.jitter, teacher: item.teacher, distilled: item.distilled, hard: item.hard, kl: item.kl }));
    const tiles = lot.items.map((item, i) => {
      const canvas = h("canvas", { width: side, height: side });
      own.tile(canvas.getContext("2d"), sheet, i, columns, side, 0, 0, side);
      const [x, y] = [16 + 87 * (i % across), 50 + 110 * Math.floor(i / across)];
      return h("g", {}, h("image", { x, y, width: 64, height: 64, href: canvas.toDataURL("image/png") }), small(x, y + 78, who(item)), small(x, y + 93, `KL ${own.three(item.kl)}`));
    });
    const svg = write({ width: 720, height: 70 + 110 * Math.ceil(lot.items.length / across), title: text.title, desc: lot.sentence }, line(16, 28, `${text.title} \u00b7 ${text.seed} ${lot.seed}`, { "font-weight": 600 }), tiles);
    return { name: "epochs-digit-disagreements", rows, svg, record: { demo, count: lot.count, seed: lot.seed, jitter: lot.jitter, right: lot.right, same: lot.same, rows } };
  }
  watch("value", adopt);
});
