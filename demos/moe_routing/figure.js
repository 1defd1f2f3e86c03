// What is taken along of the routing: the grid as a drawing, every score and weight as numbers.
"use strict";
(() => {
  const { h, fill, sheet: { line, small, short, write } } = epochs;
  const own = epochs.moeRouting, routes = epochs.routes;
  const [EDGE, WIDE, HIGH, AXIS, PER_LINE, LETTERS] = [16, 54, 24, 56, 16, 7];

  function drawing({ run, expert, at, limits }, text) {
    const lines = Math.ceil(run.length / PER_LINE), block = (run.layers.length + 1) * (HIGH + 2) + 14, top = 66;
    const width = 2 * EDGE + AXIS + PER_LINE * WIDE, nodes = [];
    run.tokens.forEach((token, place) => {
      const x = EDGE + AXIS + (place % PER_LINE) * WIDE, y = top + Math.floor(place / PER_LINE) * block;
      nodes.push(line(x + WIDE / 2 - 1, y + 16, short(routes.nameOf(run, place), LETTERS), { "text-anchor": "middle", "font-size": 12 }));
      run.layers.forEach((_, layer) => {
        const high = y + (layer + 1) * (HIGH + 2), faded = expert >= 0 && !(layer === at && routes.has(run, layer, place, expert));
        const pieces = routes.shares(run, layer, place);
        nodes.push(h("rect", { x, y: high, width: WIDE - 3, height: HIGH, fill: run.colours[pieces[0].expert], opacity: faded ? 0.08 : 0.26 }));
        if (pieces[0].share * (WIDE - 3) <= 12 && !faded) nodes.push(line(x + (WIDE - 3) * 0.6, high + 16, String(pieces[0].expert + 1), { "text-anchor": "middle", "font-size": 11 }));
        for (const piece of pieces) {
          const from = x + piece.from * (WIDE - 3), share = piece.share * (WIDE - 3);
          nodes.push(h("rect", { x: from.toFixed(1), y: high, width: share.toFixed(1), height: HIGH, fill: run.colours[piece.expert], opacity: faded ? 0.15 : null }));
          if (share > 12 && !faded) nodes.push(line((from + share / 2).toFixed(1), high + 16, String(piece.expert + 1), { "text-anchor": "middle", "font-size": 11, fill: routes.ink(run.colours[piece.expert]) }));
        }
        if (limits?.[layer].dropped.has(place)) nodes.push(h("line", { x1: x, y1: high + HIGH, x2: x + WIDE - 3, y2: high, stroke: "#d23a2e", "stroke-width": 2 }));
      });
    });
    for (let n = 0; n < lines; n++)
      run.layers.forEach(({ layer }, row) => nodes.push(small(EDGE, top + n * block + (row + 1) * (HIGH + 2) + 16, fill(text.layer, { layer: layer + 1 }))));
    const foot = top + lines * block;
    return { width: Math.max(width, 420), height: foot + 30, children: [line(EDGE, 26, fill(text.figure_title, { name: run.name }), { "font-weight": 600, "font-size": 15 }),
      line(EDGE, 46, fill(text.figure_text, { text: short(run.asked.text.replace(/\s+/g, " "), 110) }), { "font-size": 12 }), ...nodes,
      small(EDGE, foot + 14, fill(text.figure_layers, { first: run.layers[0].layer + 1, last: run.layers.at(-1).layer + 1 })), small(width - 80, foot + 14, "Epochs")] };
  }

  const digits = (v, n = 6) => +v.toPrecision(n);

  own.figure = (on, text) => {
    const { run, demo, factor, limits, corpus } = on, { width, height, children } = drawing(on, text), title = fill(text.figure_title, { name: run.name });
    const each = (tell) => run.layers.flatMap((layer, at) => run.tokens.flatMap((_, place) => tell(layer, at, place)));
    return { name: "epochs-routing", settings: { app: "epochs", demo, model: run.checkpoint, text: run.asked.text },
      svg: write({ width, height, title, desc: title }, ...children),
      // Of a long text these are many: made when they are asked for.
      get rows() {
        return each((layer, at, place) => {
          const scores = routes.affinities(run, at, place), picks = routes.chosen(run, at, place);
          return [...scores].map((score, expert) => {
            const rank = picks.findIndex((pick) => pick.expert === expert);
            return { layer: layer.layer + 1, place: place + 1, token: run.tokens[place].text, expert: expert + 1, score: digits(score), logit: digits(layer.logits[place * layer.experts + expert]),
              rank: rank < 0 ? "" : rank + 1, weight: rank < 0 ? 0 : digits(picks[rank].weight), over_the_limit: limits?.[at].dropped.get(place)?.includes(expert) ? 1 : 0 };
          });
        });
      },
      get record() {
        return { counting: "layers, experts and places count from 1; the marks before the text are places of it, and are not counted in loads", demo, model: run.checkpoint, name: run.name, asked: { ...run.asked, model: run.checkpoint },
          experts: run.experts, top_k: run.top_k, shared: run.shared, scores: run.scores, marks: run.marks, parameters: run.parameters, active: run.active, cut: run.cut, provenance: run.provenance,
          capacity_factor: factor, tokens: run.tokens.map(({ text: word, id }) => ({ text: word, id })), nats: [...run.nats].map((v) => digits(v)),
          layers: run.layers.map((layer, at) => ({ layer: layer.layer + 1, experts: layer.experts, bias: layer.bias, load: routes.counts(run, at), together: layer.k > 1 ? routes.together(run, at) : null, turned_away: limits?.[at].turned ?? null,
            choices: run.tokens.map((_, place) => routes.chosen(run, at, place).map(({ expert, weight }) => ({ expert: expert + 1, weight: digits(weight) }))),
            scores: run.tokens.map((_, place) => [...routes.affinities(run, at, place)].map((v) => digits(v))) })), corpus: corpus?.routing ?? null };
      } };
  };
})();
