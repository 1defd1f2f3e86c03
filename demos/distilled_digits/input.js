// The board: draw a digit, take one that our own code draws, or bring a picture; what lies on it is what is asked about.
"use strict";
epochs.register("digits_input", ({ root, config, props, trigger, text }) => {
  const { h, fill, state } = epochs;
  const own = epochs.digits;
  const { demo, start, most_seed: mostSeed } = config;
  const PEN = 20, INK = [29, 29, 31];            // px of the line; the colour of a digit of ours on the white board
  let value = { source: "strokes", ...start };

  // A link names a digit of ours, or says that a drawing stayed behind.
  const asked = state.asked(demo, "digit");
  const given = (key, high, otherwise) => state.askedNumber(demo, key, 0, high, otherwise);
  if (asked === "") value = { source: "sketch" };
  else value = { source: "strokes", digit: Math.trunc(given("digit", 9, start.digit)), seed: Math.trunc(given("seed", mostSeed, start.seed)), jitter: given("jitter", 1, start.jitter) };
  const hold = epochs.runs.keep(props, () => value);

  const error = h("p.input-error", { role: "alert", hidden: true });
  const fail = (message) => { error.textContent = message; error.hidden = !message; };
  const hint = h("p.digits-hint", { role: "status" });
  function remember() {
    const mine = value.source === "strokes";
    state.set(demo, "digit", mine ? value.digit : "");
    state.set(demo, "seed", mine ? value.seed : start.seed);
    state.set(demo, "jitter", mine ? value.jitter : start.jitter);
  }
  // `stay`: the page does not go to the stage with the answer.
  function take(next, run = true, stay = false) {
    value = next;
    own.stay = stay;
    fail("");
    hold();
    remember();
    show();
    if (run) trigger("input");
  }

  // -- the board ---------------------------------------------------------------------------------------
  const pad = epochs.sketchPad(text, { pen: PEN, stroke: (data) => take({ source: "sketch", data }), clear: () => take({ source: "sketch" }, false) });
  const board = pad.querySelector("canvas"), pen = board.getContext("2d");
  function wipe() {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, board.width, board.height);
  }
  function paint(picture) {                      // the whole of it, in the middle
    const { naturalWidth: width, naturalHeight: height } = picture, scale = Math.min(board.width / width, board.height / height);
    wipe();
    pen.imageSmoothingQuality = "high";
    pen.drawImage(picture, (board.width - width * scale) / 2, (board.height - height * scale) / 2, width * scale, height * scale);
  }
  // A digit as the networks see it, light on dark, is laid on the board as a pen would have drawn it.
  function paintInk(picture) {
    paint(picture);
    const sheet = pen.getImageData(0, 0, board.width, board.height);
    for (let i = 0; i < sheet.data.length; i += 4) {
      const ink = sheet.data[i] / 255;
      for (let c = 0; c < 3; c++) sheet.data[i + c] = 255 + ink * (INK[c] - 255);
    }
    pen.putImageData(sheet, 0, 0);
  }
  own.listen(async (name) => {
    const answer = own.now.answer;
    if (name !== "answer" || answer.source !== "strokes" || value.source !== "strokes") return;
    const picture = await own.open(answer.picture);
    if (value.source === "strokes" && answer === own.now.answer) paintInk(picture);
  });

  // -- digits of ours ----------------------------------------------------------------------------------
  const strokes = (change) => take({ source: "strokes", digit: value.digit ?? start.digit, seed: +seed.value, jitter: +jitter.value, ...change });
  const buttons = Array.from({ length: 10 }, (_, digit) => h("button.small.digits-pick", { type: "button", "data-digit": digit, "aria-label": fill(text.pick, { digit }),
    onclick: () => strokes({ digit }) }, digit));
  const seed = h("input.digits-number", { type: "number", id: `${demo}-seed`, min: 0, max: mostSeed, step: 1, value: value.seed ?? start.seed, inputmode: "numeric",
    onchange: () => (seed.checkValidity() && seed.value !== "" ? strokes({}) : fail(fill(text.seed_range, { high: mostSeed.toLocaleString("en") }))) });
  const jitter = h("input", { type: "range", id: `${demo}-jitter`, min: 0, max: 1, step: 0.05, value: value.jitter ?? start.jitter, onchange: () => strokes({}) });
  const another = h("button.small", { type: "button", onclick: () => strokes({ seed: (+seed.value + 1) % (mostSeed + 1) }) }, text.another);
  const ours = h("fieldset.digits-ours", {}, h("legend", {}, text.ours), h("div.digits-picks", {}, buttons),
    h("div.digits-fields", {}, another, h("label", { for: seed.id }, text.seed), seed, h("label", { for: jitter.id }, text.jitter), jitter));

  function show() {
    const mine = value.source === "strokes";
    for (const button of buttons) button.setAttribute("aria-pressed", mine && +button.dataset.digit === value.digit);
    if (mine) { seed.value = value.seed; jitter.value = value.jitter; }
    jitter.setAttribute("aria-valuetext", `${Math.round(100 * jitter.value)}%`);
    hint.textContent = mine ? fill(text.is_ours, { digit: value.digit, seed: value.seed }) : value.data ? "" : text.board_empty;
  }

  // -- pictures from elsewhere -------------------------------------------------------------------------
  async function give(next) {
    take(next);
    try {
      const picture = await own.open(next.data);
      if (value !== next) return;
      paint(picture);
      turn("board");
    } catch { wipe(); hint.textContent = text.no_preview; }
  }
  const { bar, panel, chooser, turn, listen } = epochs.pictureSource(text, [], { give, fail, clear() {},
    sources: ["board", "upload", "camera"], own: { board: () => h("div.digits-board", {}, pad, hint, ours) } });
  const box = h("section.picture.digits-input", { "aria-label": text.label }, bar, panel, error, chooser);
  listen(box);
  root.append(box);

  // A digit of a part below was clicked.
  own.pick = (digit, stay = false) => {
    turn("board");
    take({ source: "strokes", digit: digit.digit, seed: digit.seed, jitter: digit.jitter }, true, stay);
  };
  show();
  remember();
  if (config.picture && value.digit === start.digit && value.seed === start.seed && value.jitter === start.jitter) own.open(config.picture).then((picture) => { if (value.source === "strokes") paintInk(picture); });
});
