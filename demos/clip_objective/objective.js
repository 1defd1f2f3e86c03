// CLIP's and SigLIP's objectives in the browser, so that a slider or a gradient step needs no server.
// The same formulas as objective.py; a test compares the two.
"use strict";
epochs.objective = (() => {
  const dot = (a, b) => a.reduce((sum, x, k) => sum + x * b[k], 0);
  const transpose = (m) => m[0].map((_, j) => m.map((row) => row[j]));
  const grid = (n, value) => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => value(i, j)));
  const total = (m) => m.flat().reduce((a, b) => a + b, 0);
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

  // Every image vector with every text vector: rows are pictures.
  const cosines = (images, texts) => images.map((u) => texts.map((v) => dot(u, v)));

  const logSumExp = (logits) => {
    const top = Math.max(...logits);
    return top + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - top), 0));
  };

  // Radford et al. 2021, figure 3. -> probabilities by rows and by columns, both cross-entropies, and dL/dS.
  function softmax(S, scale) {
    const n = S.length;
    const logits = S.map((row) => row.map((c) => scale * c));
    const across = logits.map(logSumExp);
    const down = transpose(logits).map(logSumExp);
    const rows = grid(n, (i, j) => Math.exp(logits[i][j] - across[i]));
    const columns = grid(n, (i, j) => Math.exp(logits[i][j] - down[j]));
    const imageToText = mean(across.map((z, i) => z - logits[i][i]));
    const textToImage = mean(down.map((z, i) => z - logits[i][i]));
    const gradient = grid(n, (i, j) => (scale / (2 * n)) * (rows[i][j] + columns[i][j] - 2 * (i === j)));
    return { rows, columns, imageToText, textToImage, loss: (imageToText + textToImage) / 2, gradient, chance: Math.log(n) };
  }

  const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
  const sigma = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

  // Zhai et al. 2023, equation 1. Blind guessing gives every cell the share of pairs, 1/n.
  function sigmoid(S, scale, bias) {
    const n = S.length;
    const cells = grid(n, (i, j) => sigma(scale * S[i][j] + bias));
    const loss = total(grid(n, (i, j) => softplus((i === j ? -1 : 1) * (scale * S[i][j] + bias)))) / n;
    const gradient = grid(n, (i, j) => (scale / n) * (cells[i][j] - (i === j)));
    const chance = Math.log(n) - (n > 1 ? (n - 1) * Math.log1p(-1 / n) : 0);
    return { cells, loss, gradient, bias, chance };
  }

  // The bias of least loss: there, the cells' probabilities add up to the number of pairs. The sum rises with
  // the bias, so halving an interval finds it; a single pair would take it to infinity, so it ends at `most`.
  function fittedBias(S, scale) {
    const most = 2 * scale + 20;
    let [low, high] = [-most, most];
    for (let k = 0; k < 60; k++) {
      const middle = (low + high) / 2;
      if (total(S.map((row) => row.map((c) => sigma(scale * c + middle)))) < S.length) low = middle; else high = middle;
    }
    return (low + high) / 2;
  }

  // Along the sphere: what of `gradient` does not change the length of the unit vector `u`; then a unit vector again.
  function moved(u, gradient, rate) {
    const out = dot(u, gradient);
    const next = u.map((x, k) => x - rate * (gradient[k] - out * x));
    const length = Math.hypot(...next);
    return next.map((x) => x / length);
  }

  const weighted = (weights, vectors) => vectors[0].map((_, k) => weights.reduce((sum, w, j) => sum + w * vectors[j][k], 0));

  // One step of gradient descent on the vectors themselves. `score(S)` -> {loss, gradient}. The rate is halved until
  // the loss does not rise.
  function descend(images, texts, score, rate) {
    const now = score(cosines(images, texts));
    const forImages = now.gradient.map((row) => weighted(row, texts));
    const forTexts = transpose(now.gradient).map((column) => weighted(column, images));
    for (let k = 0; k < 30; k++, rate /= 2) {
      const next = { images: images.map((u, i) => moved(u, forImages[i], rate)), texts: texts.map((v, j) => moved(v, forTexts[j], rate)) };
      const { loss } = score(cosines(next.images, next.texts));
      if (loss <= now.loss) return { ...next, loss, rate };
    }
    return { images, texts, loss: now.loss, rate: 0 };
  }

  return { cosines, softmax, sigmoid, fittedBias, descend };
})();
