// Three ways to ensemble templates, from per-template cosines; the same arithmetic as ensembles.py.
"use strict";
epochs.templates = (() => {
  // Softmax over the labels (CLIP), or a sigmoid for each label alone (SigLIP).
  function probabilities(cosines, scale, bias) {
    if (bias !== null && bias !== undefined) return cosines.map((c) => 1 / (1 + Math.exp(-(scale * c + bias))));
    const top = Math.max(...cosines.map((c) => scale * c));
    const weights = cosines.map((c) => Math.exp(scale * c - top));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((w) => w / sum);
  }

  // Length of the mean of the unit vectors that are on. `pairs`: their cosines (s, t) with s < t, row by row.
  function meanLength(pairs, on) {
    let [sum, place, n] = [0, 0, 0];
    for (let s = 0; s < on.length; s++) {
      n += on[s];
      for (let t = s + 1; t < on.length; t++, place++) if (on[s] && on[t]) sum += pairs[place];
    }
    return Math.sqrt(Math.max(n + 2 * sum, 1e-12)) / n;
  }

  // -> labels by falling scores.
  const ranking = (scores) => [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);

  // result: {cosines (T, L), gram (L, T(T-1)/2), logit_scale, logit_bias}; on: T booleans, at least one true.
  function ensemble({ cosines, gram, logit_scale: scale, logit_bias: bias }, on) {
    const labels = [...gram.keys()];
    const kept = [...on.keys()].filter((t) => on[t]);
    const average = (of) => labels.map((l) => kept.reduce((sum, t) => sum + of[t][l], 0) / kept.length);
    const each = cosines.map((row) => probabilities(row, scale, bias));
    const ranks = cosines.map((row) => { const rank = []; ranking(row).forEach((l, place) => { rank[l] = place + 1; }); return rank; });
    const [mean, length] = [average(cosines), gram.map((pairs) => meanLength(pairs, on))];
    const together = mean.map((c, l) => c / length[l]);
    const share = average(each);
    const votes = labels.map((l) => kept.filter((t) => ranks[t][l] === 1).length);
    const most = Math.max(...votes);
    return {
      each, ranks, votes, share, mean, length, n: kept.length, kept,
      cosine: together, p: probabilities(together, scale, bias),
      tied: labels.filter((l) => votes[l] === most), most,
      // Among equals the mean probability decides.
      verdict: { mean_vector: ranking(together)[0], majority: ranking(votes.map((v, l) => v + share[l] / 2))[0],
        mean_probability: ranking(share)[0] },
    };
  }

  // Base64 of little-endian float32 -> `rows` lists of numbers.
  function unpack(packed, rows) {
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const [view, width] = [new DataView(bytes.buffer), bytes.length / 4 / rows];
    return Array.from({ length: rows }, (_, r) => Array.from({ length: width }, (_, k) => view.getFloat32(4 * (r * width + k), true)));
  }

  const brief = (p) => (p >= 0.0095 ? (100 * p).toFixed(0) : "<1") + "%";
  return { ensemble, unpack, percent: epochs.percent, brief };
})();
