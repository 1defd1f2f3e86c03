// The three ways to take along: maps, curves, the two words' scores, and everything needed to compute them again.
"use strict";
(() => {
  const { h } = epochs;
  const [SIDE, GAP, LEFT, TOP] = [280, 24, 20, 64];

  function put(node, x, y, width, height) {
    for (const [key, to] of Object.entries({ x, y, width, height })) node.setAttribute(key, to);
    return node;
  }

  function svg({ value, methods, place, other, shift, reached, cards, text }) {
    const P = epochs.positions;
    const { line, small, write } = epochs.sheet;
    const { ys, above } = P.scales(methods, value.settings, text);
    const [W, below] = [2 * LEFT + 3 * SIDE + 2 * GAP, TOP + SIDE + 210];
    const columns = methods.map((method, i) => {
      const x = LEFT + i * (SIDE + GAP);
      const drawn = P.curve(method, value.settings.places, { place, other, ys: ys(method), words: { axis: text.curve_axis, above, label: text[method.method] } });
      return [line(x, TOP, `${text[method.method]} · ${P.say(method.bottom)} … ${P.say(method.top)}`, { "font-weight": 600 }),
        h("image", { x, y: TOP + 10, width: SIDE, height: SIDE, href: cards[method.method].painted().toDataURL("image/png"), style: "image-rendering:pixelated" }),
        put(drawn, x, TOP + SIDE + 18, SIDE, SIDE * 190 / 320)];
    });
    const told = methods.map(({ method, along }) => `${text[method]}: ${P.say(along[0], 4)} → ${P.say(along[shift], 4)}`);
    return write({ width: W, height: below + 262, title: text.figure_title, desc: told.join("; ") },
      line(LEFT, 30, text.figure_title, { "font-weight": 600, "font-size": 16 }), small(LEFT, 46, value.settings.words ? text.compared_words : text.compared_places),
      columns.flat(), line(LEFT, below, text.proof, { "font-weight": 600 }),
      put(P.journey(methods, { shift, reached }, { axis: text.journey_axis, above: text.score, label: text.proof }), LEFT, below + 8, 420, 220),
      told.map((words, i) => line(LEFT + 450, below + 60 + 24 * i, words)), small(LEFT, below + 250, value.footer));
  }

  function figure({ demo, value, methods, place, other, shift, reached, gap, cards, text }) {
    const last = value.settings.places - 1;
    const rows = methods.flatMap(({ method, low, high, at }) => low.map((lowest, i) => {
      const offset = i - last, n = place + offset;
      return { method, offset, lowest, highest: high[i], [`from_place_${place}`]: n >= 0 && n <= last ? at(place, n) : "" };
    }));
    return { name: "epochs-positions", svg: svg({ value, methods, place, other, shift, reached, cards, text }), rows,
      record: { demo, ...value.settings, place, shift, gap, date: value.date, methods: methods.map(({ method, width, spread, low, high, along }) => ({ method, width,
        largest_difference_at_equal_distance: spread, lowest_by_offset: low, highest_by_offset: high, score_of_two_words_by_shift: along })) } };
  }
  Object.assign(epochs.positions ??= {}, { figure });
})();
