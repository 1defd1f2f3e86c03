// The stage: tokens, one view of the maps, one panel of evidence; a token, head or layer picked in one is picked in all.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const own = epochs.attention;
  const KEPT = 12;                               // heads whose exact maps stay in the browser

  // Answers to questions about what is on the stage; the newest question of a kind waits while another is on.
  register("attention_reply", ({ props, watch }) => { watch("value", () => own.adoptReply?.(epochs.read(props))); });
  register("attention_asks", ({ props, trigger }) => { own.send = (value) => { props.value = value; trigger("select"); }; });
  register("attention_wish", ({ props, trigger }) => { own.wish = (value) => { props.value = value; trigger("select"); }; });
  register("attention_grown", ({ props, watch }) => { watch("value", () => own.adoptGrown?.(epochs.read(props))); });
  own.ended = () => own.afterReply?.();          // the server has nothing more to say to a question
  // Which kind of input the chosen model reads: the other one is not shown.
  own.kind = (demo, kinds, id) => { document.getElementById(demo)?.setAttribute("data-kind", kinds[id] || "any"); };

  function courier() {
    let ticket = 0, flying = null;
    const waiting = new Map();                   // what -> {value, done}
    function next() {
      if (flying || !waiting.size) return;
      const [what, { value, done }] = waiting.entries().next().value;
      waiting.delete(what);
      flying = { ticket: ++ticket, done };
      own.send({ ...value, what, ticket });
    }
    const finish = (reply) => { const { done } = flying; flying = null; done(reply); next(); };
    own.adoptReply = (reply) => { if (flying && reply.ticket === flying.ticket) finish(reply); };
    own.afterReply = () => setTimeout(() => { if (flying) finish(null); }, 150);   // a reply is a moment behind its end
    return (what, value) => new Promise((done) => {
      waiting.get(what)?.done(null);
      waiting.set(what, { value, done });
      next();
    });
  }

  register("attention_stage", ({ root, config, props, watch, text }) => {
    const { demo, kinds } = config;
    const runs = epochs.runs(demo);
    const send = courier();
    let run = null, whole = null, chosen = { stack: 0, layer: 0, head: 0, token: -1 }, seed = 0;
    const asked = (name, high) => { const v = epochs.state.askedNumber(demo, name, 0, high, -1); return Number.isInteger(v) ? v : -1; };
    let wanted = { stack: epochs.state.asked(demo, "stack"), layer: asked("layer", 99), head: asked("head", 99), token: asked("token", 511) };
    let view = epochs.state.asked(demo, "view") || "", panel = epochs.state.asked(demo, "panel") || "next";
    const heads = new Map(), rows = new Map();

    // -- what the views are given -------------------------------------------------------------
    const question = () => ({ text: run.asked.text, model: run.asked.model, after: run.tokens.source.slice(run.tokens.source.length - run.grown).map((t) => t.id) });
    const after = () => (run.grown ? question().after : []);
    const ask = async (what, extra = {}) => {
      const key = run.key;
      const reply = await send(what, { ...question(), after: after(), ...extra });
      return reply && run?.key === key ? reply : null;
    };
    async function detail(of, at) {
      const stack = of.stacks[at.stack];
      const query = at.token < 0 ? stack.q - 1 : Math.min(at.token, stack.q - 1);
      const name = [of.key, at.stack, at.layer, at.head].join();
      const kept = heads.get(name);
      if (kept && (kept.scores || kept.rows.query === query)) return kept;
      const reply = await ask("head", { stack: stack.name, layer: at.layer, head: at.head, query });
      if (!reply) return kept || null;
      const found = await own.unpackHead(reply);
      heads.delete(name);
      heads.set(name, found);
      if (heads.size > KEPT) heads.delete(heads.keys().next().value);
      return found;
    }
    async function row(of, stack, query) {
      if (!stack.pooled) {
        const found = new Uint8Array(stack.layers * stack.heads * stack.k);
        for (let n = 0; n < stack.layers * stack.heads; n++)
          found.set(stack.maps.subarray((n * stack.rows + query) * stack.columns, (n * stack.rows + query) * stack.columns + stack.k), n * stack.k);
        if (of.kind !== "vision" || query === 0) return Object.assign(found, { rollout: of.rollout });
      }
      const name = [of.key, stack.name, query].join();
      if (!rows.has(name)) {
        const reply = await ask("row", { stack: stack.name, query });
        if (!reply) return null;
        if (rows.size > KEPT) rows.clear();
        rows.set(name, Object.assign(epochs.bytes(reply.p), { rollout: reply.rollout }));
      }
      return rows.get(name);
    }
    const select = (change) => {
      const stack = run.stacks[change.stack ?? chosen.stack];
      const fresh = change.stack !== undefined && change.stack !== chosen.stack ? { layer: 0, head: 0, token: -1 } : {};
      chosen = { ...chosen, ...fresh, ...change };
      chosen.layer = Math.min(chosen.layer, stack.layers - 1);
      chosen.head = Math.min(chosen.head, stack.heads - 1);
      chosen.token = Math.min(chosen.token, stack.q - 1);
      for (const name of ["layer", "head", "token"]) epochs.state.set(demo, name, chosen[name] < 0 ? "" : chosen[name]);
      epochs.state.set(demo, "stack", run.stacks.length > 1 ? stack.name : "");
      draw();
    };
    const stop = epochs.runs.stopButton(demo, text.stop, "continue");
    const continueText = ({ temperature }) => {
      runs.running.continue = true;
      whole = run;
      own.wish({ ...question(), after: after(), temperature, seed: seed++, off: parts.switch?.state?.().off ?? [] });
    };
    const given = { text, demo, select, ask, detail, row, continueText, stopButton: stop, changed: () => {} };

    // -- layout -------------------------------------------------------------------------------
    const parts = {};
    const part = (name) => (parts[name] ??= own.views[name](given));
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const strip = h("div.att-strip", { role: "group", "aria-label": text.tokens });
    const about = h("p.att-about");
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
    const panelBox = h("div.att-panel");
    const live = h("div.att-live", { hidden: true }, strip, about, stackBox, viewBar, viewBox, viewNote, h("div.stage-tools", {}, tensors),
      h("h3.att-heading", {}, text.evidence), panelBar, panelBox, h("p.stage-note", {}, text.not_proof));
    root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

    const VIEWS = { causal: ["overview", "arcs", "matrix", "stages"], masked: ["overview", "arcs", "matrix", "stages"],
      translation: ["alignment", "overview", "arcs", "matrix", "stages"], vision: ["picture", "overview", "matrix", "stages"] };
    const PANELS = { causal: ["next", "heads", "switch", "words", "lens"], masked: ["next", "heads", "switch", "words", "lens"],
      translation: ["next", "heads", "switch", "words", "lens"], vision: ["heads", "switch"] };
    const bar = (box, names, now, prefix, choose) => epochs.redraw(box, ...names.map((name) =>
      h("button.segment", { type: "button", "aria-pressed": name === now, onclick: () => choose(name) }, text[prefix + name])));
    function pickView(name) { view = name; epochs.state.set(demo, "view", name === VIEWS[run.kind][0] ? "" : name); draw(); }
    function pickPanel(name) { panel = name; epochs.state.set(demo, "panel", name === PANELS[run.kind][0] ? "" : name); draw(); }

    // The tokens, shaded by where the chosen one looks in the chosen head.
    function drawStrip() {
      strip.hidden = run.kind === "vision";
      if (strip.hidden) { strip.replaceChildren(); return; }
      const stack = run.stacks[chosen.stack];
      const query = chosen.token < 0 ? stack.q - 1 : chosen.token;
      const sides = stack.queries === stack.keys ? [stack.keys] : [stack.keys, stack.queries];
      const stripKey = run.key + sides;
      if (strip.dataset.of !== stripKey) {
        strip.dataset.of = stripKey;
        strip.replaceChildren(...sides.map((side) => h("div.att-side", { "data-side": side }, run.tokens[side].map((token, place) =>
          h("button.att-token" + (token.special ? ".special" : "") + (side === "source" && place >= run.tokens.source.length - run.grown ? ".grown" : ""),
            { type: "button", dir: "auto", onclick: () => pickToken(side, place) }, own.tokenText(token))))));
      }
      strip.querySelectorAll(".att-side").forEach((box) => {
        const { side } = box.dataset;
        box.childNodes.forEach((node, place) => {
          const looks = side === stack.keys && place < stack.k ? own.p(own.level(run, stack, chosen.layer, chosen.head, query, place)) : 0;
          node.style.setProperty("--att", looks > 0.004 ? Math.sqrt(looks).toFixed(3) : "0");
          node.setAttribute("aria-pressed", side === stack.queries && place === query);
        });
      });
    }
    // A key of a cross stack is no query: it is looked at among the source's own.
    function pickToken(side, place) {
      const stack = run.stacks[chosen.stack];
      if (side === stack.queries) { select({ token: place }); return; }
      const other = run.stacks.findIndex((s) => s.queries === side);
      if (other >= 0) select({ stack: other, token: place });
    }

    function draw() {
      if (!run) return;
      const stack = run.stacks[chosen.stack];
      if (!VIEWS[run.kind].includes(view)) view = VIEWS[run.kind][0];
      if (!PANELS[run.kind].includes(panel)) panel = PANELS[run.kind][0];
      drawStrip();
      const query = chosen.token < 0 ? stack.q - 1 : chosen.token;
      const name = own.className(text, stack.classes[own.index(stack, chosen.layer, chosen.head)]);
      about.textContent = fill(name ? text.about_named : text.about, { head: own.headName(stack, chosen.layer, chosen.head, text), name,
        token: own.tokenName(run, stack.queries, query, text) });
      stackBox.hidden = run.stacks.length < 2;
      bar(stackBox, run.stacks.map((s) => s.name), stack.name, "stack_", (n) => select({ stack: run.stacks.findIndex((s) => s.name === n) }));
      bar(viewBar, VIEWS[run.kind], view, "view_", pickView);
      bar(panelBar, PANELS[run.kind], panel, "panel_", pickPanel);
      const now = part(view);
      if (viewBox.firstChild !== now.node) viewBox.replaceChildren(now.node);
      now.show(run, chosen);
      viewNote.textContent = text["note_" + view];
      const below = part(panel);
      if (panelBox.firstChild !== below.node) panelBox.replaceChildren(below.node);
      below.show(run, chosen);
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
        token: wanted.token >= 0 && wanted.token < stack.q ? wanted.token : run.kind === "vision" ? 0 : -1 };
    }

    function adopt() {
      const value = epochs.read(props);
      if (!value.stacks) return;
      const before = run;
      if (runs.running.continue) runs.stop("continue");
      run = own.unpack(value);
      if (!before || before.kind !== run.kind || before.asked.model !== run.asked.model) { if (before) wanted = { ...wanted, stack: null, layer: -1, head: -1, token: -1 }; begin(); }
      else { const s = run.stacks[chosen.stack]; chosen = { ...chosen, token: before.asked.text === run.asked.text ? Math.min(chosen.token, s.q - 1) : -1 }; }
      own.kind(demo, kinds, run.asked.model);
      empty.hidden = true;
      live.hidden = false;
      live.dataset.run = run.run;
      live.dataset.kind = run.kind;
      draw();
      epochs.offerFigure(demo, () => own.figure(run, chosen, { demo, view }, text));
      if (before) epochs.bringIntoView(root, demo);
    }
    own.adoptGrown = (value) => {
      if (!run || !whole || !value.steps) return;
      const have = run.grown - whole.grown;
      for (const step of value.steps.slice(have)) run = own.grow(run, step);
      chosen = { ...chosen, token: run.tokens.source.length - 1 };
      if (run.stacks[chosen.stack].pooled) chosen.token = -1;
      if (value.state !== "running") runs.running.continue = false;
      live.dataset.grown = `${value.state} ${run.grown}`;
      if (value.next && value.state !== "running") run = { ...run, next: value.next };
      draw();
    };
    runs.onEnded(() => { runs.running.continue = false; draw(); }, "continue");
    own.kind(demo, kinds, epochs.state.asked(demo, "model") || config.first);
    watch("value", adopt);
    adopt();
  });
})();
