// Which source token each written token looked at (Bahdanau et al. 2015, figure 3), revealed as it was written.
"use strict";
epochs.attention.views.alignment = ({ text, select, detail }) => {
  const { h, fill } = epochs;
  const own = epochs.attention;
  const CELL = 30, PACE = 450;
  let run = null, chosen = null, shown = 0, timer = 0, mean = true;
  let made = "", coloured = "", shares = null, read = [0, 0];    // the cell that is told: [written, source]
  let exact = null, off = null, masked = null;                   // the single head's map in full; by how much a share may be off

  const box = h("div.att-alignment");
  const range = h("input", { type: "range", min: 1, max: 1, step: 1, value: 1, id: "attention-written" });
  const written = h("output.att-alignment-count", { for: range.id });
  const play = h("button.small", { type: "button", onclick: () => (timer ? rest() : begin()) }, text.alignment_play);
  const which = h("div.segments", { role: "group", "aria-label": text.alignment_which });
  const reading = h("p.att-reading", { role: "status" });
  const foot = h("div.att-view-foot");
  const blocks = h("p.stage-note", {}, text.note_blocks);        // of a long text, where a cell is not of one token
  const node = h("div", {}, h("div.stage-tools", {}, which, play, h("span.att-alignment-steps", {}, h("label", { for: "attention-written" }, text.alignment_step), range, written)), box, reading, foot, blocks);
  const edges = epochs.edges(box, { down: true });
  const ask = own.canvas.asker(detail, () => show(run, chosen));
  const stop = own.roving(box);                  // the written tokens; the cells are the hand's

  const number = () => run.stacks.findIndex((stack) => stack.name === "cross");
  function pause() { clearInterval(timer); timer = 0; play.textContent = text.alignment_play; reading.setAttribute("aria-live", "polite"); }
  function begin() {
    shown = 0;
    reading.setAttribute("aria-live", "off");    // twice a second
    play.textContent = text.alignment_pause;
    timer = setInterval(() => { if (!node.isConnected) pause(); else { follow(shown + 1); if (shown >= run.tokens.target.length) rest(); } }, PACE);
    follow(1);
  }
  function reveal(count) {
    shown = Math.min(count, run.tokens.target.length);
    range.value = shown;
    written.textContent = fill(text.alignment_count, { n: shown, all: run.tokens.target.length });
    range.setAttribute("aria-valuetext", written.textContent);
    lines().forEach((line, n) => { line.hidden = n >= shown; });
  }
  // The newest token is framed and told while it is written; once at rest, it is the chosen one in all views.
  function follow(count) {
    reveal(count);
    if (!shown) return;
    frame(shown - 1);
    say(shown - 1, mostOf(shown - 1));
  }
  function frame(q) { lines().forEach((line, n) => line.classList.toggle("chosen", n === q)); }
  function rest() {
    pause();
    if (!shown) return;
    reading.textContent = "";                    // told once more, now that a screen reader may say it
    say(shown - 1, mostOf(shown - 1));
    select({ stack: number(), token: shown - 1 });
  }
  range.addEventListener("input", () => { pause(); follow(+range.value); });
  range.addEventListener("change", rest);

  const lines = () => [...box.querySelectorAll("tbody tr")];
  const mostOf = (q) => { const { source } = run.tokens; return source.reduce((best, _, k) => (at(q, k) > at(q, best) ? k : best), 0); };
  const at = (q, k) => shares[q * run.tokens.source.length + k];

  function compute(stack) {
    const { source, target } = run.tokens;
    const heads = mean ? Array.from({ length: stack.layers * stack.heads }, (_, n) => [Math.floor(n / stack.heads), n % stack.heads]) : [[chosen.layer, chosen.head]];
    [shares, off] = [0, 1].map(() => new Float32Array(target.length * source.length));
    for (const [layer, head] of heads)
      for (let q = 0, i = 0; q < target.length; q++) for (let k = 0; k < source.length; k++, i++) {
        const p = exact ? own.shareAt(exact, q, k) : own.p(own.level(stack, layer, head, q, k));
        shares[i] += p / heads.length;
        off[i] += own.levelOff(p) / heads.length;
      }
  }

  function make() {
    const { source, target } = run.tokens;
    const head = h("thead", {}, h("tr", {}, h("td", {}), source.map((token) => h("th", { scope: "col" },
      h(own.canvas.isUpright(own.tokenText(token)) ? "span.upright" : "span", { dir: "auto" }, own.tokenText(token))))));
    const body = h("tbody", {}, target.map((token) => h("tr", {}, h("th", { scope: "row" },
      h("button.att-token" + (token.special ? ".special" : ""), { type: "button", dir: "auto" }, own.tokenText(token))), source.map(() => h("td")))));
    box.replaceChildren(h("table", { style: `--cell:${CELL}px`, "aria-label": text.view_alignment }, head, body));
  }

  function paint() {
    lines().forEach((line, q) => [...line.cells].slice(1).forEach((cell, k) => {
      cell.style.background = masked(q, k, at(q, k)) ? own.canvas.MASKED : own.colour(run, Math.sqrt(at(q, k)));
      cell.title = words(q, k);
    }));
  }

  const words = (q, k) => (exact ? epochs.percent(at(q, k)) : own.roughly(at(q, k), off[q * run.tokens.source.length + k]));
  function say(q, k) {
    read = [q, k];
    const names = { written: own.tokenTold(run, "target", q, text), source: own.tokenTold(run, "source", k, text) };
    reading.textContent = masked(q, k, at(q, k)) ? fill(text.matrix_masked, { query: names.written, key: names.source })
      : fill(blocks.hidden ? text.alignment_reading : text.alignment_reading_most, { ...names, p: words(q, k) });
  }

  function show(next, now) {
    [run, chosen] = [next, now];
    const stack = run.stacks[number()], here = chosen.stack === number();
    if (!here) mean = true;
    if (made !== run.key) {
      made = run.key;
      coloured = "";
      pause();
      make();
      edges.watch();
      foot.replaceChildren(...own.canvas.keys(run, stack, text));
      range.max = run.tokens.target.length;
    }
    epochs.redraw(which, ...[[true, text.alignment_mean], [false, here ? own.headName(stack, chosen.layer, chosen.head, text) : text.alignment_head]].map(([value, words]) =>
      h("button.segment", { type: "button", "aria-pressed": mean === value, onclick: () => { mean = value; if (!value && chosen.stack !== number()) select({ stack: number() }); else show(run, chosen); } }, words)));
    exact = mean ? null : ask(run, { ...chosen });
    masked = own.canvas.masker(run, stack);
    blocks.hidden = !stack.pooled || Boolean(exact);
    const colour = [run.key, mean || [chosen.layer, chosen.head], Boolean(exact)].join();
    if (colour !== coloured) {
      const isNew = coloured === "";
      coloured = colour;
      compute(stack);
      paint();
      if (isNew) { reveal(run.tokens.target.length); read = [0, mostOf(0)]; }
      if (run.tokens.target.length) say(...read);
    }
    const buttons = lines().map((line, q) => {
      const isChosen = here && chosen.token === q;
      const button = line.querySelector("button");
      button.setAttribute("aria-pressed", isChosen);
      return button;
    });
    frame(timer ? shown - 1 : here ? chosen.token : -1);
    stop(here ? buttons[chosen.token] : null);
  }

  const placeOf = (event) => {
    const cell = event.target.closest("tbody td, tbody th");
    return cell && [cell.parentNode.sectionRowIndex, cell.cellIndex - 1];
  };
  box.addEventListener("pointerover", (event) => { const [q, k] = placeOf(event) ?? [0, -1]; if (k >= 0) say(q, k); });
  box.addEventListener("click", (event) => {
    const place = placeOf(event);
    if (!place) return;
    say(place[0], place[1] >= 0 ? place[1] : mostOf(place[0]));
    select({ stack: number(), token: place[0] });
  });

  // What is drawn, for the figure to take along.
  const shot = () => ({ shares, words: which.querySelector("[aria-pressed=true]").textContent, head: mean ? null : { layer: chosen.layer, head: chosen.head } });
  return { node, show, shot };
};
