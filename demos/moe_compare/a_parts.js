// What the views of the comparison are made of: readings, tiles, bars of experts, grids with changes marked, tables.
"use strict";
(() => {
  const { h, fill } = epochs;
  const percent = (p) => (p === 0 ? "0%" : epochs.percent(p));
  const routes = epochs.routes;

  // A reading of the stage's value, its tables unpacked; the text's own tokens stand in [from, to).
  function reading(value) {
    const run = routes.unpack(value.routed);
    return { ...value, run, from: value.own[0], to: value.own[1] };
  }
  const setOf = (one, at, token) => new Set(routes.chosen(one.run, at, token).map(({ expert }) => expert));
  const number = (v, digits = 2) => (v === null || v === undefined ? "–" : v.toFixed(digits));
  const shares = (counts) => { const sum = counts.reduce((a, b) => a + b, 0) || 1; return counts.map((n) => n / sum); };
  const mean = (values) => values.reduce((a, b) => a + b, 0) / (values.length || 1);

  // Where the same text's tokens have other experts under `other`: of each router a set of tokens.
  function changes(one, other) {
    return one.run.layers.map((_, at) => {
      const found = new Set();
      for (let token = one.from; token < one.to; token++) {
        const before = setOf(one, at, token);
        if ([...setOf(other, at, token)].some((expert) => !before.has(expert))) found.add(token);
      }
      return found;
    });
  }

  // [name, value, small print, badge] each.
  const tiles = (list) => h("dl.cmp-tiles", {}, list.filter(Boolean).map(([name, value, more, badge]) =>
    h("div.cmp-tile", {}, h("dt", {}, name, badge ? [" ", epochs.badge(badge)] : null), h("dd", {}, value), more ? h("dd.more", {}, more) : null)));

  // One router's experts as buttons: a bar upwards, and where there is a second series one downwards; `even` draws the height
  // of an even share. picked: the number of one, or -1.
  function bars({ title, note, series, colours, text, even = true, picked = -1, pick }) {
    const [up, down] = series, high = Math.max(...series.flat(), even ? 1 / up.length : 0, 1e-9);
    const box = h("div.cmp-bars" + (down ? ".two" : ""), { role: "group", "aria-label": title, style: `--cmp-even:${(100 / up.length / high).toFixed(1)}%` }, up.map((share, expert) =>
      h("button.cmp-bar" + (up.length > 12 ? ".thin" : ""), { type: "button", tabindex: -1, "aria-pressed": expert === picked, style: `--cmp-colour:${colours[expert]}`, onclick: () => pick(expert),
        title: fill(down ? text.bar_two : text.bar, { expert: expert + 1, share: percent(share), other: down ? percent(down[expert]) : "" }),
        "aria-label": fill(down ? text.bar_two : text.bar, { expert: expert + 1, share: percent(share), other: down ? percent(down[expert]) : "" }) },
        h("span.cmp-up", {}, h("i", { style: `height:${(100 * share / high).toFixed(1)}%` })), h("b", {}, String(expert + 1)),
        down ? h("span.cmp-down", {}, h("i", { style: `height:${(100 * down[expert] / high).toFixed(1)}%` })) : null)));
    if (even) box.classList.add("even");
    const stop = epochs.roving(box);
    stop([...box.children][Math.max(0, picked)]);
    return h("div.cmp-layer", {}, h("p.cmp-layer-title", {}, h("b", {}, title), note ? [" ", h("span", {}, note)] : null), box);
  }

  // The same of a layer's load, to be looked at: no buttons.
  function still(load, colours, text) {
    const parts = shares(load.counts), high = Math.max(...parts, 1 / parts.length), said = (share, e) => fill(text.bar, { expert: e + 1, share: percent(share) });
    return h("div.cmp-layer", {}, h("p.cmp-layer-title", {}, h("b", {}, fill(text.layer, { layer: load.layer + 1 })), " ", h("span", {}, fill(text.busiest, { times: number(load.max_over_mean, 1) }))),
      h("div.cmp-bars.even.still", { role: "img", style: `--cmp-even:${(100 / parts.length / high).toFixed(1)}%`, "aria-label": parts.map(said).join(text.chosen_joint) },
        parts.map((share, e) => h("span.cmp-bar" + (parts.length > 12 ? ".thin" : ""), { style: `--cmp-colour:${colours[e]}`, title: said(share, e) }, h("span.cmp-up", {}, h("i", { style: `height:${(100 * share / high).toFixed(1)}%` })), parts.length > 12 ? null : h("b", {}, String(e + 1))))));
  }

  // A grid of tokens by layers with a line that says what is pointed at. -> {node, show(reading, {expert, changed, colours})}
  function grid({ text, title, choose }) {
    const status = h("p.cmp-status", { "aria-live": "polite" }), heading = h("p.cmp-grid-title", {}, title);
    let shown = null;
    const tell = (place) => { if (place && shown) status.textContent = fill(text.cell, { token: routes.told(shown.run, place.token), layer: shown.run.layers[place.at].layer + 1, chosen: routes.weightsTold(shown.run, place.at, place.token, text) }); };
    const made = routes.grid({ text, point: tell, pick: ({ at, token }) => choose(at, routes.chosen(shown.run, at, token)[0].expert) });
    made.node.setAttribute("aria-label", title);
    const node = h("div.cmp-grid", {}, heading, made.node, status);
    return { node, show(reading, { expert = null, changed = null, colours, name = title }) {
      if (shown?.run !== reading.run) status.textContent = text.grid_hint;
      shown = reading;
      heading.textContent = name;
      made.show(reading.run, { at: 0, token: -1, expert, dropped: null, changed, colours });
    } };
  }

  // rows: first a heading's cells, then cells; the first of a row names it.
  const table = ([head, ...rows], caption) => h("div.cmp-table", {}, h("table", {}, h("caption.sr-only", {}, caption), h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, cell)))),
    h("tbody", {}, rows.map(([name, ...cells]) => h("tr", {}, h("th", { scope: "row" }, name), cells.map((cell) => h("td", {}, cell)))))));

  // For the drawing to take along: bars of one router in a box of W x 90, with a second series downwards.
  function barsDrawn(x, y, W, title, series, colours) {
    const { line } = epochs.sheet, [up, down] = series, high = Math.max(...series.flat(), 1 / up.length), wide = W / up.length, H = down ? 36 : 70;
    return h("g", {}, line(x, y + 12, title, { "font-size": 11 }),
      up.map((share, e) => h("rect", { x: x + e * wide, y: y + 20 + H * (1 - share / high), width: Math.max(1, wide - 1.5), height: H * share / high, fill: colours[e] })),
      down ? down.map((share, e) => h("rect", { x: x + e * wide, y: y + 24 + H, width: Math.max(1, wide - 1.5), height: H * share / high, fill: colours[e], opacity: 0.55 })) : null,
      h("line", { x1: x, x2: x + W, y1: y + 20 + H * (1 - 1 / up.length / high), y2: y + 20 + H * (1 - 1 / up.length / high), stroke: "#60646c", "stroke-dasharray": "3 3" }));
  }

  epochs.mixes = { percent, reading, changes, setOf, number, shares, mean, tiles, bars, still, grid, table, barsDrawn, views: {} };
})();
