// What a router made of one token: all its experts, the losers too; and the same down the layers, small.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const own = epochs.routes;
  const ROWS = 12;                               // experts that have a line each; more stand side by side

  // The largest score in a layer over the whole text, so that bars keep their scale from token to token.
  const tops = new WeakMap();
  function topOf(run, at) {
    if (!tops.has(run)) tops.set(run, []);
    return (tops.get(run)[at] ??= Math.max(...run.tokens.map((_, token) => Math.max(...own.affinities(run, at, token)))));
  }
  const part = (value, top) => `${Math.max(0, Math.min(100, 100 * value / top)).toFixed(1)}%`;

  // `follow(at, expert)`: an expert was clicked. -> {node, show(run, at, token, {colours, expert})}; a token of -1 is none.
  own.gates = ({ text, follow }) => {
    const title = h("p.route-title"), box = h("div.route-gates"), note = h("p.route-note");
    const node = h("div", {}, title, box, note);
    const stop = epochs.roving(box);
    function show(run, at, token, { colours, expert: followed = null }) {
      title.hidden = box.hidden = token < 0;
      if (token < 0) { note.textContent = text.gates_empty; return; }
      const { layer, experts, bias } = run.layers[at], p = own.affinities(run, at, token), top = topOf(run, at);
      const weights = new Map(own.chosen(run, at, token).map(({ expert, weight }) => [expert, weight]));
      title.textContent = fill(text.gates, { token: own.told(run, token), layer: layer + 1, n: experts });
      note.textContent = run.scores === "sigmoid" ? text.gates_sigmoid : text.gates_softmax;
      const isWide = experts > ROWS;
      box.className = "route-gates" + (isWide ? " route-bars" : "");
      box.style.setProperty("--route-experts", experts);
      const gate = (expert) => {
        const weight = weights.get(expert), is = weight !== undefined;
        const label = fill(is ? text.gate_row_chosen : text.gate_row, { expert: expert + 1, p: percent(p[expert]), weight: is ? percent(weight) : "" });
        return h("button.route-gate" + (is ? ".used" : ""), { type: "button", title: isWide ? label : null, "aria-label": label, "aria-pressed": followed?.at === at && followed.expert === expert,
          style: `--route-colour:${colours[expert]};--route-part:${part(p[expert], top)}` + (bias ? `;--route-bias:${part(p[expert] + bias[expert], top)}` : ""), onclick: () => follow(at, expert) },
          h("b", {}, String(expert + 1)), h("span.route-track", {}, h("i"), bias ? h("u") : null), ...(isWide ? [] : [h("span.route-p", {}, percent(p[expert])), h("span.route-weight", {}, is ? `× ${percent(weight)}` : "")]));
      };
      epochs.redraw(box, ...Array.from({ length: experts }, (_, expert) => gate(expert)));
      stop();
    }
    return { node, show };
  };

  // One token down the layers: a small row of bars for each. `pick({at, token})`: a layer was clicked.
  own.down = ({ text, pick }) => {
    const box = h("div.route-down");
    const stop = epochs.roving(box);
    function show(run, at, token, { colours }) {
      box.hidden = token < 0;
      if (token < 0) return;
      epochs.redraw(box, ...run.layers.map(({ layer, experts }, place) => {
        const p = own.affinities(run, place, token), top = topOf(run, place), used = new Set(own.chosen(run, place, token).map(({ expert }) => expert));
        return h("button.route-step", { type: "button", "aria-pressed": place === at, title: own.weightsTold(run, place, token, text), onclick: () => pick({ at: place, token }),
          "aria-label": fill(text.cell, { token: own.told(run, token), layer: layer + 1, chosen: own.weightsTold(run, place, token, text) }) },
          h("span.route-step-name", {}, fill(text.layer, { layer: layer + 1 })),
          h("span.route-step-bars", {}, Array.from({ length: experts }, (_, expert) => h("i" + (used.has(expert) ? ".used" : ""), { style: `--route-colour:${colours[expert]};height:${part(p[expert], top)}` }))),
          h("span.route-step-said", {}, [...used].map((expert) => expert + 1).join(text.chosen_joint)));
      }));
      stop(box.children[at]);
    }
    return { node: box, show };
  };
})();
