// To take along: the picture with all answers at the chosen temperature, and the gradients below.
"use strict";
epochs.digits.answerFigure = (answer, { demo, temperature, against, target, known, names, text }) => {
  const { h, fill, percent } = epochs;
  const own = epochs.digits, { PAPER, SHOWN } = own, { line, small, write } = epochs.sheet;
  const shares = SHOWN.map((name) => own.softmax(answer.logits[name], temperature)), parts = own.terms(answer.logits.teacher, answer.logits[against], temperature);
  const rows = Array.from({ length: 10 }, (_, digit) => ({ digit, ...Object.fromEntries(SHOWN.flatMap((name, i) => [[`${name}_logit`, answer.logits[name][digit]], [`${name}_probability`, shares[i][digit]]])),
    hard_target: +(digit === target), kl_term: parts[digit] }));
  const W = 720, ROW = 34, top = 150, left = 150, wide = 300, shown = +temperature.toPrecision(3);
  const bars = rows.map((row, k) => {
    const y = top + k * ROW;
    return h("g", {}, line(left - 14, y + 17, row.digit, { "text-anchor": "end", "font-weight": 600 }),
      SHOWN.map((name, i) => [h("rect", { x: left, y: y + i * 8, width: wide, height: 7, fill: "#eef0f4" }), h("rect", { x: left, y: y + i * 8, width: Math.max(0.5, wide * shares[i][row.digit]), height: 7, fill: PAPER[name] })]).flat(),
      row.hard_target ? h("path", { d: `M${left + wide} ${y + 4}l7 7l-7 7l-7-7Z`, fill: "none", stroke: PAPER.ink, "stroke-width": 2 }) : [],
      SHOWN.map((name, i) => line(left + wide + 72 + 62 * i, y + 17, own.column(shares[i][row.digit]), { "text-anchor": "end", fill: PAPER[name] })),
      line(W - 14, y + 17, own.sign(row.kl_term), { "text-anchor": "end" }));
  });
  const end = top + 10 * ROW;
  const curve = own.gradientFigure(answer.logits.teacher, answer.logits[against], target, temperature, { text, lowest: 0.5, highest: 20, who: names[against], width: 680, colours: own.GRADIENT_PAPER });
  const chart = curve.querySelector("svg"), keys = [...curve.querySelectorAll("li")];
  const sentences = keys.map((item) => item.textContent);
  const svg = write({ width: W, height: end + 420, title: text.figure_title, desc: `${answer.sentence} ${rows.map((row) => `${row.digit}: ${SHOWN.map((name) => percent(row[`${name}_probability`])).join(", ")}`).join("; ")}` },
    h("image", { x: 16, y: 16, width: 84, height: 84, href: answer.picture }),
    line(116, 34, `${text.figure_title} \u00b7 T = ${shown}`, { "font-weight": 600, "font-size": 15 }), wrap(answer.sentence, 82).map((words, i) => line(116, 58 + 19 * i, words)),
    SHOWN.map((name, i) => h("g", {}, h("rect", { x: left + 175 * i, y: 122, width: 11, height: 11, fill: PAPER[name] }), small(left + 16 + 175 * i, 132, names[name]))), small(W - 62, 145, text.term),
    bars, small(16, end + 18, `${known ? "" : text.hard_is_guess} ${fill(text.totals, { temperature: shown, student: own.three(own.sum(own.terms(answer.logits.teacher, answer.logits.distilled, temperature))), control: own.three(own.sum(own.terms(answer.logits.teacher, answer.logits.hard, temperature))) })}`),
    h("g", { transform: `translate(16 ${end + 44})` }, line(0, 0, text.gradient, { "font-weight": 600 }), h("g", { transform: "translate(0 8)" }, [...chart.childNodes])),
    sentences.map((words, i) => small(16, end + 330 + 18 * i, `${["\u2014", "\u2014", "\u00b7\u00b7\u00b7", "- -"][i]} ${words}`)));
  const { logits, bills, label, source, digit, seed, jitter, provenance } = answer;
  return { name: "epochs-distilled-digits", rows, svg, record: { demo, source, digit, seed, jitter, label, hard_target: target, hard_target_known: known, temperature, kl_of: against, ...provenance, logits, bills, rows } };

  // Chinese breaks anywhere, English between words; a full-width letter takes two places.
  function wrap(words, most) {
    const found = [""];
    let room = most;
    for (const piece of words.match(/[\u0020-\u024f]+?(?:\s|$|(?=[^\u0020-\u024f]))|[^\u0020-\u024f]/g) || []) {
      const size = [...piece].reduce((sum, letter) => sum + (letter > "\u2e80" ? 2 : 1), 0);
      if (size > room) { found.push(""); room = most; }
      found[found.length - 1] += piece;
      room -= size;
    }
    return found.slice(0, 4);
  }
};
