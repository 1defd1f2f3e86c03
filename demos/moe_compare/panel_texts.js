// Two texts under one mixture: each layer's experts by their share of either text, and both grids.
"use strict";
(() => {
  const { h, fill, mixes } = epochs;
  const { percent } = mixes;

  mixes.views.texts = ({ text, choose }) => {
    const head = h("div"), legend = h("p.cmp-legend", {}, h("span.cmp-key", {}, "▲ ", text.first), " ", h("span.cmp-key", {}, "▼ ", text.second)), layers = h("div.cmp-layers");
    const grids = [text.first, text.second].map((title) => mixes.grid({ text, title, choose }));
    const key = h("p.cmp-note", {}, text.pairs_key), missing = h("p.cmp-note", { role: "note" }, text.no_second), details = h("details.cmp-details");
    const node = h("div", {}, head, missing, legend, layers, key, grids.map((one) => one.node), details);

    // Tokens of both texts whose experts differ, of each router, on either side.
    function moved(run) {
      return [0, 1].map((side) => run.difference.kept.map((row) => new Set(row.flatMap((kept, n) => (kept < 1 ? [run.difference.pairs[n][side]] : [])))));
    }
    function show(run, { expert }) {
      const { first, second, difference: found, colours } = run, two = Boolean(found);
      for (const one of [legend, layers, key, grids[1].node, details]) one.hidden = !two;
      missing.hidden = two;
      grids[0].show(first, { expert, colours, changed: two ? moved(run)[0] : null });
      if (!two) { head.replaceChildren(); return; }
      grids[1].show(second, { expert, colours, changed: moved(run)[1] });
      key.hidden = !found.pairs.length;
      const kept = mixes.mean(found.kept.flat());
      head.replaceChildren(mixes.tiles([
        [text.distance, percent(found.distance), text.distance_note],
        [text.distance_chance, percent(found.chance), text.distance_chance_note],
        [text.pairs, String(found.pairs.length), found.pairs.length ? fill(text.pairs_kept, { kept: percent(kept) }) : text.pairs_none]]));
      epochs.redraw(layers, ...found.layers.map((one, at) => mixes.bars({
        title: fill(text.layer, { layer: one.layer + 1 }), note: fill(one.distance > one.chance_high ? text.layer_apart : text.layer_chance, { distance: percent(one.distance), chance: percent(one.chance) }),
        series: [one.first, one.second], colours, text, even: false, picked: expert?.at === at ? expert.expert : -1, pick: (number) => choose(at, number) })));
      details.replaceChildren(h("summary", {}, text.table), mixes.table([[text.column_layer, text.column_expert, text.first, text.second], ...rows(run).map((row) => [row.layer, row.expert, percent(row.first), percent(row.second)].map(String))], text.view_texts));
    }
    const rows = (run) => (run.difference?.layers || []).flatMap((one) => one.first.map((share, expert) => ({ layer: one.layer + 1, expert: expert + 1, first: share, second: one.second[expert], distance: one.distance, by_chance: one.chance })));
    const draw = (run) => (run.difference?.layers || []).map((one, at) => ({ title: `${fill(text.layer, { layer: one.layer + 1 })} \u00b7 ${percent(one.distance)}`, series: [one.first, one.second], at }));
    return { node, show, rows, draw };
  };
})();
