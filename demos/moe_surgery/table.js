// The operating table: every expert of every layer as a button, and the gate's controls.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const LOW = -4, HIGH = 4;                      // powers of two that the temperature's slider reaches
  const TOOLS = ["off", "force", "swap"];

  // changed(): the visitor has done something to `ops`. -> {node, show(ops, shape, opening)}
  epochs.surgery = Object.assign(epochs.surgery || {}, { table({ demo, text, changed }) {
    const own = epochs.surgery;
    let ops = own.nothing(), shape = null, opening = null, tool = "off", held = null, drawn = "";

    const tools = h("div.segments.surg-tools", { role: "group", "aria-label": text.tools });
    const clear = h("button.small", { type: "button", onclick: () => { Object.assign(ops, own.nothing()); held = null; changed(); } }, text.clear);
    const hint = h("p.stage-note.surg-hint", { role: "status" });
    const grid = h("div.surg-grid", { role: "group", "aria-label": text.grid });
    const stop = epochs.roving(grid, () => shape?.experts ?? 1);
    const scroll = h("div.surg-scroll", {}, grid);
    const edges = epochs.edges(scroll);

    const k = h("input.surg-k", { type: "number", min: 1, step: 1, id: `${demo}-k`, inputmode: "numeric", onchange: () => { setK(k.value === "" ? null : Number(k.value)); } });
    const step = (by, label) => h("button.small", { type: "button", "aria-label": label, onclick: () => setK(Math.max(1, Math.min(shape.experts, (ops.k ?? shape.top_k) + by))) }, by < 0 ? "\u2212" : "+");
    const kNote = h("span.surg-note");
    const setK = (value) => { ops.k = value === null || value === shape.top_k ? null : Math.round(value); changed(); };
    const slider = (name, attributes, read, say) => {
      const input = h("input", { type: "range", id: `${demo}-gate-${name}`, ...attributes });
      const shown = h("output", { for: `${demo}-gate-${name}` });
      const tell = () => { shown.textContent = say(read(+input.value)); input.setAttribute("aria-valuetext", shown.textContent); };
      input.addEventListener("input", tell);
      input.addEventListener("change", () => { ops[name] = read(+input.value); changed(); });
      return { row: h("div.stage-tools.surg-gate", {}, h("label", { for: `${demo}-gate-${name}` }, text[`gate_${name}`]), input, shown), put(value) { input.value = value; tell(); } };
    };
    const number = (v) => String(+v.toPrecision(3));
    const t = slider("t", { min: LOW, max: HIGH, step: 0.5 }, (v) => +(2 ** v).toPrecision(3), number);
    const n = slider("n", { min: 0, max: 5, step: 0.25 }, (v) => v, number);
    const s = h("button.small.surg-shuffle", { type: "button", title: text.shuffle_hint, onclick: () => { ops.s = !ops.s; changed(); } }, text.shuffle);
    const many = h("div.stage-tools.surg-gate.control-k", {}, h("label", { for: `${demo}-k` }, text.k), step(-1, text.k_fewer), k, step(1, text.k_more), kNote);
    const node = h("div.surg-table", { hidden: true },
      h("div.control-experts", {}, h("div.surg-head", {}, tools, clear), hint, scroll),
      h("div.surg-gates", {}, many, h("div.control-gate", {}, t.row, n.row, s)));

    const pickTool = (name) => { tool = name; held = null; drawTools(); };
    function drawTools() {
      epochs.redraw(tools, ...TOOLS.map((name) => h("button.segment", { type: "button", "aria-pressed": name === tool, onclick: () => pickTool(name) }, text[`tool_${name}`])));
      hint.textContent = held ? fill(text.hint_second, { expert: held.expert + 1 }) : text[`hint_${tool}`];
      for (const cell of grid.querySelectorAll(".surg-cell")) cell.classList.toggle("held", Boolean(held) && +cell.dataset.expert === held.expert && (held.layer === null || +cell.dataset.layer === held.layer));
    }
    function press(layer, expert) {
      if (tool !== "swap") { own.toggle(ops, tool, layer, expert, shape); changed(); return; }
      if (!held || held.layer !== layer) { held = { layer, expert }; drawTools(); return; }
      own.swap(ops, layer, held.expert, expert, shape);
      held = null;
      changed();
    }

    function build() {
      const name = `${shape.layers.join()} ${shape.experts}`;
      if (drawn === name) return;
      drawn = name;
      held = null;
      const experts = Array.from({ length: shape.experts }, (_, e) => e);
      const cell = (layer, expert) => h("button.surg-cell", { type: "button", "data-layer": layer, "data-expert": expert, onclick: () => press(layer, expert) },
        h("i.surg-fill"), h("b"));
      grid.style.setProperty("--surg-experts", shape.experts);
      grid.replaceChildren(h("span.surg-axis.edges-held", {}, text.layer_short),
        ...experts.map((expert) => h("button.surg-column", { type: "button", title: fill(text.everywhere, { expert: expert + 1 }), "aria-label": fill(text.everywhere, { expert: expert + 1 }), onclick: () => press(null, expert) }, String(expert + 1))),
        ...shape.layers.flatMap((layer) => [h("span.surg-axis.edges-held", {}, String(layer + 1)), ...experts.map((expert) => cell(layer, expert))]));
      edges.watch();
    }

    const state = (layer, expert) => {
      const at = own.place(layer, expert);
      return ops.off.has(at) ? "off" : ops.force.has(at) ? "force" : own.partner(ops, layer, expert) !== null ? "swap" : "";
    };
    function drawCells() {
      const counts = opening?.operated.counts, tokens = opening?.tokens.length || 0;
      const most = Math.max(1, ...Object.values(counts || {}).flat());
      for (const cell of grid.querySelectorAll(".surg-cell")) {
        const [layer, expert] = [+cell.dataset.layer, +cell.dataset.expert], now = state(layer, expert), other = own.partner(ops, layer, expert);
        const read = counts?.[layer]?.[expert];
        cell.dataset.state = now;
        cell.setAttribute("aria-pressed", Boolean(now));
        cell.querySelector("b").textContent = { off: "\u00d7", force: "\u2605", swap: `\u21c4${(other ?? 0) + 1}` }[now] ?? (read === undefined ? "" : String(read));
        cell.querySelector(".surg-fill").style.opacity = read === undefined ? 0 : (0.85 * read / most).toFixed(3);
        const said = [fill(text.cell, { layer: layer + 1, expert: expert + 1 }), ...(read === undefined ? [] : [fill(text.cell_read, { n: read, tokens })]),
          ...(now ? [fill(text[`cell_${now}`], { expert: (other ?? 0) + 1 })] : [])].join(text.cell_joint);
        cell.setAttribute("aria-label", said);
        cell.title = said;
      }
      stop(grid.querySelector(".surg-cell"));
    }

    function show(nextOps, nextShape, nextOpening) {
      [ops, shape, opening] = [nextOps, nextShape, nextOpening];
      node.hidden = !shape;
      if (!shape) return;
      build();
      drawTools();
      drawCells();
      k.value = ops.k ?? shape.top_k;
      kNote.textContent = fill(text.k_note, { k: shape.top_k, experts: shape.experts });
      t.put(Math.log2(ops.t));
      n.put(ops.n);
      s.setAttribute("aria-pressed", ops.s);
      clear.disabled = own.write(ops, shape) === "";
    }
    return { node, show };
  } });
})();
