// What the attention viewer's views share: an unpacked run, names of tokens and heads, colours.
"use strict";
epochs.attention = (() => {
  const { h, fill, bytes, roving } = epochs;
  const { show: tokenText, answer: answerText, isolate } = epochs.tokens;
  const DECADES = 6, CODES = { 12: 4095, 8: 255 };             // of `packing.codes`
  const views = {};

  const index = (stack, layer, head) => layer * stack.heads + head;
  const p = (level) => (level / 255) ** 2;
  const colour = (run, value) => run.colours[Math.round(Math.min(1, Math.max(0, value)) * (run.colours.length - 1))];
  const headName = (stack, layer, head, text) => fill(text.head_name, { layer: layer + 1, head: head + 1 });
  // Whether a head is among those of a list; and among those that a run is computed without.
  const hasHead = (off, name, layer, head) => off.some((gone) => gone[0] === name && gone[1] === layer && gone[2] === head);
  const isOff = (run, stack, layer, head) => hasHead(run.asked?.off ?? [], stack.name, layer, head);
  // A head or layer with the name of its stack, where there are several.
  const ofStack = (run, name, what, text) =>
    run.stacks.length > 1 ? fill(text.switch_of_stack, { stack: text[`switch_stack_${name}`] ?? name, head: what }) : what;
  // The place that looks: the chosen token, or the last one.
  const queryOf = (stack, chosen) => (chosen.token < 0 ? stack.q - 1 : Math.min(chosen.token, stack.q - 1));
  const className = (text, key) => (key ? text["class_" + key] : "");
  const signed = (v, digits) => (Number.isFinite(v) ? v.toFixed(digits).replace("-", "\u2212") : "–");

  // A share in a head's full map: of the query it was asked for, with more digits than the map has.
  const shareAt = ({ rows, p, tk }, q, k) => (rows.query === q ? rows.p[k] : p[q * tk + k]);
  // By how much a share may be off that came as a level: half a step.
  const levelOff = (p) => (Math.sqrt(p) + 0.25 / 255) / 255;
  // Such a share in words, with the digits that it carries.
  function roughly(p, off = levelOff(p)) {
    if (p < off) return `<${+(100 * (p + off)).toPrecision(2)}%`;
    const digits = [3, 2, 1].find((n) => 0.5 * 10 ** -n >= 100 * off) ?? 0;
    return `${(100 * p).toFixed(digits)}%`;
  }

  // The rows of a table that holds `kept` of `all` places, and where some are left out a row that says how many.
  function withGaps(kept, all, row, columns, text) {
    const rows = [];
    let next = 0;
    for (const place of [...kept, all]) {
      if (place > next) rows.push(h("tr.att-skipped", {}, h("td", { colspan: columns }, fill(text.rows_skipped, { n: place - next }))));
      if (place < all) rows.push(row(place));
      next = place + 1;
    }
    return rows;
  }

  // A display string for the token at `place` of a side ("source", "target", "read"), whatever the kind of run.
  function tokenName(run, side, place, text) {
    if (run.kind === "vision") {
      if (place === 0) return text.class_token;
      const { columns } = run.grid;
      return fill(text.patch_name, { row: Math.floor((place - 1) / columns) + 1, column: ((place - 1) % columns) + 1 });
    }
    const token = (run.tokens[side] || [])[place];
    return token ? tokenText(token) : "";
  }
  const tokenTold = (run, side, place, text) => isolate(tokenName(run, side, place, text));   // the same inside a sentence

  // The block of `size` places, cut into `cells`, that holds one of them; block b begins at floor(b * size / cells).
  const cell = (place, cells, size) => Math.ceil((place + 1) * cells / size) - 1;

  // 0..255 of the overview; of a pooled map the block's cell.
  function level(stack, layer, head, q, k) {
    const [row, column] = [cell(q, stack.rows, stack.q), cell(k, stack.columns, stack.k)];
    return stack.maps[(index(stack, layer, head) * stack.rows + row) * stack.columns + column];
  }

  // A value from the server with its maps as bytes; the last `grown` tokens are a continuation's. A picture's tokens have
  // no words of their own.
  function unpack(value, grown = 0) {
    const stacks = value.stacks.map((stack) => ({ ...stack, maps: bytes(stack.maps) }));
    const tokens = value.kind === "vision"
      ? { source: Array.from({ length: stacks[0].k }, (_, id) => ({ text: "", id, special: id === 0 })) } : { ...value.tokens };
    return { ...value, stacks, tokens, grown, key: `${value.run}` };
  }

  // A continuation's token joins the text; where it looked becomes a row of every map.
  function grow(run, step) {
    const tokens = { ...run.tokens, source: [...run.tokens.source, { text: step.text, id: step.id, special: step.special }] };
    const row = bytes(step.row);
    const stacks = run.stacks.map((stack) => {
      if (stack.pooled) return stack;
      const size = stack.q + 1, heads = stack.layers * stack.heads;
      const maps = new Uint8Array(heads * size * size);
      for (let n = 0; n < heads; n++) {
        for (let q = 0; q < stack.q; q++)
          maps.set(stack.maps.subarray((n * stack.q + q) * stack.q, (n * stack.q + q + 1) * stack.q), (n * size + q) * size);
        maps.set(row.subarray(n * size, (n + 1) * size), (n * size + stack.q) * size);
      }
      return { ...stack, maps, q: size, k: size, rows: size, columns: size };
    });
    return { ...run, tokens, stacks, grown: run.grown + 1, key: `${run.run}+${run.grown + 1}` };
  }

  async function inflate(packed) {
    const stream = new Blob([bytes(packed)]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function half(bits) {                          // IEEE 754 half precision
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return exponent === 31 ? sign * Infinity : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }

  // One head in full, as `packing.head_value` sends it.
  async function unpackHead(value) {
    const { q, k, causal, bits } = value;
    const raw = await inflate(value.p);
    const codes = bits === 12 ? new Uint16Array(raw.buffer, 0, raw.length >> 1) : raw;
    const steps = CODES[bits];
    const table = Float32Array.from({ length: steps + 1 }, (_, code) => (code ? 10 ** (-DECADES * (1 - (code - 1) / (steps - 1))) : 0));
    const map = new Float32Array(q * k);
    for (let row = 0, at = 0; row < q; row++)
      for (let column = 0; column < (causal ? row + 1 : k); column++) map[row * k + column] = table[codes[at++]];
    let scores = null;
    if (value.scores) {
      const packed = await inflate(value.scores);
      scores = Float32Array.from(new Uint16Array(packed.buffer, 0, packed.length >> 1), half);
    }
    return { tq: q, tk: k, p: map, scores, norms: Float32Array.from(value.norms), rounded: 100 * (10 ** (DECADES / (2 * (steps - 1))) - 1), least: 10 ** -DECADES,
      rows: { query: value.query, scores: Float32Array.from(value.row.scores), p: Float32Array.from(value.row.p) } };
  }

  return { views, index, p, colour, headName, hasHead, isOff, ofStack, queryOf, className, signed, shareAt, levelOff, roughly, withGaps, tokenText, answerText, isolate, tokenName,
    tokenTold, level, unpack, grow, unpackHead, roving };
})();
