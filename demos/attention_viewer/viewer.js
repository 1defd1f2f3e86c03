// The stage: tokens, one view of the maps, one panel of evidence; a token, head or layer picked in one is picked in all.
"use strict";
(() => {
  const { h, register, fill, state } = epochs;
  const own = epochs.attention;
  const KEPT = 12;                               // heads whose exact maps stay in the browser
  const FIRST = 1;                               // the seed of a first continuation: one that says what the model finds likely
  const VIEWS = { causal: ["overview", "arcs", "matrix", "stages"], masked: ["overview", "arcs", "matrix", "stages"],
    translation: ["alignment", "overview", "arcs", "matrix", "stages"], vision: ["picture", "overview", "matrix", "stages"] };
  const OF_TEXT = ["next", "heads", "switch", "words", "lens"];
  const PANELS = { causal: OF_TEXT, masked: OF_TEXT, translation: OF_TEXT, vision: ["heads", "switch", "words"] };

  register("attention_stage", ({ root, config, props, watch, text }) => {
    const { demo, kinds, tests, seeds, pocket } = config;
    const runs = epochs.runs(demo);
    const link = own.link(demo, config);
    const send = own.courier(), growth = own.continuations(runs), placeOf = own.panel.answerPlace();
    let run = null, chosen = { stack: 0, layer: 0, head: 0, token: -1, answer: -1 }, isRedrawing = false, hiding = [];
    const asked = (name, high, otherwise = -1) => { const v = state.askedNumber(demo, name, 0, high, otherwise); return Number.isInteger(v) ? v : otherwise; };
    let wanted = { stack: state.asked(demo, "stack"), layer: asked("layer", 99), head: asked("head", 99), token: asked("token", 511) };
    let view = state.asked(demo, "view") || "", shown = "", panel = state.asked(demo, "panel") || "next", seed = asked("seed", seeds - 1, FIRST);
    const heads = new Map(), rows = new Map();

    // -- what the views are given -------------------------------------------------------------
    const question = () => ({ text: run.asked.text, model: run.asked.model, picture: run.asked.picture, off: run.asked.off, hidden: run.asked.hidden,
      after: run.tokens.source.slice(run.tokens.source.length - run.grown).map((token) => token.id) });
    const ask = async (what, extra = {}) => {
      const { key } = run;
      const reply = await send(what, { ...question(), ...extra });
      return reply && run?.key === key ? reply : null;
    };
    // Views that ask for the same while it is on its way share its answer.
    const underway = new Map();
    const shared = (name, make) => {
      if (!underway.has(name)) underway.set(name, make().finally(() => underway.delete(name)));
      return underway.get(name);
    };
    const nameOf = (of, at) => [of.key, at.stack, at.layer, at.head].join();
    async function detail(of, at) {
      const stack = of.stacks[at.stack];
      const query = own.queryOf(stack, at);
      const name = nameOf(of, at);
      const kept = heads.get(name);
      if (kept && (kept.scores || kept.rows.query === query)) return kept;
      return shared(`head ${name} ${query}`, async () => {
        const reply = await ask("head", { stack: stack.name, layer: at.layer, head: at.head, query });
        if (!reply) return kept || null;
        const found = await own.unpackHead(reply);
        heads.delete(name);
        heads.set(name, found);
        if (heads.size > KEPT) heads.delete(heads.keys().next().value);
        return found;
      });
    }
    const rowName = (of, stack, query) => [of.key, stack.name, query].join();
    async function row(of, stack, query) {
      if (!stack.pooled) {
        const found = new Uint8Array(stack.layers * stack.heads * stack.k);
        for (let n = 0; n < stack.layers * stack.heads; n++)
          found.set(stack.maps.subarray((n * stack.rows + query) * stack.columns, (n * stack.rows + query) * stack.columns + stack.k), n * stack.k);
        if (of.kind !== "vision" || query === 0) return Object.assign(found, { rollout: of.rollout, mean: of.mean });
      }
      const name = rowName(of, stack, query);
      return rows.get(name) ?? shared(`row ${name}`, async () => {
        const reply = await ask("row", { stack: stack.name, query });
        if (!reply) return null;
        if (rows.size > KEPT) rows.clear();
        rows.set(name, Object.assign(epochs.bytes(reply.p), { rollout: reply.rollout, mean: reply.mean }));
        return rows.get(name);
      });
    }
    // The token that looks before one is chosen: a picture's class token, a gap that is to be filled, a translation's first
    // word, else the last.
    const firstToken = (stack) => (run.kind === "vision" ? 0
      : run.kind === "translation" ? Math.max(0, run.tokens[stack.queries].findIndex((token) => !token.special)) : run.gaps?.[0]?.place ?? -1);
    // Within what the run has; the address says what is on the stage.
    function settle() {
      const number = run.stacks[chosen.stack] ? chosen.stack : 0, stack = run.stacks[number];
      const { layer, head, token } = chosen;
      chosen = { stack: number, layer: Math.min(layer, stack.layers - 1), head: Math.min(head, stack.heads - 1), token: Math.min(token, stack.q - 1) };
      const kept = { layer: chosen.layer, head: chosen.head, token: chosen.token < 0 || chosen.token === firstToken(stack) ? "" : chosen.token,
        stack: run.stacks.length > 1 ? stack.name : "" };
      for (const [name, value] of Object.entries(kept)) state.set(demo, name, value);
      link.keep(run);
    }
    const select = (change) => {
      const fresh = change.stack !== undefined && change.stack !== chosen.stack ? { layer: 0, head: 0, token: firstToken(run.stacks[change.stack]) } : {};
      chosen = { ...chosen, ...fresh, ...change };
      settle();
      draw();
    };
    const isBusy = () => growth.isOn || isRedrawing;
    // With the first of a text's continuations, the seed in the address gives them all again.
    // What is listed to be taken away is taken away first, so that maps, answer and continuation are of one network.
    const continueText = async ({ temperature }) => {
      if (isBusy()) return;
      const begin = () => {
        if (given.stopButton.disabled) return;   // pressed while the views were drawn
        if (!run.grown) state.set(demo, "seed", seed);
        growth.begin(run, { ...question(), temperature, seed });
        seed = (seed + 1) % seeds;
      };
      const { off, hidden } = link.listed(run);
      if (link.isDrawn(run)) { begin(); draw(); return; }
      await redraw(off, hidden, begin);
      if (!growth.isOn) runs.ended("continue");
    };
    // Everything on the stage once more, computed without these heads and tokens.
    const redraw = async (off, hidden, then = () => {}) => {
      if (isBusy()) return;
      isRedrawing = true;
      draw();
      const { grown, linked, intact = run.tokens.source } = run;
      const reply = await ask("look", { off, hidden });
      isRedrawing = false;
      if (reply) {
        run = { ...own.unpack(reply.run, grown), linked, intact, isRedrawn: true, hasEnded: run.hasEnded };
        hiding = hidden;
        link.list(run, off, hidden);
        epochs.tellFacts(demo, reply.facts);
        settle();
        then();
      }
      draw();
    };
    // Tokens that the next drawing is to do without are marked where the visitor chose them.
    const hide = (places) => { hiding = places; shade(); };
    const given = { link, text, demo, tests, pocket, hide, select, ask, detail, row, continueText, redraw, isBusy, stopButton: epochs.runs.stopButton(demo, text.stop, "continue") };

    // -- layout -------------------------------------------------------------------------------
    const parts = {};
    const part = (name) => (parts[name] ??= own.views[name](given));
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const strip = own.strip({ text, pick: pickToken });
    const about = h("p.att-about"), reading = h("p.stage-note.att-reading-note", { role: "status" });
    const marks = own.marks({ demo, text, link, modelNow, isBusy, redraw, leave: () => viewBar.querySelector("[aria-pressed=true]")?.focus({ preventScroll: true }) });
    const stackBox = h("div.att-stacks.segments", { role: "group", "aria-label": text.stacks });
    const viewBar = h("div.segments", { role: "group", "aria-label": text.views });
    const viewBox = h("div.att-view");
    const viewNote = h("p.stage-note");
    const tensors = h("button.small.att-tensors", { type: "button", title: text.tensors_hint, onclick: async () => {
      tensors.disabled = true;
      const reply = await ask("tensors");
      tensors.disabled = false;
      if (reply) epochs.saveFile("epochs-attention.safetensors", new Blob([epochs.bytes(reply.tensors)], { type: "application/octet-stream" }));
    } }, text.tensors);
    const panelBar = h("div.segments", { role: "group", "aria-label": text.panels });
    const panelBox = h("div.att-panel"), proof = h("p.stage-note", {}, text.not_proof);
    const live = h("div.att-live", { hidden: true }, marks.stale, marks.foreign, strip.node, reading, about, marks.without, stackBox, viewBar, viewBox, viewNote, h("div.stage-tools.att-save", {}, tensors),
      h("h3.att-heading", {}, text.evidence), panelBar, marks.pending, panelBox, proof);
    root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

    const bar = (box, names, now, prefix, choose) => epochs.redraw(box, ...names.map((name) =>
      h("button.segment", { type: "button", "aria-pressed": name === now, onclick: () => choose(name) }, text[prefix + name])));
    const pickView = (name) => { view = name; draw(); };
    const pickPanel = (name) => { panel = name; draw(); };

    // A key of a cross stack is no query: it is looked at among the source's own.
    function pickToken(side, place) {
      const stack = run.stacks[chosen.stack];
      if (side === stack.queries) { select({ token: place }); return; }
      const other = run.stacks.findIndex((s) => s.queries === side);
      if (other >= 0) select({ stack: other, token: place });
    }

    // A long text's maps are blocks of several tokens: where one of them looks is asked for. A picture has no strip.
    async function shade() {
      const of = run, stack = run.stacks[chosen.stack], query = own.queryOf(stack, chosen);
      const isAsked = stack.pooled && run.kind !== "vision" && !growth.isOn, here = isAsked && rows.get(rowName(run, stack, query));
      strip.show(run, chosen, here, hiding);
      if (!isAsked || here) return;
      const found = await row(run, stack, query);
      if (found && of === run && stack === run.stacks[chosen.stack] && query === own.queryOf(stack, chosen)) strip.show(run, chosen, found, hiding);
    }

    function draw() {
      if (!run) return;
      const stack = run.stacks[chosen.stack];
      // What this kind of run, or this attention, does not have is not forgotten.
      const views = VIEWS[run.kind].filter((name) => name !== "alignment" || stack.name === "cross"), panels = PANELS[run.kind];
      shown = views.includes(view) ? view : views[0];
      const open = panels.includes(panel) ? panel : panels[0];
      state.set(demo, "view", shown === VIEWS[run.kind][0] ? "" : shown);
      state.set(demo, "panel", open === panels[0] ? "" : open);
      chosen = { ...chosen, answer: placeOf(run, chosen) };
      shade();
      const query = own.queryOf(stack, chosen);
      const name = own.className(text, stack.classes[own.index(stack, chosen.layer, chosen.head)]);
      const seen = fill(name ? text.about_named : text.about, { head: own.headName(stack, chosen.layer, chosen.head, text), name,
        token: own.tokenTold(run, stack.queries, query, text) });
      about.textContent = run.kind === "vision" ? seen : [seen, text.about_colour].join(text.after_sentence);
      stackBox.hidden = run.stacks.length < 2;
      bar(stackBox, run.stacks.map((s) => s.name), stack.name, "stack_", (n) => select({ stack: run.stacks.findIndex((s) => s.name === n) }));
      bar(viewBar, views, shown, "view_", pickView);
      bar(panelBar, panels, open, "panel_", pickPanel);
      reading.textContent = [...(run.cut ? [fill(text.cut, { n: run.limit, cut: run.cut.toLocaleString("en") })] : []), ...(run.spelled ? [text.spelled] : [])].join(text.after_sentence);
      reading.hidden = !reading.textContent;
      marks.show(run, open);
      live.dataset.without = `${run.asked.off.length} ${run.asked.hidden.length}`;
      const now = part(shown);
      if (viewBox.firstChild !== now.node) viewBox.replaceChildren(now.node);
      now.show(run, chosen);
      viewNote.textContent = [(run.kind === "vision" && text[`note_${shown}_picture`]) || text["note_" + shown], ...(growth.isOn && stack.pooled ? [text.note_growing] : [])].join(text.after_sentence);
      const below = part(open);
      if (panelBox.firstChild !== below.node) panelBox.replaceChildren(below.node);
      below.show(run, chosen);
      proof.hidden = open === "words";            // which says so itself
    }

    // The first answer rests on what a link asked for, or on the head that has the most to show.
    function begin() {
      const best = (stack) => {
        const order = ["previous", "induction", "next"];
        for (const name of order) {
          const values = stack.stats[name];
          if (values) { const at = values.indexOf(Math.max(...values)); if (values[at] > 0.2) return at; }
        }
        return 0;
      };
      const named = run.stacks.findIndex((s) => s.name === wanted.stack);
      const stack = run.stacks[Math.max(0, named)];
      const at = best(stack);
      const fits = wanted.layer >= 0 && wanted.layer < stack.layers && wanted.head >= 0 && wanted.head < stack.heads;
      chosen = { stack: Math.max(0, named), layer: fits ? wanted.layer : Math.floor(at / stack.heads), head: fits ? wanted.head : at % stack.heads,
        token: wanted.token >= 0 && wanted.token < stack.q ? wanted.token : firstToken(stack) };
    }

    // A link's first answer is drawn as it was copied: without what was taken away, with what had been continued.
    async function asLinked(first) {
      const asked = link.open(first);
      const { text: said, model, picture } = first.asked;
      const reply = asked && await send("look", { text: said, model, picture, ...asked });
      if (!reply) return first;
      epochs.tellFacts(demo, reply.facts);
      const linked = reply.run.tokens.source ? reply.run.tokens.source.length - first.tokens.source.length : 0;
      return { ...own.unpack(reply.run, linked), linked, intact: first.tokens.source };
    }

    let answers = 0;
    async function adopt() {
      const value = epochs.read(props);
      if (!value.stacks) return;
      const mine = ++answers, before = run;
      growth.leave();
      const next = own.unpack(value), now = before ? next : await asLinked(next);
      if (mine !== answers) return;              // a newer one has come meanwhile
      run = now;
      marks.answered();
      link.leave(run);
      kinds[run.asked.model] ??= run.kind;
      if (before?.kind !== run.kind || before.asked.model !== run.asked.model) { if (before) wanted = { stack: null, layer: -1, head: -1, token: -1 }; begin(); }
      else if (before.asked.text !== run.asked.text) chosen = { ...chosen, token: firstToken(run.stacks[chosen.stack] ?? run.stacks[0]) };
      if (before?.asked.model !== run.asked.model || before.asked.text !== run.asked.text) hiding = link.listed(run).hidden;
      settle();
      showInput();
      [empty.hidden, live.hidden] = [true, false];
      Object.assign(live.dataset, { run: value.run, kind: run.kind });
      delete live.dataset.grown;
      draw();
      epochs.offerFigure(demo, () => own.figure(run, chosen, { demo, view: shown, exact: heads.get(nameOf(run, chosen)), part: parts[shown] }, text));
      epochs.bringIntoView(root, demo);
    }
    own.adoptGrown = (value) => {
      const longer = run && growth.take(run, value);
      if (!longer) return;
      run = { ...longer, linked: run.linked, intact: run.intact, hasEnded: Boolean(value.ended) };
      if (value.facts) epochs.tellFacts(demo, value.facts);
      chosen = { ...chosen, token: run.stacks[chosen.stack].pooled ? -1 : run.tokens.source.length - 1 };
      settle();
      live.dataset.grown = `${value.state} ${run.grown}`;
      draw();
    };
    runs.onEnded(draw, "continue");

    function modelNow() {                        // a folder of this machine is not in the address
      const named = state.asked(demo, "model");
      return named && named !== config.first ? named : epochs.chosen[demo] ?? config.first;
    }
    // Which kind of input the chosen model reads: the other one is not shown.
    function showInput() {
      const id = modelNow();
      document.getElementById(demo)?.setAttribute("data-kind", kinds[id] || "any");
      own.hint?.(kinds[id]);
      for (const chip of document.querySelectorAll(`#${demo} .control-kinds .chip`)) chip.setAttribute("aria-pressed", kinds[chip.value] === kinds[id]);
    }
    own.showInput = showInput;
    for (const type of ["click", "keyup"]) document.addEventListener(type, showInput);
    new MutationObserver(showInput).observe(document.documentElement, { attributes: true, attributeFilter: ["data-epochs"] });   // all of the page is there
    showInput();
    // Who looks at something else waits for no continuation of what was on the stage.
    const looks = { click: [`#${demo}-run`, ...["kinds", "examples"].map((name) => `#${demo} .control-${name} .chip`)].join(), keydown: `#${demo}-text`,
      "epochs:trigger": `#${demo} .control-emoji` };
    for (const [type, where] of Object.entries(looks)) document.addEventListener(type, (event) => {
      const isMeant = type === "click" || (type === "keydown" ? event.key === "Enter" && event.shiftKey : event.detail === "input");
      if (isMeant && event.target.closest?.(where)) growth.stop();
    }, true);
    watch("value", adopt);
    adopt();
  });
})();
