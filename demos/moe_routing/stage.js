// The stage: the grid of tokens by layers, beside it all experts of one token, below it what can be counted of a layer.
"use strict";
(() => {
  const { h, register, fill, state, read } = epochs;
  const own = epochs.moeRouting, routes = epochs.routes;
  const BYTES = 0.4;                             // share of tokens that are parts of characters, from which a text is none that a pocket model knows

  register("moe_asks", ({ props, trigger }) => { own.send = (value) => { props.value = value; trigger("select"); }; });
  register("moe_reply", ({ props, watch }) => { watch("value", () => own.adopt?.(read(props))); });
  own.ended = () => own.over?.();

  register("moe_stage", ({ root, config, props, watch, text }) => {
    const { demo, factors, live, start, first, longest } = config;
    const courier = epochs.courier((value) => own.send(value));
    own.adopt = courier.adopt;
    own.over = courier.over;
    const corpora = new Map();                   // model -> what was measured of it
    let run = null, pointed = null, on = { at: 0, token: -1, expert: -1, factor: state.askedNumber(demo, "capacity", ...factors, null) };

    const asked = (name, most) => state.askedNumber(demo, name, 1, most, 0) - 1;
    const select = (change) => {
      const at = change.at ?? on.at;
      on = { ...on, ...(at === on.at ? {} : { expert: -1 }), ...change, at };
      draw();
    };
    const given = { text, demo, factors, live, select };
    const pick = ({ at, token }) => select({ at, token });
    const grid = routes.grid({ text, pick, point: (place) => { pointed = place; if (run) drawSide(); } });
    const gates = routes.gates({ text, follow: (at, expert) => { const { token } = pointed ?? on; pointed = null; select({ at, token, expert: at === on.at && expert === on.expert ? -1 : expert }); } });
    const down = routes.down({ text, pick: (place) => { pointed = null; pick(place); } });
    const parts = { load: own.load(given), map: own.map(given), follow: own.follow(given), pairs: own.pairs(given) };

    // -- layout ---------------------------------------------------------------------------------------------------
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const stale = h("p.mix-stale", { role: "status", hidden: true }, text.stale), notes = h("p.mix-note", { role: "status" });
    const downTitle = h("h4.mix-small"), layers = h("div.segments", { role: "group", "aria-label": text.layers });
    const side = h("aside.mix-side", { "aria-label": text.side }, gates.node, downTitle, down.node);
    const struck = h("span", { hidden: true }, text.key_dropped), keys = h("p.mix-keys", {}, h("span", {}, text.key_weight), h("span", {}, text.key_layers), struck);
    const body = h("div.mix-live", { hidden: true }, stale, notes, h("p.mix-hint", {}, text.hint), h("div.mix-main", {}, h("div.mix-left", {}, grid.node, keys), side),
      h("h3.mix-title", {}, text.at_layer), layers, h("div.mix-cards", {}, parts.load.node, parts.map.node, parts.follow.node, parts.pairs.node));
    root.append(h("section.stage", { "aria-label": text.stage }, empty, body));

    epochs.edges(grid.node, { down: true });

    const limitsOf = () => (on.factor === null ? null : run.layers.map((_, at) => routes.limited(run, at, on.factor)));
    // What turns a token away: the limit that is asked about, and the network's own where it has one.
    function dropped(limits) {
      const itself = run.layers.map(({ dropped: gone, k, indices }) => {
        const found = new Map();
        gone?.forEach((is, i) => { const place = Math.floor(i / k); if (is) found.set(place, [...(found.get(place) || []), indices[i]]); });
        return found;
      });
      return limits ? limits.map((one, at) => new Map([...itself[at], ...one.dropped])) : itself.some(({ size }) => size) ? itself : null;
    }
    function drawSide() {
      const { at, token } = pointed ?? on;
      gates.show(run, at, token, { colours: run.colours, expert: on.expert >= 0 ? { at: on.at, expert: on.expert } : null });
      down.show(run, at, token, { colours: run.colours });
      downTitle.textContent = token < 0 ? "" : fill(text.down, { token: routes.told(run, token) });
    }
    function draw() {
      if (!run) return;
      const limits = limitsOf(), expert = on.expert >= 0 ? { at: on.at, expert: on.expert } : null;
      const shown = { ...on, run, limits, corpus: corpora.get(run.asked.model) };
      const gone = dropped(limits);
      struck.hidden = !gone;
      grid.show(run, { at: on.at, token: on.token, expert, dropped: gone, colours: run.colours });
      drawSide();
      epochs.redraw(layers, ...run.layers.map(({ layer }, at) => h("button.segment", { type: "button", "aria-pressed": at === on.at, onclick: () => select({ at }) }, fill(text.layer, { layer: layer + 1 }))));
      for (const part of Object.values(parts)) part.show(shown);
      keep();
      epochs.offerFigure(demo, () => own.figure({ ...shown, demo }, text));
    }

    // -- the address ----------------------------------------------------------------------------------------------
    const textNow = () => state.asked(demo, "text") ?? start, modelNow = () => state.asked(demo, "model") || first;
    // A text as the server reads it (`base.language.typed`).
    const typed = (words) => [...words].slice(0, 100_000).join("").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
    const isSame = () => ({ model: run.asked.model === modelNow(), text: run.asked.text === typed(textNow()) });
    function keep() {
      const isFirst = on.at === 0 && on.token === run.marks;
      state.set(demo, "layer", on.at || on.expert >= 0 ? run.layers[on.at].layer + 1 : "");
      state.set(demo, "token", isFirst || on.token < 0 ? "" : on.token + 1);
      state.set(demo, "expert", on.expert < 0 ? "" : on.expert + 1);
      state.set(demo, "capacity", on.factor ?? "");
    }
    state.rule(demo, (key) => {
      if (key === "text" && textNow().length > longest) return state.TOO_LONG;
      if (!run || !["layer", "token", "expert"].includes(key)) return true;
      const { model, text: words } = isSame();
      return model && (key !== "token" || words);
    });
    document.addEventListener("epochs-state", ({ detail }) => {
      if (detail.demo !== demo || !run || !["text", "model"].includes(detail.key)) return;
      const { model, text: words } = isSame();
      stale.hidden = model && words;
    });

    // -- answers --------------------------------------------------------------------------------------------------
    async function learn() {
      const { model } = run.asked;
      if (corpora.has(model)) return;
      const reply = await courier.ask("corpus", { model });
      if (!reply || reply.model !== model) return;
      corpora.set(model, reply);
      if (run.asked.model === model) draw();
    }
    function adopt() {
      const value = read(props);
      if (!value.routed) return;
      const { routed, ...more } = value, before = run;
      run = { ...more, ...routes.unpack(routed) };
      pointed = null;
      const layer = before ? run.layers.findIndex(({ layer: place }) => place === before.layers[on.at].layer) : run.layers.findIndex(({ layer: place }) => place === asked("layer", 1000));
      const at = Math.max(0, layer), token = before ? (before.asked.text === run.asked.text ? on.token : -1) : asked("token", 1000), expert = before ? (before.asked.model === run.asked.model ? on.expert : -1) : asked("expert", 1000);
      on = { ...on, at, token: token >= 0 && token < run.length ? token : run.marks, expert: expert >= 0 && expert < run.layers[at].experts ? expert : -1 };
      const parts = run.tokens.filter(({ text: word, special }) => !special && word.startsWith("\u27e8")).length;
      notes.textContent = [...(run.cut ? [fill(text.cut, { n: run.limit, cut: run.cut.toLocaleString("en") })] : []), ...(run.spelled ? [text.spelled] : []),
        ...(run.fills ? [text.fills] : []), ...(run.pocket && parts > BYTES * run.length ? [text.foreign] : [])].join(" ");
      notes.hidden = !notes.textContent;
      stale.hidden = true;
      empty.hidden = true;
      body.hidden = false;
      root.dataset.run = run.run;
      draw();
      learn();
      epochs.bringIntoView(root, demo);
    }
    watch("value", adopt);
    adopt();
  });
})();
