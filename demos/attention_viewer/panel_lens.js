// What each layer would answer, had it to answer at once: the output head reads the layers on the way.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const WAIT = 150;                              // ms

  epochs.attention.views.lens = ({ text, demo, ask, select }) => {
    const { words, wordsTold, tokenTold, share, question } = epochs.attention.panel;
    let run = null, chosen = null, place = -1, drawn = null;
    const lens = question({ ask, demo }, "lens", WAIT, () => draw());

    const meant = h("p.att-panel-lead");
    const status = h("p.stage-note", { role: "status" });
    const found = h("div.att-panel-part");
    const about = h("p.stage-note", {}, text.lens_note);
    const live = h("div.att-panel-part", {}, meant, status, found, about);
    const hint = h("p.stage-note");
    const node = h("div.att-panel-node", {}, live, hint);

    // The chosen token's; of a masked text, before one is chosen, that of the answer.
    function placeFor() {
      const { answer } = chosen;
      if (run.kind === "translation") return answer;
      const stack = run.stacks?.[chosen.stack];
      return stack && (chosen.token >= 0 || answer < 0) ? epochs.attention.queryOf(stack, chosen) : answer;
    }

    // The layer from which on the last layer's first guess is first in every layer; 0 is the embedding.
    function settled(layers) {
      const last = layers.length - 1;
      let from = last;
      while (from > 0 && layers[from - 1][0]?.text === layers[last][0]?.text) from--;
      return from;
    }

    function sentence(layers, token) {
      const [from, last] = [settled(layers), layers.length - 1];
      return fill(from === 0 ? text.lens_from_start : from === last ? text.lens_last_only : text.lens_from, { token, layer: from, last });
    }

    // The layers of a text's own stack; a translation's are the decoder's, which looks at the source as well.
    const isDrawn = (stack) => run.kind !== "translation" || stack.name !== "encoder";
    function pick(layer) {
      if (isDrawn(run.stacks[chosen.stack])) select({ layer });
      else select({ stack: run.stacks.findIndex((stack) => stack.name === "cross"), layer, token: place });
    }
    const title = (i) => (i ? h("button.att-heads-name", { type: "button", onclick: () => pick(i - 1) }, fill(text.lens_after, { layer: i })) : text.lens_embedding);

    function parts({ layers }) {
      const final = layers.at(-1)[0].text;
      const chip = (guess) => h(guess.text === final ? "span.att-lens-guess.att-lens-final" : "span.att-lens-guess",
        { dir: "auto", style: `--att-share:${(100 * share(guess.p)).toFixed(1)}%` }, h("span.att-lens-word", {}, words(guess.text)), " ", h("span.att-lens-share", {}, percent(guess.p)));
      return [h("p.att-panel-lead", {}, sentence(layers, wordsTold(final))),
        h("table.att-lens-table", {}, h("caption.sr-only", {}, text.lens_table),
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, text.lens_layer), h("th", { scope: "col" }, text.lens_guesses))),
          h("tbody", {}, layers.map((guesses, i) => h("tr", {},
            h("th", { scope: "row" }, title(i)), h("td", {}, guesses.map(chip))))))];
    }

    function draw() {
      found.classList.toggle("att-panel-busy", lens.busy);
      found.setAttribute("aria-busy", lens.busy);
      const reply = lens.reply?.layers?.at(-1)?.length ? lens.reply : null;
      status.textContent = lens.busy ? (reply ? "" : text.lens_working) : lens.key !== null && !reply ? text.lens_no_answer : "";
      if (place >= 0) {
        const at = reply?.place ?? place;          // the server's, where it knows fewer tokens
        const tokens = run.kind === "translation" ? run.tokens.target : run.tokens.source;
        meant.textContent = fill(text[`lens_of_${run.kind}`], { n: at + 1, token: tokenTold(tokens, at) });
      }
      if (reply !== drawn) {
        drawn = reply;
        found.replaceChildren(...(reply ? parts(reply) : []));
      }
      const isMine = isDrawn(run.stacks[chosen.stack]);
      found.querySelectorAll(".att-heads-name").forEach((button, layer) => button.setAttribute("aria-pressed", isMine && layer === chosen.layer));
    }

    function show(next, nextChosen) {
      if (run?.key !== next.key) lens.drop();
      [run, chosen] = [next, nextChosen];
      const hasText = run.kind !== "vision" && run.tokens?.source?.length > 0;
      place = hasText ? placeFor() : -1;
      live.hidden = place < 0;
      hint.textContent = place >= 0 ? "" : run.kind === "vision" ? text.lens_vision : text.lens_choose;
      if (place < 0) lens.drop();
      else lens.put(`${run.key} ${place}`, { place });
      draw();
    }

    return { node, show };
  };
})();
