// What is taken along of the view on the stage: its drawing, its numbers and how exact they are, and what it came from.
"use strict";
(() => {
  const own = epochs.attention;
  const { write } = epochs.sheet;

  // The map that the view shows: (row, column) -> p, and by how much it may be off. In full where the head's own map is here.
  function mapOf({ run, chosen, stack, exact, shot, view }) {
    if (view === "alignment" && shot && !shot.head) {
      const cross = run.stacks.find((each) => each.name === "cross");
      return { stack: cross, head: null, rows: cross.q, columns: cross.k, p: (i) => shot.shares[i], off: () => 0.004, precision: { source: "overview_mean", absolute: 0.004 } };
    }
    const head = { layer: chosen.layer + 1, head: chosen.head + 1 };
    if (exact) return { stack, head, rows: exact.tq, columns: exact.tk, p: (i) => exact.p[i], off: (i) => Math.max(1e-6, exact.p[i] * exact.rounded / 100),
      precision: { source: "head", relative: exact.rounded / 100 } };
    const from = own.index(stack, chosen.layer, chosen.head) * stack.rows * stack.columns;
    const level = (i) => stack.maps[from + i];
    return { stack, head, rows: stack.rows, columns: stack.columns, p: (i) => own.p(level(i)), off: (i) => (level(i) + 0.25) / 255 ** 2,
      precision: { source: stack.pooled ? "overview_blocks" : "overview", absolute: 0.004 } };
  }

  // `exact`: the chosen head's map where the browser has it; `part`: the view, whose `shot()` says what it has drawn.
  own.figure = (run, chosen, { demo, view, exact = null, part = null }, text) => {
    const stack = run.stacks[chosen.stack];
    const on = { run, chosen, stack, exact, view, text, shot: part?.shot?.() ?? null };
    const map = mapOf(on);
    const { width, height, title, children } = own.framed(on, own.sheets[view]({ ...on, map }));
    const name = (side, n) => own.tokenName(run, side, n, text);
    const whole = map.rows === map.stack.q && map.columns === map.stack.k;
    const round = (value) => +value.toPrecision(3);
    const { stacks, colours, signed, picture, isRedrawn, intact, key, ...rest } = run;
    return { name: "epochs-attention", settings: { app: "epochs", demo, model: run.checkpoint, text: run.asked.text },
      svg: write({ width, height, title, desc: `${run.name}: ${title}` }, ...children),
      // Of a long text these are many: made when they are asked for.
      get rows() {
        return Array.from({ length: map.rows * map.columns }, (_, i) => {
          const [query, at] = [Math.floor(i / map.columns), i % map.columns];
          return { stack: map.stack.name, layer: map.head?.layer ?? "", head: map.head?.head ?? "", query, key: at, query_token: whole ? name(map.stack.queries, query) : "",
            key_token: whole ? name(map.stack.keys, at) : "", p: round(map.p(i)), p_within: round(map.off(i)) };
        });
      },
      get record() {
        return { ...rest, demo, view, pooled: !whole, stacks: stacks.map(({ maps, ...more }) => more), chosen, precision: map.precision,
          map: Array.from({ length: map.rows * map.columns }, (_, i) => round(map.p(i))) };
      } };
  };
})();
