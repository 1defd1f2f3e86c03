// Dense, Switch, Mixtral, DeepSeek on the same text: bits per byte, what a token uses, loads, and what each token cost whom.
"use strict";
(() => {
  const { h, fill, mixes } = epochs;
  const DEAR = 14;                               // bits of a token that is shaded most

  mixes.views.models = ({ text }) => {
    const overview = h("div"), layers = h("div.cmp-lineup"), strips = h("div.cmp-strips"), status = h("p.cmp-status", { "aria-live": "polite" });
    const node = h("div", {}, overview, h("p.cmp-note", {}, text.models_note), h("h4.cmp-sub", {}, text.costs), h("p.cmp-note", {}, text.costs_note), strips, status, h("h4.cmp-sub", {}, text.loads), layers);

    const names = (run) => run.lineup.map(run.byId);
    const kind = (one) => (one.experts ? fill(one.shared ? text.of_shared : text.of, { k: one.top_k, experts: one.experts, shared: one.shared }) : text.dense);
    const busiest = (one) => (one.loads.length ? fill(text.times, { times: mixes.number(Math.max(...one.loads.map((load) => load.max_over_mean)), 1) }) : "–");
    const signed = (v) => `${v >= 0 ? "+" : "\u2212"}${Math.abs(v).toFixed(4)}`;
    function held(run, id) {
      const { bits, saved } = run.measured.models?.[id] ?? {};
      if (bits === undefined) return "–";
      return h("span", {}, mixes.number(bits, 3), saved ? h("small.cmp-saved", {}, fill(text.held_saved, { saved: signed(saved.mean), low: signed(saved.low), high: signed(saved.high) })) : null);
    }
    const cost = (one, token) => (token > 0 ? one.token_bits[token - 1] : undefined);

    function bar(bits, most) {
      if (bits === null) return h("span", {}, "–");
      return h("span.cmp-bits", {}, h("i", { style: `width:${(100 * bits / most).toFixed(1)}%` }), h("b", {}, mixes.number(bits)));
    }
    function strip(one) {
      return h("div.cmp-strip", {}, h("span.cmp-strip-name", {}, one.name), h("span.cmp-strip-text", { dir: "auto" }, one.run.tokens.slice(one.from, one.to).map((token, n) => {
        const bits = cost(one, one.from + n) ?? 0;
        return h("span.cmp-token", { "data-token": one.from + n, style: `--cmp-dear:${Math.round(100 * Math.min(1, bits / DEAR))}%`, title: fill(text.token_bits, { token: token.text, bits: mixes.number(bits) }) }, token.text.replace(/\n/g, "⏎"));
      })));
    }
    let now = null;
    strips.addEventListener("pointerover", (event) => {
      const place = event.target.closest(".cmp-token")?.dataset.token;
      if (!now || place === undefined) return;
      for (const each of strips.querySelectorAll(".cmp-token")) each.classList.toggle("lit", each.dataset.token === place);
      const alike = names(now).filter((one) => one.bits !== null && one.run.tokens[place]?.id === now.byId(now.lineup[0]).run.tokens[place]?.id);
      status.textContent = fill(text.token_all, { token: epochs.routes.told(now.byId(now.lineup[0]).run, place), costs: alike.map((one) => fill(text.token_one, { name: one.name, bits: mixes.number(cost(one, +place)) })).join(text.chosen_joint) });
    });

    function show(run) {
      now = run;
      const every = names(run), most = Math.max(...every.map((one) => one.bits ?? 0)), measured = Boolean(run.measured.badge);
      overview.replaceChildren(mixes.table([[text.column_model, text.bits, ...(measured ? [h("span", {}, text.held_bits, " ", epochs.badge(run.measured.badge))] : []), text.active, text.parameters, text.column_experts, text.column_busiest, text.column_ms],
        ...every.map((one) => [one.name, bar(one.bits, most), ...(measured ? [held(run, one.id)] : []), one.active_said, one.parameters_said, kind(one), busiest(one), mixes.number(one.ms, 0)])], text.view_models));
      strips.replaceChildren(...every.filter((one) => one.bits !== null).map(strip));
      status.textContent = "";
      layers.replaceChildren(...every.filter((one) => one.loads.length).map((one) => h("section.cmp-side", { "aria-label": one.name }, h("p.cmp-grid-title", {}, one.name), h("div.cmp-layers.narrow", {}, one.loads.map((load) => mixes.still(load, run.colours, text))))));
    }
    const rows = (run) => names(run).map((one) => ({ model: one.name, bits_per_byte: one.bits, bytes: one.bytes, active_parameters: one.active, parameters: one.parameters, experts: one.experts, chosen: one.top_k, shared: one.shared,
      busiest_over_mean: one.loads.length ? Math.max(...one.loads.map((load) => load.max_over_mean)) : null, milliseconds: one.ms, held_out_bits: run.measured.models?.[one.id]?.bits ?? null }));
    const draw = (run) => names(run).flatMap((one) => one.loads.map((load, at) => ({ title: `${one.name.replace(/ \(.*/, "")} \u00b7 ${fill(text.layer, { layer: load.layer + 1 })}`, series: [mixes.shares(load.counts)], at })));
    // Above the bars of experts: bits per byte as bars that lie.
    function above(run, y) {
      const { line } = epochs.sheet, every = names(run).filter((one) => one.bits !== null), most = Math.max(...every.map((one) => one.bits));
      return { height: 24 * every.length + 28, node: h("g", {}, line(20, y + 10, text.bits, { "font-size": 12, "font-weight": 600 }), every.map((one, n) => h("g", {}, h("rect", { x: 300, y: y + 20 + 24 * n, width: 380 * one.bits / most, height: 17, fill: "#c9d6f2" }),
        line(20, y + 33 + 24 * n, epochs.sheet.short(one.name, 40), { "font-size": 12 }), line(306, y + 33 + 24 * n, `${mixes.number(one.bits)} \u00b7 ${one.active_said}`, { "font-size": 12 })))) };
    }
    return { node, show, rows, draw, above };
  };
})();
