// A mixture's routing on the page: one pass unpacked, what can be counted of it, and the grid of tokens by layers.
// In all that follows `at` is the place of a layer among those that have a router, from 0.
"use strict";
epochs.routes = (() => {
  const { h, fill, bytes, percent } = epochs;
  // Scripts stand in the order of their names: a later one is there once something is drawn.
  const tokenText = (...given) => epochs.tokens.show(...given), isolate = (...given) => epochs.tokens.isolate(...given);
  const WIDE = [36, 36, 52];                     // pixels of a column, by how many experts a cell names
  const MORE = 72, AXIS = 36, LARGE = 1.3;       // on a projector, where the page's type is larger, too
  const PALE = 26;                               // percent of a colour that stands for weight that was not given
  const ROOM = [11, 13];                          // pixels that a number of one figure needs, and one of two

  // A value of `base.moe.packing.routed_value` -> {tokens, marks, scores, layers: [{layer, experts, k, logits, weights, indices, dropped, bias}], nats, length}.
  function unpack(value) {
    const floats = (packed) => new Float32Array(bytes(packed).buffer);
    const layers = value.layers.map((layer) => ({ ...layer, logits: floats(layer.logits), weights: floats(layer.weights), indices: new Uint16Array(bytes(layer.indices).buffer), dropped: layer.dropped && bytes(layer.dropped) }));
    return { ...value, layers, nats: floats(value.nats), length: value.tokens.length };
  }

  // What the router made of a token: E affinities, by softmax or each for itself.
  function affinities(run, at, token) {
    const { experts, logits } = run.layers[at];
    const row = logits.subarray(token * experts, (token + 1) * experts);
    if (run.scores === "sigmoid") return row.map((v) => 1 / (1 + Math.exp(-v)));
    const high = Math.max(...row), powers = row.map((v) => Math.exp(v - high)), sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((v) => v / sum);
  }

  // The experts that computed for a token, [{expert, weight}], the weightiest first.
  function chosen(run, at, token) {
    const { k, weights, indices } = run.layers[at];
    return Array.from({ length: k }, (_, i) => ({ expert: indices[token * k + i], weight: weights[token * k + i] })).sort((a, b) => b.weight - a.weight);
  }
  const has = (run, at, token, expert) => { const { k, indices } = run.layers[at]; return indices.subarray(token * k, (token + 1) * k).includes(expert); };

  // -- counts, all over the text's own tokens: the marks before it are in every text --------------------------------
  const own = (run) => Array.from({ length: run.length - run.marks }, (_, i) => i + run.marks);
  function counts(run, at) {
    const found = new Array(run.layers[at].experts).fill(0);
    for (const token of own(run)) for (const { expert } of chosen(run, at, token)) found[expert]++;
    return found;
  }
  // How often two experts read the same token; experts[a][a] is how often a was chosen.
  function together(run, at) {
    const found = counts(run, at).map((_, __, all) => new Array(all.length).fill(0));
    for (const token of own(run)) { const picks = chosen(run, at, token); for (const a of picks) for (const b of picks) found[a.expert][b.expert]++; }
    return found;
  }
  // How often a token went from expert a of this layer to expert b of the next.
  function onward(run, at) {
    const found = counts(run, at).map(() => new Array(run.layers[at + 1].experts).fill(0));
    for (const token of own(run)) for (const a of chosen(run, at, token)) for (const b of chosen(run, at + 1, token)) found[a.expert][b.expert]++;
    return found;
  }
  // Who would be turned away were each expert to take `factor` times an even share and no more: first choices of all tokens
  // first, in the order of the text, then second ones (arXiv:2006.16668, algorithm 1; arXiv:2101.03961, equation 3).
  function limited(run, at, factor) {
    const { experts, k } = run.layers[at], tokens = own(run);
    const capacity = Math.max(1, Math.ceil(factor * k * tokens.length / experts)), taken = new Array(experts).fill(0), dropped = new Map();
    let turned = 0;
    const order = tokens.map((token) => [token, chosen(run, at, token)]);
    for (let rank = 0; rank < k; rank++) {
      for (const [token, picks] of order) {
        const { expert } = picks[rank];
        if (taken[expert] < capacity) { taken[expert]++; continue; }
        dropped.set(token, [...(dropped.get(token) || []), expert]);
        turned++;
      }
    }
    return { capacity, taken, dropped, turned };
  }

  // -- how it looks --------------------------------------------------------------------------------------------------
  // Black or white, whichever reads better on a colour (contrast after WCAG 2.2).
  const inks = new Map();
  function ink(colour) {
    if (!inks.has(colour)) {
      const [r, g, b] = epochs.rgb(colour).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      inks.set(colour, (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? "#000000" : "#ffffff");
    }
    return inks.get(colour);
  }
  const nameOf = (run, token) => tokenText(run.tokens[token]);
  const told = (run, token) => isolate(nameOf(run, token));                  // the same inside a sentence
  const weightsTold = (run, at, token, text) =>
    chosen(run, at, token).map(({ expert, weight }) => fill(text.chosen_one, { expert: expert + 1, weight: percent(weight) })).join(text.chosen_joint);

  // The shares of a cell's width: weights as they are, and where they sum to more than 1 by that sum.
  function shares(run, at, token) {
    const picks = chosen(run, at, token), sum = Math.max(1, picks.reduce((all, { weight }) => all + weight, 0));
    let from = 0;
    return picks.map(({ expert, weight }) => { const piece = { expert, from, share: weight / sum }; from += piece.share; return piece; });
  }

  // The grid. `pick({at, token})`: a cell was clicked; `point({at, token} | null)`: one is pointed at, or no longer.
  // -> {node, show(run, state), focus()}; state: {at, token: chosen ones or -1, expert: {at, expert} | null, dropped: per layer a
  // Map of token -> experts that turn it away, or null, changed: per layer a set of tokens to be outlined, or none, colours: one
  // for each expert}.
  function grid({ text, pick, point }) {
    const node = h("div.route-grid", { role: "group", "aria-label": text.grid });
    let run = null, columns = [], cells = [], wide = WIDE[1], perLine = 0, stop = [0, 0], painted = null;

    function makeCell(at, token, colours) {
      const pieces = shares(run, at, token), stops = pieces.map(({ expert, from, share }) => `${colours[expert]} ${(100 * from).toFixed(1)}% ${(100 * (from + share)).toFixed(1)}%`);
      const place = ({ from, share }, more) => `left:${(100 * from).toFixed(1)}%;width:${(100 * share).toFixed(1)}%;${more}`;
      const fits = ({ expert, share }) => share * wide >= (ROOM[String(expert + 1).length - 1] ?? wide);
      const named = pieces.filter(fits).map((piece) => h("b", { style: place(piece, `color:${ink(colours[piece.expert])}`) }, String(piece.expert + 1)));
      // Where weights do not fill the cell, the rest is a pale shade of the weightiest, and has room for its number.
      const [best] = pieces, end = pieces.at(-1).from + pieces.at(-1).share, rest = { expert: best.expert, from: end, share: 1 - end };
      if (rest.share > 0.001) stops.push(`color-mix(in srgb, ${colours[best.expert]} ${PALE}%, var(--e-ground)) ${(100 * end).toFixed(1)}% 100%`);
      if (!fits(best) && fits(rest)) named.push(h("b", { style: place(rest, "color:var(--e-ink)") }, String(best.expert + 1)));
      return h("button.route-cell", { type: "button", tabindex: -1, style: `background-image:linear-gradient(to right,${stops.join(",")})` }, named);
    }
    function build(colours) {
      wide = WIDE[Math.max(...run.layers.map(({ k }) => k))] ?? MORE;
      node.classList.toggle("fine", wide === MORE);
      cells = run.layers.map((_, at) => run.tokens.map((_, token) => Object.assign(makeCell(at, token, colours), { place: [at, token] })));
      columns = run.tokens.map((token, place) => h("div.route-column", {},
        h("button.route-token" + (token.special ? ".special" : ""), { type: "button", tabindex: -1, dir: "auto", title: nameOf(run, place), onclick: () => pick({ at: stop[0], token: place }) }, nameOf(run, place)),
        cells.map((line) => line[place])));
      stop = [Math.min(stop[0], cells.length - 1), Math.min(Math.max(stop[1], run.marks), run.length - 1)];
      perLine = 0;
      flow();
    }
    // Lines like those of a score: as many columns as fit, the layers' numbers before each.
    function flow() {
      const now = Math.round(wide * (node.closest(".present") ? LARGE : 1)), fit = Math.max(1, Math.floor((node.clientWidth - AXIS) / (now + 2)));
      if (!columns.length || !node.clientWidth || fit === perLine) return;
      perLine = fit;
      node.style.setProperty("--route-wide", `${now}px`);
      const axis = () => h("div.route-axis", { "aria-hidden": true }, h("span.route-of", {}, text.layer_short), run.layers.map(({ layer }) => h("span", {}, String(layer + 1))));
      const focused = document.activeElement;
      node.replaceChildren(...Array.from({ length: Math.ceil(columns.length / fit) }, (_, line) => h("div.route-line", {}, axis(), columns.slice(line * fit, (line + 1) * fit))));
      if (focused?.place && node.contains(focused)) focused.focus({ preventScroll: true });
    }
    new ResizeObserver(flow).observe(node);

    function setStop([at, token]) {
      cells[stop[0]]?.[stop[1]]?.setAttribute("tabindex", -1);
      stop = [at, token];
      cells[at][token].setAttribute("tabindex", 0);
    }
    function label(cell, state) {
      const [at, token] = cell.place, said = weightsTold(run, at, token, text), gone = state.dropped?.[at]?.get(token);
      cell.setAttribute("aria-label", fill(text.cell, { token: told(run, token), layer: run.layers[at].layer + 1,
        chosen: gone ? fill(text.dropped, { chosen: said, experts: gone.map((expert) => expert + 1).join(text.chosen_joint) }) : said }));
    }
    function show(next, state) {
      if (next !== run) { run = next; painted = null; build(state.colours); }
      painted = state;
      const { expert, dropped, changed } = state;
      columns.forEach((column, token) => column.classList.toggle("chosen", token === state.token));
      cells.forEach((line, at) => line.forEach((cell, token) => {
        cell.classList.toggle("faded", Boolean(expert) && !(expert.at === at && has(run, at, token, expert.expert)));
        cell.classList.toggle("struck", Boolean(dropped?.[at]?.has(token)));
        cell.classList.toggle("changed", Boolean(changed?.[at]?.has(token)));
        cell.classList.toggle("now", token === state.token && at === state.at);
        label(cell, state);
      }));
      setStop(state.token >= 0 ? [state.at, state.token] : stop);
      flow();
    }

    const under = (event) => event.target.closest?.(".route-cell")?.place;
    const aim = (place) => point(place ? { at: place[0], token: place[1] } : null);
    node.addEventListener("pointerover", (event) => { const place = under(event); if (place) aim(place); });
    node.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") aim(null); });
    node.addEventListener("focusin", (event) => { const place = under(event); if (place) { setStop(place); aim(place); } });
    node.addEventListener("click", (event) => { const place = under(event); if (place) pick({ at: place[0], token: place[1] }); });
    node.addEventListener("keydown", (event) => {
      const place = under(event), step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      const end = { Home: 0, End: run?.length - 1 }[event.key];
      if (!place || (!step && end === undefined)) return;
      event.preventDefault();
      const to = step ? [place[0] + step[0], place[1] + step[1]] : [place[0], end];
      cells[to[0]]?.[to[1]]?.focus();
    });
    return { node, show, focus: () => cells[stop[0]]?.[stop[1]]?.focus({ preventScroll: true }), state: () => painted };
  }

  return { unpack, affinities, chosen, has, own, counts, together, onward, limited, ink, nameOf, told, weightsTold, shares, grid };
})();
