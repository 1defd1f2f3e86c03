// What the attention viewer's views share: an unpacked run, names of tokens and heads, colours.
"use strict";
epochs.attention = (() => {
  const { fill, bytes } = epochs;
  const DECADES = 6, STEPS = { 12: 4095, 8: 255 };
  const views = {};

  const index = (stack, layer, head) => layer * stack.heads + head;
  const p = (level) => (level / 255) ** 2;
  const colour = (run, value) => run.colours[Math.round(Math.min(1, Math.max(0, value)) * (run.colours.length - 1))];
  const headName = (stack, layer, head, text) => fill(text.head_name, { layer: layer + 1, head: head + 1 });
  const className = (text, key) => (key ? text["class_" + key] : "");
  const queries = (run, stack) => run.tokens[stack.queries] || [];
  const keys = (run, stack) => run.tokens[stack.keys] || [];

  // White space that would not be seen is drawn.
  const tokenText = (token) => token.text.replace(/\n/g, "⏎").replace(/\t/g, "⇥").replace(/^ (?=.)/, "").replace(/^ +$/, "␣") || "␣";

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

  // 0..255 of the overview; of a pooled map the block's cell.
  function level(run, stack, layer, head, q, k) {
    const r = stack.pooled ? Math.min(stack.rows - 1, Math.floor(q * stack.rows / stack.q)) : q;
    const c = stack.pooled ? Math.min(stack.columns - 1, Math.floor(k * stack.columns / stack.k)) : k;
    return stack.maps[(index(stack, layer, head) * stack.rows + r) * stack.columns + c];
  }

  // A value from the server with its maps as bytes. A picture's tokens have no words of their own.
  function unpack(value) {
    const stacks = value.stacks.map((stack) => ({ ...stack, maps: bytes(stack.maps) }));
    const tokens = value.kind === "vision"
      ? { source: Array.from({ length: stacks[0].k }, (_, id) => ({ text: "", id, special: id === 0 })) } : { ...value.tokens };
    return { ...value, stacks, tokens, grids: value.grid, grown: 0, key: `${value.run}` };
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
    const steps = STEPS[bits];
    const table = Float32Array.from({ length: steps + 1 }, (_, code) => (code ? 10 ** (-DECADES * (1 - (code - 1) / (steps - 1))) : 0));
    const map = new Float32Array(q * k);
    for (let row = 0, at = 0; row < q; row++)
      for (let column = 0; column < (causal ? row + 1 : k); column++) map[row * k + column] = table[codes[at++]];
    let scores = null;
    if (value.scores) {
      const packed = await inflate(value.scores);
      scores = Float32Array.from(new Uint16Array(packed.buffer, 0, packed.length >> 1), half);
    }
    return { tq: q, tk: k, p: map, scores, norms: Float32Array.from(value.norms), rounded: bits === 12 ? 0 : 3,
      rows: { query: value.query, scores: Float32Array.from(value.row.scores), p: Float32Array.from(value.row.p) } };
  }

  return { views, index, p, colour, headName, className, queries, keys, tokenText, tokenName, level, unpack, grow, unpackHead };
})();
