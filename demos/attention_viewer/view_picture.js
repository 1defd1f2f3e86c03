// Where a patch looks: the picture, large, with the chosen head's attention over it, and every head small beside it.
"use strict";
epochs.attention.views.picture = ({ text, select, row, detail }) => {
  const { h, fill } = epochs;
  const own = epochs.attention;
  const { patches } = own;
  const LARGE = 384, SMALL = 96;
  let run = null, chosen = null, mode = "head", drawn = 0;
  const image = new Image();
  image.onload = () => run && paint();
  const ask = own.canvas.asker(detail, () => paint());

  const large = h("canvas.att-picture", { tabindex: "0", role: "img", width: LARGE, height: LARGE });
  const reading = h("p.att-reading", { role: "status" });
  const modes = h("div.segments", { role: "group", "aria-label": text.picture_modes });
  const token = h("button.chip", { type: "button", onclick: () => select({ token: 0 }) }, text.class_token);
  const cards = h("div.att-heads", { role: "group", "aria-label": text.picture_heads });
  epochs.edges(cards);
  const stop = own.roving(cards, () => run.stacks[chosen.stack].heads);
  const node = h("div.att-pictures", {}, h("div.att-picture-side", {}, large, h("div.stage-tools", {}, token, modes), reading), cards);

  large.addEventListener("click", (event) => { const cell = patches.under(event, large, run.grid); if (cell > 0) select({ token: cell }); });
  large.addEventListener("keydown", (event) => { const cell = patches.walk(event, chosen.token, run.grid); if (cell > 0) select({ token: cell }); });

  // Levels of the patches over the picture; the class token's own share is said, not drawn.
  function overlay(canvas, values, query) {
    const high = Math.max(1e-6, ...values.slice(1));
    patches.paint(canvas, image, run.grid, (n) => [own.colour(run, values[n + 1] / high), values[n + 1] / high], query);
    return high;
  }

  async function paint() {
    const now = ++drawn, stack = run.stacks[chosen.stack], query = Math.max(0, chosen.token);
    const exact = mode === "head" ? ask(run, { ...chosen, token: query }) : null;      // all other heads are drawn from levels, without a number
    const found = await row(run, stack, query);
    if (!found || now !== drawn) return;
    const of = (n) => Array.from(found.subarray(n * stack.k, (n + 1) * stack.k), own.p);
    const at = own.index(stack, chosen.layer, chosen.head);
    const values = mode !== "head" ? found[mode] : exact ? Array.from({ length: stack.k }, (_, k) => own.shareAt(exact, query, k)) : of(at);
    const said = (p) => (mode === "head" && !exact ? own.roughly(p) : epochs.percent(p));
    const high = overlay(large, values, query);
    const most = values.slice(1).indexOf(Math.max(...values.slice(1))) + 1;
    const who = mode === "head" ? own.headName(stack, chosen.layer, chosen.head, text) : text["picture_" + mode];
    const sentence = fill(text.picture_reading, { who, from: own.tokenName(run, "source", query, text), to: own.tokenName(run, "source", most, text),
      p: said(high), own: said(values[0]) });
    if (reading.textContent !== sentence) reading.textContent = sentence;
    large.setAttribute("aria-label", `${reading.textContent} ${text.picture_keys}`);
    cards.querySelectorAll("button").forEach((card, n) => {
      overlay(card.querySelector("canvas"), of(n), query);
      card.setAttribute("aria-pressed", n === at);
    });
    stop(cards.children[at]);
  }

  function show(next, at) {
    const isNew = next !== run;
    run = next;
    chosen = at;
    const stack = run.stacks[chosen.stack];
    large.height = Math.round(LARGE * run.grid.rows / run.grid.columns);
    if (image.src !== run.picture) image.src = run.picture;
    epochs.redraw(modes, ...["head", "mean", "rollout"].map((name) => h("button.segment", { type: "button", "aria-pressed": name === mode, onclick: () => { mode = name; show(run, chosen); } }, text["picture_" + name])));
    token.setAttribute("aria-pressed", chosen.token <= 0);
    if (isNew) {
      cards.style.setProperty("--columns", stack.heads);
      cards.replaceChildren(...Array.from({ length: stack.layers * stack.heads }, (_, n) => {
        const [layer, head] = [Math.floor(n / stack.heads), n % stack.heads], name = own.headName(stack, layer, head, text);
        return h("button.att-card", { type: "button", title: name, "aria-label": name, onclick: () => { mode = "head"; select({ layer, head }); } },
          h("canvas", { width: SMALL, height: Math.round(SMALL * run.grid.rows / run.grid.columns), "aria-hidden": true }), h("span", {}, `${layer + 1}.${head + 1}`));
      }));
    }
    paint();
  }
  // What is drawn, for the figure to take along.
  const shot = () => ({ canvas: large, words: reading.textContent });
  return { node, show, shot };
};
