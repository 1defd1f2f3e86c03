// Which source token each written token looked at (Bahdanau et al. 2015, figure 3), revealed as it was written.
"use strict";
epochs.attention.views.alignment = ({ text, select }) => {
  const { h, fill } = epochs;
  const own = epochs.attention;
  const CELL = 30, PACE = 450;
  let run = null, chosen = null, shown = 0, timer = 0, mean = true;
  let made = "", coloured = "", shares = null, read = [0, 0];    // the cell that is told: [written, source]

  const box = h("div.att-alignment");
  const range = h("input", { type: "range", min: 1, max: 1, step: 1, value: 1, id: "attention-written" });
  const play = h("button.small", { type: "button", onclick: () => (timer ? pause() : begin()) }, text.alignment_play);
  const which = h("div.segments", { role: "group", "aria-label": text.alignment_which });
  const reading = h("p.att-reading", { role: "status" });
  const foot = h("div.att-view-foot");
  const node = h("div", {}, h("div.stage-tools", {}, which, play, h("label", { for: "attention-written" }, text.alignment_step), range), box, reading, foot);
  const stop = own.roving(box);                  // the written tokens; the cells are the hand's

  const number = () => run.stacks.findIndex((stack) => stack.name === "cross");
  function pause() { clearInterval(timer); timer = 0; play.textContent = text.alignment_play; }
  function begin() {
    shown = 0;
    play.textContent = text.alignment_pause;
    timer = setInterval(() => { reveal(shown + 1); if (shown >= run.tokens.target.length || !node.isConnected) pause(); }, PACE);
    reveal(1);
  }
  function reveal(count) {
    shown = Math.min(count, run.tokens.target.length);
    range.value = shown;
    lines().forEach((line, n) => { line.hidden = n >= shown; });
  }
  range.addEventListener("input", () => { pause(); reveal(+range.value); });

  const lines = () => [...box.querySelectorAll("tbody tr")];
  const mostOf = (q) => { const { source } = run.tokens; return source.reduce((best, _, k) => (at(q, k) > at(q, best) ? k : best), 0); };
  const at = (q, k) => shares[q * run.tokens.source.length + k];

  function compute(stack) {
    const { source, target } = run.tokens;
    const heads = mean ? Array.from({ length: stack.layers * stack.heads }, (_, n) => [Math.floor(n / stack.heads), n % stack.heads]) : [[chosen.layer, chosen.head]];
    shares = new Float32Array(target.length * source.length);
    for (const [layer, head] of heads)
      for (let q = 0, i = 0; q < target.length; q++) for (let k = 0; k < source.length; k++, i++) shares[i] += own.p(own.level(stack, layer, head, q, k)) / heads.length;
  }

  function make() {
    const { source, target } = run.tokens;
    const head = h("thead", {}, h("tr", {}, h("td", {}), source.map((token) => h("th", { scope: "col" }, h("span", { dir: "auto" }, own.tokenText(token))))));
    const body = h("tbody", {}, target.map((token) => h("tr", {}, h("th", { scope: "row" },
      h("button.att-token" + (token.special ? ".special" : ""), { type: "button", dir: "auto" }, own.tokenText(token))), source.map(() => h("td")))));
    box.replaceChildren(h("table", { style: `--cell:${CELL}px`, "aria-label": text.view_alignment }, head, body));
  }

  function paint() {
    lines().forEach((line, q) => [...line.cells].slice(1).forEach((cell, k) => {
      cell.style.background = own.colour(run, Math.sqrt(at(q, k)));
      cell.title = epochs.percent(at(q, k));
    }));
  }

  function say(q, k) {
    read = [q, k];
    reading.textContent = fill(text.alignment_reading, { written: own.tokenTold(run, "target", q, text), source: own.tokenTold(run, "source", k, text), p: epochs.percent(at(q, k)) });
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
      foot.replaceChildren(own.canvas.scale(run.colours));
      range.max = run.tokens.target.length;
    }
    epochs.redraw(which, ...[[true, text.alignment_mean], [false, here ? own.headName(stack, chosen.layer, chosen.head, text) : text.alignment_head]].map(([value, words]) =>
      h("button.segment", { type: "button", "aria-pressed": mean === value, onclick: () => { mean = value; if (!value && chosen.stack !== number()) select({ stack: number() }); else show(run, chosen); } }, words)));
    const colour = [run.key, mean || [chosen.layer, chosen.head]].join();
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
      line.classList.toggle("chosen", isChosen);
      button.setAttribute("aria-pressed", isChosen);
      return button;
    });
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
