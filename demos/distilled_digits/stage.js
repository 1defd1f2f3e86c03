// The stage: one picture, all answers to it, softened together by the temperature without asking the server again.
"use strict";
epochs.register("digits_stage", ({ root, config, props, watch, text }) => {
  const { h, fill, percent, state, redraw } = epochs;
  const own = epochs.digits;
  const { demo, names, lowest, highest, taught } = config;
  let answer = null;
  let temperature = state.askedNumber(demo, "temperature", lowest, highest, 1);
  let against = "distilled";                     // whose divergence from the teacher is taken apart
  let meant = null;                              // what the visitor meant to draw, where they said so

  // -- the temperature ---------------------------------------------------------------------------------
  const STEPS = 200, toT = (x) => lowest * (highest / lowest) ** (x / STEPS), fromT = (t) => STEPS * Math.log(t / lowest) / Math.log(highest / lowest);
  const range = h("input", { type: "range", id: `${demo}-temperature`, min: 0, max: STEPS, step: 1, "aria-describedby": `${demo}-t-error`,
    oninput: () => heat(+toT(+range.value).toPrecision(2)) });
  const typed = h("input.digits-number", { type: "number", min: lowest, max: highest, step: "any", inputmode: "decimal", "aria-label": text.temperature,
    onchange: () => {
      const wanted = Number(typed.value || NaN);
      if (wanted >= lowest && wanted <= highest) { heat(wanted); return; }
      problem.textContent = fill(text.temperature_range, { low: lowest, high: highest });
      problem.hidden = false;
    } });
  const problem = h("p.input-error", { role: "alert", id: `${demo}-t-error`, hidden: true });
  const shortcuts = [[1, text.at_one], ...(taught && taught !== 1 ? [[taught, fill(text.at_taught, { temperature: taught })]] : [])]
    .map(([t, words]) => h("button.small", { type: "button", onclick: () => heat(t) }, words));
  function heat(value) {
    temperature = value;
    problem.hidden = true;
    state.set(demo, "temperature", value);
    draw();
  }

  // -- the rows: one axis for the teacher's soft target, the hard target and the students -----------------
  const select = h("select.digits-choice", { id: `${demo}-meant`, onchange: () => { meant = select.value === "" ? null : +select.value; draw(); } },
    h("option", { value: "" }, text.meant_unsaid), Array.from({ length: 10 }, (_, digit) => h("option", { value: digit }, digit)));
  const head = h("div.digits-row.digits-head", { "aria-hidden": true });
  const legend = h("p.digits-legend", { "aria-hidden": true }, own.SHOWN.map((name) => h("span", {}, h("i", { style: `background:${own.COLOURS[name]}` }), names[name])), h("span", {}, h("i.digits-diamond"), text.hard_target));
  const list = h("ol.digits-rows");
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const bars = own.SHOWN.map((name) => h("span.bar-fill", { style: `background:${own.COLOURS[name]}` }));
    const mark = h("span.digits-mark");
    const shares = own.SHOWN.map((name) => h(`span.digits-p.${name}`)), term = h("span.digits-term");
    const row = h("li.digits-row", {}, h("span.digits-name", {}, digit), h("span.digits-bars", { "aria-hidden": true }, bars.map((bar) => h("span.bar", {}, bar)), mark), shares, term);
    list.append(row);
    return { row, bars, mark, shares, term };
  });
  const totals = h("p.digits-totals"), similar = h("ol.digits-similar", { "aria-label": text.similar }), similarNote = h("p.stage-note");
  const hardNote = h("p.stage-note");
  const pair = h("div.segments.digits-against", { role: "group", "aria-label": text.against });
  const gradient = h("div.digits-gradient");
  const bill = h("div.digits-bill");
  const picture = h("img.digits-seen", { alt: "", width: 28, height: 28 });
  const verdict = h("p.digits-verdict");
  const part = (title, ...children) => h("section.digits-part", {}, h("h3", {}, title), children);
  const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
  const live = h("div.digits-live", { hidden: true },
    h("div.digits-top", {}, h("figure.digits-picture", {}, picture, h("figcaption", {}, text.seen)), verdict, h("div.digits-tools", {},
      h("div.stage-tools.control-temperature", {}, h("label", { for: range.id }, text.temperature), range, typed, shortcuts), problem,
      h("div.stage-tools.control-meant", {}, h("label", { for: select.id }, text.meant), select))),
    legend, head, list, hardNote, h("div.digits-under", {}, totals, pair), h("p.stage-note", {}, text.terms_note),
    part(text.similar, similar, similarNote), part(text.gradient, gradient), part(text.bill, bill));
  root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

  const target = () => meant ?? answer.label ?? own.best(answer.logits.teacher);
  function draw() {
    if (document.activeElement !== range) range.value = Math.round(fromT(temperature));
    if (document.activeElement !== typed) typed.value = +temperature.toPrecision(3);
    range.setAttribute("aria-valuetext", String(+temperature.toPrecision(3)));
    if (!answer) return;
    const { logits } = answer, shares = own.SHOWN.map((name) => own.softmax(logits[name], temperature));
    const parts = own.terms(logits.teacher, logits[against], temperature), right = target(), firsts = own.SHOWN.map((name) => own.best(logits[name]));
    rows.forEach(({ row, bars, mark, shares: shown, term }, digit) => {
      shares.forEach((p, i) => {
        bars[i].style.transform = `scaleX(${p[digit]})`;
        shown[i].textContent = own.column(p[digit]);
        shown[i].classList.toggle("best", firsts[i] === digit);
      });
      mark.style.insetInlineStart = digit === right ? "100%" : "0%";
      mark.classList.toggle("on", digit === right);
      term.textContent = own.sign(parts[digit]);
      row.setAttribute("aria-label", fill(text.row, { digit, teacher: percent(shares[0][digit]), student: percent(shares[1][digit]), control: percent(shares[2][digit]), term: term.textContent }));
    });
    head.replaceChildren(h("span"), h("span"), ...own.SHOWN.map((name) => h("span.digits-p", {}, text[`short_${name}`])), h("span.digits-term", {}, text.term));
    const known = meant !== null || answer.label !== null;
    hardNote.textContent = fill(known ? text.hard_known : text.hard_guessed, { digit: right });
    const kl = (name) => own.three(own.sum(own.terms(logits.teacher, logits[name], temperature)));
    totals.textContent = fill(text.totals, { temperature: +temperature.toPrecision(3), student: kl("distilled"), control: kl("hard") });
    redraw(pair, ...["distilled", "hard"].map((name) => h("button.segment", { type: "button", "aria-pressed": name === against, onclick: () => { against = name; draw(); } }, names[name])));
    drawSimilar(shares[0]);
    gradient.replaceChildren(own.gradientFigure(logits.teacher, logits[against], right, temperature, { text, lowest, highest, who: names[against], width: Math.min(680, Math.max(320, live.clientWidth || 600)) }),
      h("p.stage-note", {}, text.gradient_note));
    list.dataset.drawn = `${answer.run} ${+temperature.toPrecision(3)} ${against}`;
  }

  // What the teacher takes the picture for, its first answer left out.
  function drawSimilar(p) {
    const first = own.best(answer.logits.teacher), others = [...p.keys()].filter((digit) => digit !== first).sort((a, b) => p[b] - p[a] || a - b);
    similar.replaceChildren(...others.map((digit) => h("li", {}, h("b", {}, digit), h("span", {}, own.listed(p[digit])))));
    const [one, last] = [others[0], others.at(-1)], times = p[one] / p[last];
    similarNote.textContent = fill(text.similar_note, { first, one, last, times: Number.isFinite(times) ? own.three(times, 2) : "\u221e", temperature: +temperature.toPrecision(3) });
  }

  const drawBill = () => bill.replaceChildren(own.billTable(answer.bills, { names, text, race: own.now.race }));

  function adopt() {
    const value = epochs.read(props);
    if (!value.logits) { epochs.withdrawFigure(demo); return; }
    if (value.source === "strokes" || answer?.source !== value.source) meant = null;
    answer = value;
    [live.hidden, empty.hidden] = [false, true];
    picture.src = answer.picture;
    picture.alt = text.seen;
    verdict.textContent = answer.sentence;
    select.value = answer.label ?? meant ?? "";
    select.disabled = answer.label !== null;
    live.dataset.run = answer.run;
    draw();
    drawBill();
    own.tell("answer", answer);
    epochs.offerFigure(demo, () => own.answerFigure(answer, { demo, temperature, against, target: target(), known: meant !== null || answer.label !== null, names, text }));
    if (!own.stay) epochs.bringIntoView(root, demo);
  }
  own.listen((name) => { if (name === "race" && answer) drawBill(); });
  own.onWidth(root, draw);
  watch("value", adopt);
  draw();
  adopt();
});
