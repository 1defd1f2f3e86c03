// The tokens above the views, shaded by where the chosen one looks in the chosen head; one of them is one Tab stop.
"use strict";
epochs.attention.strip = ({ text, pick }) => {
  const { h, fill } = epochs;
  const own = epochs.attention;
  const FAINT = 0.004;
  const node = h("div.att-strip", { role: "group", "aria-label": text.tokens });
  const { bring, watch } = epochs.edges(node, { down: true });
  let drawn = "", sides = [], brought = "";

  function makeSide(run, side) {
    const first = run.tokens.source.length - run.grown;
    const box = h("div.att-side", { "data-side": side }, run.tokens[side].map((token, place) =>
      h("button.att-token" + (token.special ? ".special" : "") + (side === "source" && place >= first ? ".grown" : ""),
        { type: "button", dir: "auto", onclick: () => pick(side, place) }, own.tokenText(token))));
    return { side, box, buttons: [...box.children], stop: own.roving(box) };
  }

  // `levels`: (heads, k) of the chosen token, where the run's own maps are blocks of several; null while they are on their way.
  // `hiding`: places of the source that the next drawing is to do without; those that this one does without, it says itself.
  function show(run, chosen, levels, hiding = []) {
    node.hidden = run.kind === "vision";
    if (node.hidden) { node.replaceChildren(); drawn = brought = ""; return; }
    const stack = run.stacks[chosen.stack];
    const query = own.queryOf(stack, chosen);
    const shown = [...new Set([stack.keys, stack.queries])];
    if (drawn !== run.key + shown) {
      drawn = run.key + shown;
      const focused = node.contains(document.activeElement) ? document.activeElement.parentNode.dataset.side : null;
      sides = shown.map((side) => makeSide(run, side));
      node.replaceChildren(...sides.map(({ box }) => box));
      watch();
      if (focused) sides.find(({ side }) => side === focused)?.buttons[query]?.focus({ preventScroll: true });
    }
    const at = own.index(stack, chosen.layer, chosen.head) * stack.k;
    const level = (place) => (stack.pooled ? levels?.[at + place] ?? 0 : own.level(stack, chosen.layer, chosen.head, query, place));
    for (const { side, buttons, stop } of sides) {
      buttons.forEach((button, place) => {
        const looks = side === stack.keys && place < stack.k ? own.p(level(place)) : 0;
        button.style.setProperty("--att", looks > FAINT ? Math.sqrt(looks).toFixed(3) : "0");
        button.setAttribute("aria-pressed", side === stack.queries && place === query);
        const state = side !== "source" ? "" : run.asked.hidden.includes(place) ? "hidden" : hiding.includes(place) ? "hiding" : "";
        button.classList.toggle("gone", state === "hidden");
        button.classList.toggle("going", state === "hiding");
        if (state) button.setAttribute("aria-label", fill(text[`token_${state}`], { token: own.tokenTold(run, side, place, text) }));
        else button.removeAttribute("aria-label");
      });
      stop(side === stack.queries ? buttons[query] : null);
    }
    // Once for each choice: what a hand has scrolled to stays.
    const now = `${drawn} ${stack.queries} ${query}`;
    const button = sides.find(({ side }) => side === stack.queries)?.buttons[query];
    if (now !== brought && button) bring(button);
    brought = now;
  }
  return { node, show };
};
