// What came of it: losses token by token, what comes next, what a token passes through, both continuations.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const { show: tokenText, answer, isolate, join } = epochs.tokens;
  const SMALL = 0.05;                            // nats: a difference that is not coloured
  const signed = (v) => (v >= 0 ? "+" : "\u2212") + Math.abs(v).toFixed(2);
  const nats = (v) => (v === null || v === undefined ? "\u2013" : v.toFixed(2));

  // Every token of the text with its loss before and after; one that is pointed at is told.
  function strip({ text }) {
    const lead = h("p.surg-lead"), box = h("div.surg-strip", { role: "group", "aria-label": text.strip }), reading = h("p.stage-note.surg-reading", { role: "status" }, text.strip_hint);
    const stop = epochs.roving(box);
    let shown = null;
    const tell = (place) => {
      const { tokens, plain, operated } = shown, [a, b] = [plain.nats[place], operated.nats[place]];
      const token = isolate(tokenText(tokens[place]));
      reading.textContent = a === null ? fill(text.token_first, { token }) : fill(text.token_told, { token, plain: nats(a), operated: nats(b), more: signed(b - a),
        p: percent(Math.exp(-a)), q: percent(Math.exp(-b)) });
    };
    function show(opening) {
      shown = opening;
      const { tokens, plain, operated } = opening, high = Math.max(1, ...plain.nats.map((v) => v ?? 0), ...operated.nats.map((v) => v ?? 0));
      lead.textContent = plain.mean === null ? text.no_loss : fill(text.lead, { plain: nats(plain.mean), operated: nats(operated.mean), more: signed(operated.mean - plain.mean) });
      box.replaceChildren(...tokens.map((token, place) => {
        const [a, b] = [plain.nats[place], operated.nats[place]], more = a === null ? 0 : b - a;
        const bar = (v, side) => h(`i.surg-${side}`, { style: `height:${v === null ? 0 : Math.max(4, 100 * Math.max(0, v) / high).toFixed(0)}%` });
        const node = h("button.surg-token", { type: "button", dir: "auto", "aria-label": a === null ? tokenText(token) : `${tokenText(token)}: ${nats(a)} \u2192 ${nats(b)}` },
          h("span.surg-bars", { "aria-hidden": true }, bar(a, "plain"), bar(b, "operated")), h("span", {}, tokenText(token)));
        if (Math.abs(more) >= SMALL) { node.classList.add(more > 0 ? "worse" : "better"); node.style.setProperty("--surg-much", Math.min(1, Math.abs(more) / 3).toFixed(2)); }
        for (const type of ["pointerenter", "focus", "click"]) node.addEventListener(type, () => tell(place));
        return node;
      }));
      stop();
      reading.textContent = text.strip_hint;
    }
    const key = h("p.surg-key", {}, h("span", {}, h("i.surg-plain"), text.plain), h("span", {}, h("i.surg-operated"), text.operated), h("span", {}, text.key_colour));
    return { node: h("div.surg-part", {}, h("h3.surg-title", {}, text.losses), lead, box, key, reading), show };
  }

  // The likeliest next tokens on either side, two bars each.
  function next({ text }) {
    const list = h("ul.surg-next"), note = h("p.stage-note");
    function show(opening) {
      list.replaceChildren(...opening.next.slice(0, 10).map((row) => h("li", {}, h("b", { dir: "auto" }, answer(row.text)),
        ...["plain", "operated"].map((side) => h("span.surg-row", {}, h(`i.surg-${side}`, { style: `width:${(100 * row[side]).toFixed(1)}%` }), h("span", {}, percent(row[side])))))));
      note.textContent = fill(text.divergence, { kl: opening.divergence.toFixed(opening.divergence < 0.1 ? 4 : 2) });
    }
    return { node: h("div.surg-part", {}, h("h3.surg-title", {}, text.next), list, note), show };
  }

  // What a token passes through, before and after, beside all there is.
  function meters({ text }) {
    const box = h("div.surg-meters");
    function show({ plain, operated }) {
      const sides = { plain: plain.meter, operated: operated.meter };
      const meter = (name, what, full, more) => h("div.surg-meter", {}, h("p", {}, h("b", {}, text[name]), " ", h("span.surg-note", {}, more)),
        ...["plain", "operated"].map((side) => h("span.surg-row", {}, h(`i.surg-${side}`, { style: `width:${(100 * sides[side][what] / full).toFixed(1)}%` }), h("span", {}, sides[side].said[what]))));
      const { parameters } = plain.meter, most = Math.max(plain.meter.operations, operated.meter.operations);
      box.replaceChildren(
        meter("meter_active", "active", parameters, fill(text.meter_active_more, { all: plain.meter.said.parameters })),
        meter("meter_operations", "operations", most, text.meter_operations_more),
        h("p.stage-note", {}, fill(text.meter_experts, { plain: plain.meter.computing, operated: operated.meter.computing, left: operated.meter.left, layers: plain.meter.layers })));
    }
    return { node: h("div.surg-part", {}, h("h3.surg-title", {}, text.meters), box), show };
  }

  // Both continuations; from the first token on that differs, the operated one is marked.
  function texts({ text }) {
    const sides = ["plain", "operated"].map((side) => { const words = h("p.surg-words", { dir: "auto" }), speed = h("p.surg-note"); return { side, words, speed, node: h(`div.surg-written.surg-of-${side}`, {}, h("p.surg-side", {}, h(`i.surg-${side}`), text[side]), words, speed) }; });
    const note = h("p.stage-note");
    function show(run) {
      const { points, opening } = run, before = join(opening.tokens.slice(-12)), last = points.at(-1);
      const tokens = (side) => points.map((point) => point[side]).filter(Boolean);
      const [a, b] = [tokens("plain"), tokens("operated")];
      let apart = 0;
      while (apart < Math.min(a.length, b.length) && a[apart].id === b[apart].id) apart++;
      sides.forEach(({ side, words, speed }, at) => {
        const own = at ? b : a;
        words.replaceChildren(h("span.surg-before", {}, (opening.tokens.length > 12 ? "\u2026" : "") + before), h("span", {}, join(own.slice(0, apart))), h("mark", {}, join(own.slice(apart))));
        speed.textContent = last && last.seconds[at] > 0 ? fill(text.speed, { n: last.words[at], rate: (last.words[at] / last.seconds[at]).toFixed(0) }) : "";
      });
      note.textContent = !points.length ? (run.settings.words ? text.texts_wait : text.texts_none) : apart === Math.max(a.length, b.length) ? text.texts_same : fill(text.texts_apart, { n: apart });
    }
    return { node: h("div.surg-part", {}, h("h3.surg-title", {}, text.texts), h("div.surg-texts", {}, sides.map(({ node }) => node)), note), show };
  }

  epochs.surgery = Object.assign(epochs.surgery || {}, { results: { strip, next, meters, texts }, signed, nats });
})();
