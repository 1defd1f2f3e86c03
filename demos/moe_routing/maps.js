// Below the grid: which experts read together, and which domain goes to whom.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const own = epochs.moeRouting, routes = epochs.routes;
  const FOLD = 2;                                // so many doublings or halvings have the strongest colour
  const [LARGEST, SIDE, AXIS, NAMED] = [30, 330, 22, 13];      // pixels: of a square, of the map, of an axis, from which a square has room for its number
  const WITH_TEXT = 12;                          // experts up to which a cell of the table has its number inside
  const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  const signed = (run, fold) => run.signed[Math.round((Math.max(-FOLD, Math.min(FOLD, fold)) / (2 * FOLD) + 0.5) * (run.signed.length - 1))];

  // (rows, columns) counts and what the loads alone would make of them.
  own.pairsOf = (run, at, kind) => {
    const rows = routes.counts(run, at);
    if (kind === "onward") {
      const columns = routes.counts(run, at + 1), n = run.length - run.marks;
      return { count: routes.onward(run, at), expected: rows.map((a) => columns.map((b) => a * b / n)) };
    }
    const count = routes.together(run, at), pairs = own.sum(count.flatMap((line, a) => line.filter((_, b) => a !== b)));
    const weight = own.sum(rows.flatMap((a, i) => rows.map((b, j) => (i === j ? 0 : a * b)))) || 1;
    return { count, expected: rows.map((a, i) => rows.map((b, j) => (i === j ? NaN : pairs * a * b / weight))) };
  };

  own.pairs = ({ text, select, demo, live }) => {
    const bar = h("div.segments", { role: "group", "aria-label": text.pairs_views }), note = h("p.mix-note"), reading = h("p.mix-said", { role: "status" });
    const canvas = h("canvas.mix-pairs", { tabindex: 0, role: "img" }), node = own.card(text.pairs, bar, note, canvas, reading);
    let on = null, cursor = null, wanted = epochs.state.asked(demo, "pairs") || "";

    const kinds = ({ run, at }) => [...(run.layers[at].k > 1 ? ["together"] : []), ...(at + 1 < run.layers.length ? ["onward"] : [])];
    function paint() {
      const { run, kind, count, expected } = on, rows = count.length, columns = count[0].length;
      const cell = Math.max(3, Math.min(LARGEST, Math.floor((SIDE - AXIS) / Math.max(rows, columns)))), ratio = Math.min(2, window.devicePixelRatio || 1);
      on.cell = cell;
      const [w, t] = [AXIS + columns * cell, AXIS + rows * cell];
      Object.assign(canvas, { width: w * ratio, height: t * ratio });
      Object.assign(canvas.style, { width: `${w}px`, height: `${t}px` });
      const pen = canvas.getContext("2d"), style = getComputedStyle(node);
      pen.scale(ratio, ratio);
      pen.font = "11px system-ui,sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      const each = Math.max(1, Math.ceil(NAMED / cell));
      pen.fillStyle = style.color;
      for (let i = 0; i < rows; i += each) pen.fillText(String(i + 1), AXIS / 2, AXIS + (i + 0.5) * cell);
      for (let i = 0; i < columns; i += each) pen.fillText(String(i + 1), AXIS + (i + 0.5) * cell, AXIS / 2);
      count.forEach((line, i) => line.forEach((n, j) => {
        const isOwn = Number.isNaN(expected[i][j]), colour = isOwn ? "#c3c8d2" : signed(run, Math.log2((n + 0.5) / (expected[i][j] + 0.5)));
        pen.fillStyle = colour;
        pen.fillRect(AXIS + j * cell, AXIS + i * cell, cell - (cell > 6), cell - (cell > 6));
        if (cell >= 18 && n) { pen.fillStyle = routes.ink(colour); pen.fillText(String(n), AXIS + (j + 0.5) * cell, AXIS + (i + 0.5) * cell); }
      }));
      if (cursor) { pen.strokeStyle = style.color; pen.lineWidth = 2; pen.strokeRect(AXIS + cursor[1] * cell, AXIS + cursor[0] * cell, cell, cell); }
      const isOwn = cursor && kind === "together" && cursor[0] === cursor[1];
      reading.textContent = !cursor ? text.pairs_empty : fill(isOwn ? text.pairs_said_own : text[`pairs_said_${kind}`], { a: cursor[0] + 1, b: cursor[1] + 1, n: count[cursor[0]][cursor[1]], expected: isOwn ? "" : (+expected[cursor[0]][cursor[1]].toPrecision(2)).toString() });
    }
    function show(state) {
      const { run, at } = state, known = kinds(state), kind = known.includes(wanted) ? wanted : known[0];
      epochs.state.set(demo, "pairs", kind && kind !== known[0] ? kind : "");
      epochs.redraw(bar, ...known.map((name) => h("button.segment", { type: "button", "aria-pressed": name === kind, onclick: () => { wanted = name; cursor = null; show(state); } }, text[`pairs_${name}`])));
      bar.hidden = known.length < 2;
      canvas.hidden = reading.hidden = !kind;
      note.replaceChildren(...(kind ? [own.badge(live), text[`pairs_note_${kind}`]] : [text.pairs_none]));
      if (!kind) { on = null; return; }
      on = { ...state, kind, ...own.pairsOf(run, at, kind) };
      if (cursor && !(cursor[0] < on.count.length && cursor[1] < on.count[0].length)) cursor = null;
      canvas.setAttribute("aria-label", fill(text.pairs_label, { layer: run.layers[at].layer + 1 }));
      paint();
    }
    function move(next) {
      if (!on || next?.join() === cursor?.join()) return;
      if (next && !(next[0] >= 0 && next[1] >= 0 && next[0] < on.count.length && next[1] < on.count[0].length)) return;
      cursor = next;
      paint();
    }
    const under = (event) => {
      if (!on) return null;
      const box = canvas.getBoundingClientRect(), [x, y] = [event.clientX - box.left - AXIS, event.clientY - box.top - AXIS];
      return [Math.floor(y / on.cell), Math.floor(x / on.cell)];
    };
    const choose = () => { if (on && cursor) select({ expert: cursor[0] }); };
    canvas.addEventListener("pointermove", (event) => move(under(event)));
    canvas.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") move(null); });
    canvas.addEventListener("click", (event) => { move(under(event)); choose(); });
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); return; }
      const step = ARROWS[event.key];
      if (!step) return;
      event.preventDefault();
      move(cursor ? [cursor[0] + step[0], cursor[1] + step[1]] : [0, 0]);
    });
    return { node, show };
  };

  // A row for each domain of the corpus and one for the text: where its choices went in this layer.
  own.map = ({ text, select }) => {
    const body = h("div.mix-map"), node = own.card(text.map, body);
    function show({ run, at, expert, corpus }) {
      const layer = corpus?.routing?.layers[at], mine = routes.counts(run, at), isTold = mine.length <= WITH_TEXT;
      const rows = [...(layer ? corpus.domains.map(([key, name]) => [name, layer.counts[key]]) : []), [text.map_yours, mine]];
      const cell = (name, counts, one) => {
        const share = counts[one] / Math.max(1, own.sum(counts)), colour = signed(run, Math.log2((share * counts.length) + 0.05));
        const label = fill(text.map_cell, { row: name, expert: one + 1, share: percent(share) });
        return h("td", { style: `background:${colour};color:${routes.ink(colour)}`, title: label }, isTold ? String(Math.round(100 * share)) : h("span.sr-only", {}, percent(share)));
      };
      const head = mine.map((_, one) => h("th", { scope: "col" }, h("button.mix-head", { type: "button", "aria-label": fill(text.follow_expert, { expert: one + 1, layer: run.layers[at].layer + 1 }), "aria-pressed": expert === one,
        style: `--mix-colour:${run.colours[one]}`, onclick: () => select({ expert: expert === one ? -1 : one }) }, String(one + 1))));
      const table = h("table.mix-table" + (isTold ? "" : ".narrow"), {}, h("caption.sr-only", {}, text.map), h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span.sr-only", {}, text.map_row)), head)),
        h("tbody", {}, rows.map(([name, counts], place) => h("tr" + (place === rows.length - 1 ? ".yours" : ""), {}, h("th", { scope: "row" }, name), counts.map((_, one) => cell(name, counts, one))))));
      const said = layer && fill(text.map_said, { bits: layer.domain.bits.toFixed(2), of: layer.domain.of.toFixed(2), kind: layer.type.bits.toFixed(2), kinds: layer.type.of.toFixed(2), chance: layer.domain.shuffled.toFixed(3), kind_chance: layer.type.shuffled.toFixed(3) });
      const missing = !run.pocket ? text.map_missing : corpus ? text.unmeasured : "";
      epochs.redraw(body, h("p.mix-note", {}, ...(layer ? [own.badge(corpus.badge), text.map_note] : [missing])), h("div.mix-scroll", {}, table), said ? h("p.mix-said", {}, said) : null);
      epochs.roving(table.tHead)(table.tHead.querySelectorAll("button")[Math.max(0, expert)]);
    }
    return { node, show };
  };
})();
