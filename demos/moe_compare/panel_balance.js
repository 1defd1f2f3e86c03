// Two mixtures alike but for the balancing loss, on the same text: each layer's experts against an even share.
"use strict";
(() => {
  const { h, fill, mixes } = epochs;

  mixes.views.balance = ({ text, choose }) => {
    const sides = [text.balanced, text.unbalanced].map((title) => ({ title, head: h("div"), layers: h("div.cmp-layers.narrow") }));
    const grid = mixes.grid({ text, title: text.unbalanced, choose });
    const node = h("div", {}, h("div.cmp-sides", {}, sides.map((side) => h("section.cmp-side", { "aria-label": side.title }, h("h4.cmp-sub", {}, side.title), side.head, side.layers))),
      h("p.cmp-note", {}, text.even_note), grid.node);

    function show(run, { expert }) {
      run.balance.forEach((id, n) => {
        const now = run.byId(id), measured = run.measured.models?.[id], busiest = Math.max(...now.loads.map((one) => one.max_over_mean)), idle = now.loads.reduce((all, one) => all + one.unused, 0);
        sides[n].head.replaceChildren(mixes.tiles([
          [text.busiest_here, fill(text.times, { times: mixes.number(busiest, 1) }), fill(text.idle_here, { n: idle, experts: now.loads.length * now.experts })],
          [text.bits, mixes.number(now.bits), text.bits_note],
          measured?.loads ? [text.held_busiest, fill(text.times, { times: mixes.number(Math.max(...measured.loads.map((one) => one.max_over_mean)), 2) }), fill(text.held_unused, { n: measured.loads.reduce((all, one) => all + one.unused, 0), bits: mixes.number(measured.bits, 3) }), run.measured.badge] : null]));
        // The numbers of two networks' experts have nothing to do with each other: one network's are followed, below its bars.
        epochs.redraw(sides[n].layers, ...now.loads.map((one, at) => (n === 0 ? mixes.still(one, run.colours, text) : mixes.bars({ title: fill(text.layer, { layer: one.layer + 1 }),
          note: fill(text.busiest, { times: mixes.number(one.max_over_mean, 1) }), series: [mixes.shares(one.counts)], colours: run.colours, text,
          picked: expert?.at === at ? expert.expert : -1, pick: (number) => choose(at, number) }))));
      });
      grid.show(run.byId(run.balance[1]), { expert, colours: run.colours });
    }
    const rows = (run) => run.balance.flatMap((id) => run.byId(id).loads.flatMap((one) => one.counts.map((choices, expert) => ({ model: run.byId(id).name, layer: one.layer + 1, expert: expert + 1, choices, max_over_mean: one.max_over_mean }))));
    const draw = (run) => run.balance.flatMap((id, n) => run.byId(id).loads.map((one, at) => ({ title: `${sides[n].title} \u00b7 ${fill(text.layer, { layer: one.layer + 1 })}`, series: [mixes.shares(one.counts)], at })));
    return { node, show, rows, draw };
  };
})();
