// What is done to a mixture: as a state, and as the address and the server have it ("k1_t2_d0.3.4_fa.2_x1.0.5", see schema.py).
"use strict";
(() => {
  const ALL = "a";
  const nothing = () => ({ k: null, t: 1, n: 0, s: false, off: new Set(), force: new Set(), swap: [] });
  const place = (layer, expert) => `${layer}.${expert}`;
  const within = (shape, layer, expert) => shape.layers.includes(layer) && expert >= 0 && expert < shape.experts;

  // Experts that the network does not have are left out: a link may be of another model.
  function parse(words, shape) {
    const ops = nothing();
    for (const part of (words || "").split("_").filter(Boolean)) {
      const [kind, rest] = [part[0], part.slice(1)], [layer, ...experts] = rest.split(".");
      const layers = layer === ALL ? shape.layers : [Number(layer)];
      if (kind === "k") ops.k = Number(rest);
      else if (kind === "t" || kind === "n") ops[kind] = Number(rest);
      else if (kind === "s") ops.s = true;
      else for (const at of layers) {
        if (kind === "x") { if (experts.every((e) => within(shape, at, +e))) ops.swap.push([at, +experts[0], +experts[1]]); }
        else for (const e of experts) if (within(shape, at, +e)) (kind === "d" ? ops.off : ops.force).add(place(at, +e));
      }
    }
    return ops;
  }

  // Experts of every layer first, then those of each.
  function grouped(kind, places, shape) {
    const every = Array.from({ length: shape.experts }, (_, e) => e).filter((e) => shape.layers.every((layer) => places.has(place(layer, e))));
    const parts = every.length && shape.layers.length > 1 ? [`${kind}${ALL}.${every.join(".")}`] : [];
    for (const layer of shape.layers) {
      const own = Array.from({ length: shape.experts }, (_, e) => e).filter((e) => places.has(place(layer, e)) && (shape.layers.length < 2 || !every.includes(e)));
      if (own.length) parts.push(`${kind}${layer}.${own.join(".")}`);
    }
    return parts;
  }
  function swaps({ swap }, shape) {
    const names = new Map();
    for (const [layer, a, b] of swap) {
      const name = `${Math.min(a, b)}.${Math.max(a, b)}`;
      names.set(name, [...(names.get(name) || []), layer]);
    }
    return [...names].flatMap(([name, layers]) => (layers.length === shape.layers.length && layers.length > 1 ? [`x${ALL}.${name}`] : layers.map((layer) => `x${layer}.${name}`)));
  }
  const write = (ops, shape) => [...(ops.k === null ? [] : [`k${ops.k}`]), ...(ops.t === 1 ? [] : [`t${ops.t}`]), ...(ops.n ? [`n${ops.n}`] : []),
    ...(ops.s ? ["s"] : []), ...grouped("d", ops.off, shape), ...grouped("f", ops.force, shape), ...swaps(ops, shape)].join("_");

  // Disables or forces an expert of a layer, or of all of them (null); a second time takes it back.
  function toggle(ops, kind, layer, expert, shape) {
    const places = (layer === null ? shape.layers : [layer]).map((at) => place(at, expert));
    const [mine, other] = kind === "off" ? [ops.off, ops.force] : [ops.force, ops.off];
    const all = places.every((at) => mine.has(at));
    for (const at of places) { if (all) mine.delete(at); else mine.add(at); other.delete(at); }
  }
  // Swaps two experts; a pair that was swapped is put back, and each expert is in one pair at most.
  function swap(ops, layer, a, b, shape) {
    for (const at of layer === null ? shape.layers : [layer]) {
      const had = ops.swap.some(([l, x, y]) => l === at && ((x === a && y === b) || (x === b && y === a)));
      ops.swap = ops.swap.filter(([l, x, y]) => l !== at || ![x, y].some((e) => e === a || e === b));
      if (!had && a !== b) ops.swap.push([at, a, b]);
    }
  }
  const partner = (ops, layer, expert) => { const found = ops.swap.find(([l, a, b]) => l === layer && (a === expert || b === expert)); return found ? found[1] + found[2] - expert : null; };

  // What is done, in words.
  function told(ops, shape, text) {
    const { fill } = epochs, list = (places) => [...places].map((at) => { const [layer, expert] = at.split(".").map(Number); return fill(text.told_place, { layer: layer + 1, expert: expert + 1 }); });
    const some = (key, found) => (!found.length ? [] : [fill(text[key], { n: found.length, which: found.length > 6 ? found.slice(0, 6).join(text.cell_joint) + "\u2026" : found.join(text.cell_joint) })]);
    const parts = [...(ops.k === null ? [] : [fill(text.told_k, { k: ops.k, trained: shape.top_k })]), ...some("told_off", list(ops.off)), ...some("told_force", list(ops.force)),
      ...some("told_swap", ops.swap.map(([layer, a, b]) => fill(text.told_pair, { layer: layer + 1, a: a + 1, b: b + 1 }))), ...(ops.t === 1 ? [] : [fill(text.told_t, { t: ops.t })]),
      ...(ops.n ? [fill(text.told_n, { n: ops.n })] : []), ...(ops.s ? [text.told_s] : [])];
    return parts.length ? parts.join(text.told_joint) : text.nothing_done;
  }

  // A ready operation for a network of any shape: "all", "half" and "double" experts a token, every second expert off.
  function ready(preset, shape) {
    const k = { all: shape.experts, half: Math.max(1, Math.floor(shape.top_k / 2)), double: Math.min(shape.experts, 2 * shape.top_k) }[preset.k] ?? preset.k;
    const off = preset.off === "half" ? Array.from({ length: Math.floor(shape.experts / 2) }, (_, e) => 2 * e) : [];
    return [...(k ? [`k${k}`] : []), ...(off.length ? [`d${ALL}.${off.join(".")}`] : []), ...(preset.ops ? [preset.ops] : [])].join("_");
  }

  epochs.surgery = Object.assign(epochs.surgery || {}, { nothing, place, parse, write, toggle, swap, partner, ready, told });
})();
