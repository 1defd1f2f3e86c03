// The stage: three ways of writing positions side by side, and two words that move along the text.
"use strict";
(() => {
  const { h, register, fill, state } = epochs;

  register("positions_stage", ({ root, config, props, watch, text }) => {
    const { demo, methods: names, colours, gap, same } = config;
    const P = epochs.positions;
    let value = {};
    let methods = [];                            // opened, in the order of `names`
    let place = 0, other = 0, shift = 0;         // shown: within the places there are
    let moved = 0;                               // how far the visitor has moved the words: what comes further on is not told before
    // As asked for: fewer places for a while make none of them forgotten.
    const wanted = { place: Math.round(state.askedNumber(demo, "place", 0, 255, config.place)),
      shift: Math.round(state.askedNumber(demo, "shift", 0, 250, config.shift)) };
    let called = false;                          // the visitor pressed a button, and the answer may come into view

    const range = (key, id) => h("input", { type: "range", min: 0, max: 1, step: 1, value: 0, id: `${demo}-${id}`, oninput: (event) => choose(key, Number(event.target.value)) });
    const places = range("place", "place"), along = range("shift", "shift");
    const placeShown = h("output", { for: places.id }), shiftShown = h("output", { for: along.id });
    const tool = (key, label, slider, shown) => h(`div.stage-tools.control-${key}`, {}, h("label", { for: slider.id }, label), slider, shown);
    const cards = Object.fromEntries(names.map((name) => [name, P.makeCard(name, { demo, text, colours, point, leave: () => tell(place, other) })]));
    const compared = h("p.positions-compared");
    const detail = h("p.positions-detail", { id: `${demo}-detail` });
    const chart = h("div");
    const table = h("div");
    const verdict = h("p.positions-said");
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const live = h("div.positions-live", {}, compared, tool("place", text.place, places, placeShown),
      h("div.positions-cards", {}, names.map((name) => cards[name].node)), detail, h("p.stage-note", {}, text.legend),
      h("section.positions-proof", { "aria-label": text.proof }, h("h3.positions-name", {}, text.proof), h("p.positions-how", {}, fill(text.proof_how, { gap })),
        tool("shift", text.shift, along, shiftShown), h("div.positions-proof-body", {}, chart, h("div", {}, table, verdict))));
    root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

    function choose(key, to) {
      wanted[key] = to;
      state.set(demo, key, to);
      key === "place" ? drawPlace() : drawShift();
    }

    // On a map. A pair that is only passed over is told, and marked where its row is the chosen one.
    function point(m, n, chosen) {
      if (chosen) {
        [wanted.place, other] = [m, n];
        state.set(demo, "place", m);
        drawPlace(n);
      } else tell(m, n);
    }

    function tell(m, n) {
      const scores = methods.map((method) => `${text[method.method]} ${P.say(method.at(m, n), 3)}`).join(" \u00b7 ");
      detail.textContent = fill(text.detail, { m, n, distance: P.say(n - m, 0), scores });
    }

    function drawPlace(to = null) {
      const last = value.settings.places - 1;
      place = Math.min(last, wanted.place);
      // The pair one looks at: as far apart as the words below, unless a map was pointed at.
      other = to ?? (place + gap <= last ? place + gap : place - gap);
      places.max = last;
      places.value = place;
      placeShown.textContent = place;
      const { ys, above } = P.scales(methods, value.settings, text);
      for (const method of methods) cards[method.method].show(method, { place, other, ys: ys(method), above });
      tell(place, other);
    }

    // The opening asks for a prediction; who has pressed the button has made one, or wants none.
    const reached = () => (value.opening ? moved : value.settings.places - 1 - gap);

    function drawShift() {
      const last = value.settings.places - 1 - gap;
      shift = Math.min(last, wanted.shift);
      moved = Math.max(moved, shift);
      along.max = last;
      along.value = shift;
      shiftShown.textContent = shift;
      along.setAttribute("aria-valuetext", fill(text.shift_value, { s: shift, first: shift, second: shift + gap }));
      const rows = methods.map(({ method, along: scores }) => ({ method, first: scores[0], now: scores[shift], by: scores[shift] - scores[0] }));
      const difference = ({ by }) => (Math.abs(by) < same ? text.unchanged : (by > 0 ? "+" : "") + P.say(by, 4));
      chart.replaceChildren(P.journey(methods, { shift, reached: reached() }, { axis: text.journey_axis, above: text.score,
        label: `${text.proof}. ` + rows.map((row) => fill(text.journey_of, { name: text[row.method], first: P.say(row.first, 4), now: P.say(row.now, 4), s: shift })).join(" ") }));
      const cell = (words) => h("td", {}, words);
      table.replaceChildren(h("table.positions-table", {}, h("thead", {}, h("tr", {}, h("td"), [text.at_start, fill(text.moved_by, { s: shift }), text.difference].map((words) => h("th", { scope: "col" }, words)))),
        h("tbody", {}, rows.map((row) => h("tr", { "data-method": row.method }, h("th", { scope: "row" }, h("span.positions-key", {}, P.swatch(row.method), h("span", {}, text[row.method]))), cell(P.say(row.first, 4)), cell(P.say(row.now, 4)), cell(difference(row)))))));
      const still = methods.filter((method) => !method.moves).map((method) => text[method.method]);
      verdict.textContent = !reached() ? text.unmoved : still.length ? fill(text.still, { names: still.join(text.and) }) : text.none_still;
    }

    // A link may ask for other settings than those the page opens with: then nothing is shown until it has been computed.
    const elsewhere = () => value.opening && Object.entries(value.settings).some(([key, held]) => {
      const asked = state.asked(demo, key);
      return asked !== null && asked !== undefined && asked !== "" && Number(asked) !== Number(held);
    });

    function adopt() {
      const told = epochs.read(props);
      if (!told.run) return;
      value = told;
      methods = names.map((name) => value.methods.find((method) => method.method === name)).filter(Boolean).map((method) => P.open(method, value.settings.places));
      const waiting = elsewhere();
      empty.hidden = !waiting;
      live.hidden = waiting;
      if (waiting) { epochs.withdrawFigure(demo); return; }
      compared.textContent = value.settings.words ? text.compared_words : text.compared_places;
      for (const name of names) cards[name].adopt(methods.find((method) => method.method === name), value.settings);
      drawPlace();
      drawShift();
      root.dataset.run = value.run;
      if (called && !value.opening) epochs.bringIntoView(root, demo);
      called = false;
      epochs.offerFigure(demo, () => P.figure({ demo, value, methods, place, other, shift, reached: reached(), gap, cards, text }));
    }
    document.addEventListener("click", (event) => { if (event.target.closest?.(`#${demo}-run, #${demo} .control-presets .chip`)) called = true; }, true);
    watch("value", adopt);
    adopt();
  });
})();
