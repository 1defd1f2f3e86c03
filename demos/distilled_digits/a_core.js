// What the digits' scripts share: the latest answers, and the arithmetic of softened logits.
"use strict";
epochs.digits = (() => {
  const SHOWN = ["teacher", "distilled", "hard"];
  const COLOURS = { teacher: "var(--sides-teacher)", distilled: "var(--sides-student)", hard: "var(--sides-control)", missing: "var(--epochs-series-7)" };
  const { colours } = epochs.sides;              // for drawings that stand alone
  const PAPER = { get teacher() { return colours.teacher(); }, get distilled() { return colours.student(); }, get hard() { return colours.control(); }, missing: "#ac5390", ink: "#1d1d1f", soft: "#60646c", line: "#dfe3ea" };
  const listeners = new Set();
  const now = { answer: null, lot: null, race: null };         // the newest of each
  const listen = (listener) => { listeners.add(listener); };
  const tell = (name, value) => { now[name] = value; listeners.forEach((listener) => listener(name)); };

  // Natural logarithms of the probabilities at a temperature (Hinton et al. 2015, equation 1).
  function logSoftmax(logits, temperature = 1) {
    const top = Math.max(...logits);
    const scaled = logits.map((z) => (z - top) / temperature);
    const norm = Math.log(scaled.reduce((sum, z) => sum + Math.exp(z), 0));
    return scaled.map((z) => z - norm);
  }
  const softmax = (logits, temperature = 1) => logSoftmax(logits, temperature).map(Math.exp);

  // Each class's part p log(p / q) of KL(p || q), in nats: single ones may be negative, their sum is not.
  function terms(p, q, temperature = 1) {
    const [a, b] = [logSoftmax(p, temperature), logSoftmax(q, temperature)];
    return a.map((log, i) => Math.exp(log) * (log - b[i]));
  }
  const sum = (values) => values.reduce((a, b) => a + b, 0);

  const length = (values) => Math.hypot(...values);
  // The gradient of KL(teacher || student) at a temperature with respect to the student's logits: (q - p) / T.
  const softGradient = (teacher, student, temperature) => {
    const [p, q] = [softmax(teacher, temperature), softmax(student, temperature)];
    return length(q.map((share, i) => (share - p[i]) / temperature));
  };
  // What T^2 times that comes to at a high temperature: the difference of the logits, each set less its mean, over
  // their number (equation 4).
  const gradientLimit = (teacher, student) => {
    const centred = (logits) => { const mean = sum(logits) / logits.length; return logits.map((z) => z - mean); };
    const [v, z] = [centred(teacher), centred(student)];
    return length(z.map((value, i) => (value - v[i]) / z.length));
  };
  // The gradient of the cross-entropy with a label, at temperature 1.
  const hardGradient = (student, label) => length(softmax(student).map((q, i) => q - (i === label)));

  const best = (values) => values.indexOf(Math.max(...values));
  const withBias = (logits, digit, bias) => logits.map((z, i) => (i === digit ? z + bias : z));

  // One question at a time for each part of the page; `landed` is called however it ended.
  const landings = {};
  const landed = (name) => landings[name]?.();

  // The pictures that came as one: draws number `i` into a square of a canvas's pen.
  const tile = (pen, sheet, i, columns, side, x, y, size) =>
    pen.drawImage(sheet, side * (i % columns), side * Math.floor(i / columns), side, side, x, y, size, size);
  async function open(uri) {
    const picture = new Image();
    picture.src = uri;
    await picture.decode();
    return picture;
  }

  // Figures are as wide as their place: drawn anew when that changes, and only then.
  function onWidth(node, act) {
    let width = 0;
    new ResizeObserver(() => { if (node.clientWidth !== width) { width = node.clientWidth; act(); } }).observe(node);
  }

  // Three digits; very small ones as powers of ten, large ones grouped. `told.figure` writes them alike.
  const LITTLE = 1e-4, RAISED = [..."\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"];
  function three(value, digits = 3) {
    const minus = value < 0 ? "\u2212" : "", size = Math.abs(value);
    if (!(size > 1e-300)) return "0";
    if (size >= 1000) return minus + Number(size.toPrecision(digits)).toLocaleString("en");
    if (size >= LITTLE) return minus + Number(size.toPrecision(digits));
    const [front, power] = size.toExponential(digits - 1).split("e-");
    return `${minus}${Number(front)}\u00b710\u207b${[...power].map((digit) => RAISED[digit]).join("")}`;
  }
  // A part of a divergence: two digits are enough beside nine others.
  const sign = (part) => (Math.abs(part) < 5e-6 ? "0" : three(part, 2));
  const share = (part) => `${+(100 * part).toFixed(1)}%`;
  // A probability in a narrow column, and one of a list that the small ones are the point of.
  const column = (p) => (p >= 0.9995 ? "100%" : p >= 0.1 ? `${(100 * p).toFixed(1)}%` : p >= LITTLE ? `${(100 * p).toFixed(2)}%` : "<0.01%");
  const listed = (p) => (p >= LITTLE ? column(p) : three(p, 2));
  return { SHOWN, COLOURS, PAPER, now, listen, tell, logSoftmax, softmax, terms, sum, softGradient, gradientLimit, hardGradient, best, withBias,
    landings, landed, tile, open, onWidth, share, sign, three, column, listed };
})();

epochs.register("digits_caption", ({ root, text }) => { root.append(epochs.h("p.digits-caption", {}, text.caption)); });
