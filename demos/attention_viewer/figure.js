// What is taken along of the view on the stage: its drawing, its numbers and how exact they are, and what it came from.
"use strict";
(() => {
  const own = epochs.attention;
  const { write } = epochs.sheet;

  // The map that the view shows: (row, column) -> p, and by how much it may be off. In full where the head's own map is here.
  function mapOf({ run, chosen, stack, exact, shot, view }) {
    if (view === "alignment" && shot && !shot.head) {
      const cross = run.stacks.find((each) => each.name === "cross");
      return { stack: cross, head: null, rows: cross.q, columns: cross.k, p: (i) => shot.shares[i], off: () => 0.004, blocks: cross.pooled, precision: { source: "overview_mean", absolute: 0.004 } };
    }
    const head = { layer: chosen.layer + 1, head: chosen.head + 1 };
    if (exact) return { stack, head, rows: exact.tq, columns: exact.tk, p: (i) => exact.p[i], off: (i) => Math.max(1e-6, exact.p[i] * exact.rounded / 100),
      precision: { source: "head", relative: exact.rounded / 100 } };
    const from = own.index(stack, chosen.layer, chosen.head) * stack.rows * stack.columns;
    const level = (i) => stack.maps[from + i];
    return { stack, head, rows: stack.rows, columns: stack.columns, p: (i) => own.p(level(i)), off: (i) => (level(i) + 0.25) / 255 ** 2, blocks: stack.pooled,
      precision: { source: stack.pooled ? "overview_blocks" : "overview", absolute: 0.004 } };
  }

  // How a head comes to its shares, where the view shows that: of a long text the scores of one query alone are here.
  function stepsOf({ run, stack, exact, view }) {
    if (view !== "stages" || !exact) return null;
    const masked = own.canvas.masker(run, stack), { tk, p, scores, norms, rows } = exact;
    const score = (q, k) => (rows.query === q ? rows.scores[k] : scores ? scores[q * tk + k] : null);
    return { score, isMasked: (q, k) => masked(q, k, p[q * tk + k]), length: (k) => norms[k], weight: (q, k) => own.shareAt(exact, q, k) * norms[k] };
  }

  // Layers, heads and places count from 1, as on the page.
  const place = (n) => (Number.isInteger(n) && n >= 0 ? n + 1 : null);
  const headOf = (name, layer, head) => ({ stack: name, layer: place(layer), head: place(head) });
  const fromOne = ({ asked, next, gaps, ...rest }) => ({ counting: "layers, heads and places count from 1", ...rest,
    asked: { ...asked, model: rest.checkpoint, off: asked.off.map((each) => headOf(...each)), hidden: asked.hidden.map(place) },
    ...(next ? { next: { ...next, place: place(next.place) } } : {}), ...(gaps ? { gaps: gaps.map((gap) => ({ ...gap, place: place(gap.place) })) } : {}) });

  // `exact`: the chosen head's map where the browser has it; `part`: the view, whose `shot()` says what it has drawn.
  own.figure = (run, chosen, { demo, view, exact = null, part = null }, text) => {
    const stack = run.stacks[chosen.stack];
    const on = { run, chosen, stack, exact, view, text, shot: part?.shot?.() ?? null };
    const map = mapOf(on);
    const { width, height, title, children } = own.framed({ ...on, map }, own.sheets[view]({ ...on, map }));
    const name = (side, n) => own.tokenName(run, side, n, text);
    const whole = map.rows === map.stack.q && map.columns === map.stack.k;
    const round = (value) => +value.toPrecision(3);
    const steps = stepsOf(on), digits = (value) => (value === null ? null : +value.toPrecision(5));
    const { stacks, colours, signed, picture, isRedrawn, intact, key, ...rest } = run;
    return { name: "epochs-attention", settings: { app: "epochs", demo, model: run.checkpoint, text: run.asked.text },
      svg: write({ width, height, title, desc: `${run.name}: ${title}` }, ...children),
      // Of a long text these are many: made when they are asked for.
      get rows() {
        return Array.from({ length: map.rows * map.columns }, (_, i) => {
          const [query, at] = [Math.floor(i / map.columns), i % map.columns];
          return { stack: map.stack.name, layer: map.head?.layer ?? "", head: map.head?.head ?? "", query_place: place(query), key_place: place(at), query_token: whole ? name(map.stack.queries, query) : "",
            key_token: whole ? name(map.stack.keys, at) : "", p: round(map.p(i)), p_within: round(map.off(i)),
            ...(steps ? { score_qk_by_sqrt_d: digits(steps.score(query, at)), masked: steps.isMasked(query, at) ? 1 : 0, value_length: digits(steps.length(at)), p_times_value_length: digits(steps.weight(query, at)) } : {}) };
        });
      },
      get record() {
        const all = (value) => Array.from({ length: map.rows * map.columns }, (_, i) => value(Math.floor(i / map.columns), i % map.columns, i));
        return { ...fromOne(rest), demo, view, pooled: !whole, stacks: stacks.map(({ maps, ...more }) => more), precision: map.precision,
          chosen: { ...headOf(stack.name, chosen.layer, chosen.head), query_place: place(own.queryOf(stack, chosen)), answer_place: place(chosen.answer) },
          map: all((q, k, i) => round(map.p(i))),
          ...(steps ? { steps: { score_qk_by_sqrt_d: all((q, k) => digits(steps.score(q, k))), value_length: Array.from({ length: map.columns }, (_, k) => digits(steps.length(k))),
            p_times_value_length: all((q, k) => digits(steps.weight(q, k))) } } : {}) };
      } };
  };
})();
