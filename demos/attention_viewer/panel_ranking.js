// What the answer loses without each head: a button for each, coloured by it; arrow keys walk. -> {node, mark(layer, head)}
"use strict";
epochs.attention.panel.effectGrid = (run, stack, reply, { text, select }) => {
  const { h, fill } = epochs;
  const { index, headName, colour, signed, roving, panel: { nats, told } } = epochs.attention;
  const LEAST = { kl: 0.01, cosine: 0.001 };     // less is no change to speak of
  const known = reply.effect.map((v) => (Number.isFinite(v) ? Math.max(0, v) : null));   // null: too many heads for this model
  const high = Math.max(0, ...known.filter((v) => v !== null));
  const top = known.indexOf(high);
  const say = (v) => (reply.measure === "cosine" ? fill(text.switch_effect_cosine, { value: signed(v, 4) }) : fill(text.switch_effect_kl, { value: nats(v) }));
  const name = (at) => headName(stack, Math.floor(at / stack.heads), at % stack.heads, text);

  const button = (layer, head) => {
    const value = known[index(stack, layer, head)];
    const label = value === null ? fill(text.switch_untried, { head: headName(stack, layer, head, text) })
      : fill(text.switch_effect_of, { head: headName(stack, layer, head, text), value: say(value) });
    return h("button.att-switch-cell" + (value === null ? ".att-switch-untried" : ""), { type: "button", title: label, "aria-label": label,
      style: value === null ? null : `background:${colour(run, high ? value / high : 0)}`, onclick: () => select({ layer, head }) });
  };
  const buttons = known.map((_, at) => button(Math.floor(at / stack.heads), at % stack.heads));
  const axis = (n) => h("span.att-switch-axis", { "aria-hidden": true }, String(n + 1));
  const lines = Array.from({ length: stack.layers }, (_, layer) => [axis(layer), ...buttons.slice(layer * stack.heads, (layer + 1) * stack.heads)]);
  const grid = h("div.att-switch-grid", { role: "group", "aria-label": text.switch_grid, style: `--att-heads:${stack.heads}` },
    h("span"), Array.from({ length: stack.heads }, (_, head) => axis(head)), lines.flat());
  const stop = roving(grid, () => stack.heads);
  const scroll = h("div.att-switch-scroll", {}, grid);
  epochs.edges(scroll);
  const ramp = run.colours.filter((_, i) => i % 4 === 0).join(",");
  const node = h("div", {},
    h("p.att-panel-lead", {}, fill((reply.measure === "kl" ? told(high) : +high.toFixed(4)) < LEAST[reply.measure] ? text.switch_none_matters : text.switch_most, { head: name(top), value: say(high) })),
    scroll,
    h("p.att-switch-scale", {}, h("span", {}, say(0)), h("span.att-switch-ramp", { "aria-hidden": true, style: `background:linear-gradient(to right,${ramp})` }), h("span", {}, say(high))),
    h("p.stage-note", {}, text.switch_grid_note, " ", fill(text.switch_cost, { runs: reply.runs, ms: Math.round(reply.milliseconds) })));
  const mark = (layer, head) => {
    const chosen = buttons[index(stack, layer, head)];
    for (const each of buttons) each.setAttribute("aria-pressed", each === chosen);
    stop(chosen);
  };
  return { node, mark };
};
