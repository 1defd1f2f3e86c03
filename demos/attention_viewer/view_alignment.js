// Which source token each written token looked at (Bahdanau et al. 2015, figure 3), revealed as it was written.
"use strict";
epochs.attention.views.alignment = ({ text, select }) => {
  const { h, fill } = epochs;
  const own = epochs.attention;
  const CELL = 30, PACE = 450;
  let run = null, chosen = null, shown = 0, timer = 0, mean = true;

  const table = h("div.att-alignment");
  const range = h("input", { type: "range", min: 1, max: 1, step: 1, value: 1, id: "attention-written" });
  const play = h("button.small", { type: "button", onclick: () => (timer ? pause() : begin()) }, text.alignment_play);
  const which = h("div.segments", { role: "group", "aria-label": text.alignment_which });
  const reading = h("p.att-reading", { role: "status" });
  const node = h("div", {}, h("div.stage-tools", {}, which, play, h("label", { for: "attention-written" }, text.alignment_step), range), table, reading);

  const stackOf = () => run.stacks.findIndex((stack) => stack.name === "cross");
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
    table.querySelectorAll("tbody tr").forEach((line, n) => { line.hidden = n >= shown; });
  }
  range.addEventListener("input", () => { pause(); reveal(+range.value); });

  const value = (stack, q, k) => {
    if (!mean) return own.p(own.level(run, stack, chosen.layer, chosen.head, q, k));
    let sum = 0;
    for (let layer = 0; layer < stack.layers; layer++) for (let head = 0; head < stack.heads; head++) sum += own.p(own.level(run, stack, layer, head, q, k));
    return sum / (stack.layers * stack.heads);
  };

  function show(next, at) {
    const isNew = next !== run;
    run = next;
    chosen = at;
    const number = stackOf(), stack = run.stacks[number];
    const here = chosen.stack === number;
    if (!here && !mean) mean = true;
    if (isNew) { pause(); shown = run.tokens.target.length; range.max = shown; range.value = shown; }
    epochs.redraw(which, ...[[true, text.alignment_mean], [false, here ? own.headName(stack, chosen.layer, chosen.head, text) : text.alignment_head]].map(([value, words]) =>
      h("button.segment", { type: "button", "aria-pressed": mean === value, onclick: () => { mean = value; if (!value && chosen.stack !== number) select({ stack: number }); else show(run, chosen); } }, words)));
    const say = (q, k, p) => { reading.textContent = fill(text.alignment_reading, { written: own.tokenText(run.tokens.target[q]), source: own.tokenText(run.tokens.source[k]), p: epochs.percent(p) }); };
    const head = h("thead", {}, h("tr", {}, h("td", {}), run.tokens.source.map((token) => h("th", { scope: "col" }, h("span", { dir: "auto" }, own.tokenText(token))))));
    const body = h("tbody", {}, run.tokens.target.map((token, q) => {
      const line = run.tokens.source.map((_, k) => value(stack, q, k));
      const most = line.indexOf(Math.max(...line));
      return h("tr" + (here && chosen.token === q ? ".chosen" : ""), { hidden: q >= shown },
        h("th", { scope: "row" }, h("button.att-token" + (token.special ? ".special" : ""), { type: "button", dir: "auto", "aria-pressed": here && chosen.token === q,
          onclick: () => { say(q, most, line[most]); select({ stack: number, token: q }); } }, own.tokenText(token))),
        line.map((p, k) => h("td", { style: `background:${own.colour(run, Math.sqrt(p))}`, title: epochs.percent(p), onmouseenter: () => say(q, k, p), onclick: () => { say(q, k, p); select({ stack: number, token: q }); } })));
    }));
    table.replaceChildren(h("table", { style: `--cell:${CELL}px`, "aria-label": text.view_alignment }, head, body));
    if (isNew && run.tokens.target.length) { const line = run.tokens.source.map((_, k) => value(stack, 0, k)); const most = line.indexOf(Math.max(...line)); say(0, most, line[most]); }
  }
  return { node, show };
};
