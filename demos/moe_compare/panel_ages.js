// One mixture at three ages: a slider, the text's routing at that age against the final one, and how much of it had settled.
"use strict";
(() => {
  const { h, fill, mixes } = epochs;
  const { percent } = mixes;

  mixes.views.ages = ({ text, choose, setAge, id }) => {
    const range = h("input", { type: "range", min: 0, max: 2, step: 1, id: `${id}-age`, list: `${id}-ages`, oninput: () => setAge(+range.value) });
    const ticks = h("div.cmp-ticks", { "aria-hidden": "true" }), when = h("output.cmp-when", { for: `${id}-age` });
    const walk = h("div.cmp-walk", {}, h("label", { for: `${id}-age` }, text.age), range, ticks, when);
    const head = h("div"), made = mixes.grid({ text, title: text.view_ages, choose }), key = h("p.cmp-note", {}, text.ages_key), drifts = h("div"), layers = h("div.cmp-layers");
    const node = h("div", {}, walk, head, made.node, key, h("h4.cmp-sub", {}, text.drifts), drifts, h("p.cmp-note", {}, text.drifts_note), h("h4.cmp-sub", {}, text.loads), layers);

    const drift = (run, first, second) => run.drifts.find((one) => one.first === first && one.second === second);
    function show(run, { expert, age }) {
      const now = run.byId(run.ages[age].id), last = run.byId(run.ages[2].id), settled = age < 2 ? drift(run, age, 2) : null, held = run.measured.models?.[now.id]?.bits;
      range.value = age;
      range.setAttribute("aria-valuetext", run.ages[age].name);
      ticks.replaceChildren(...run.ages.map((one, n) => h("span" + (n === age ? ".now" : ""), {}, one.name)));
      when.textContent = run.ages[age].when;
      head.replaceChildren(mixes.tiles([
        [text.settled, settled ? percent(mixes.mean(settled.kept)) : "100%", settled ? fill(text.settled_chance, { chance: percent(mixes.mean(settled.chance)) }) : text.settled_final],
        [text.bits, mixes.number(now.bits), text.bits_note],
        held ? [text.held_bits, mixes.number(held, 3), text.held_note, run.measured.badge] : null]));
      made.show(now, { expert, colours: run.colours, changed: age < 2 ? mixes.changes(now, last) : null, name: fill(text.age_grid, { age: run.ages[age].name }) });
      key.hidden = age === 2;
      const routers = now.run.layers.map((layer) => fill(text.layer, { layer: layer.layer + 1 }));
      drifts.replaceChildren(mixes.table([[text.between, ...routers, text.all_layers, text.by_chance], ...run.drifts.map((one) => [
        fill(text.from_to, { first: run.ages[one.first].name, second: run.ages[one.second].name }), ...one.kept.map(percent), h("b", {}, percent(mixes.mean(one.kept))), percent(mixes.mean(one.chance))])], text.drifts));
      epochs.redraw(layers, ...now.loads.map((one, at) => mixes.bars({ title: routers[at], note: fill(text.busiest, { times: mixes.number(one.max_over_mean, 1) }), series: [mixes.shares(one.counts)],
        colours: run.colours, text, picked: expert?.at === at ? expert.expert : -1, pick: (number) => choose(at, number) })));
    }
    const rows = (run) => run.drifts.flatMap((one) => one.kept.map((kept, at) => ({ from: run.ages[one.first].name, to: run.ages[one.second].name, layer: run.byId(run.ages[0].id).run.layers[at].layer + 1, kept, by_chance: one.chance[at] })));
    const draw = (run, { age }) => run.byId(run.ages[age].id).loads.map((one, at) => ({ title: `${run.ages[age].name} \u00b7 ${fill(text.layer, { layer: one.layer + 1 })}`, series: [mixes.shares(one.counts)], at }));
    return { node, show, rows, draw };
  };
})();
