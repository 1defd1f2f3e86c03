// The corruptions, on a canvas: the formulas of corruptions.py, to which a test holds them. No ctx.filter:
// some browsers lack it, and each blurs in its own way.
"use strict";
Object.assign((epochs.robustness ??= {}), (() => {
  const GRAINS = 64, PATCH = 128, PASSES = 3, MAX_PLACE = 100;
  const LUMINANCE = [0.213, 0.715, 0.072];
  const HUE_SINE = [[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]];

  // x: Float32Array of height * width * 3, RGB in [0, 255]. Each function returns such an array.
  function turn(x, width, height, degrees) {
    const out = new Float32Array(x.length), angle = degrees * Math.PI / 180;
    const cos = Math.cos(angle), sin = Math.sin(angle), cx = (width - 1) / 2, cy = (height - 1) / 2;
    const at = (column, row, c) => (column < 0 || row < 0 || column >= width || row >= height ? 255 : x[3 * (row * width + column) + c]);
    for (let row = 0, i = 0; row < height; row++) for (let column = 0; column < width; column++, i += 3) {
      const across = cos * (column - cx) + sin * (row - cy) + cx, down = cos * (row - cy) - sin * (column - cx) + cy;
      const left = Math.floor(across), top = Math.floor(down), u = across - left, v = down - top;
      for (let c = 0; c < 3; c++)
        out[i + c] = (at(left, top, c) * (1 - u) + at(left + 1, top, c) * u) * (1 - v)
          + (at(left, top + 1, c) * (1 - u) + at(left + 1, top + 1, c) * u) * v;
    }
    return out;
  }

  // One extended box filter along lines of `size` values, `stride` apart, edges repeated.
  function box(x, lines, size, stride, sigma) {
    const variance = sigma * sigma / PASSES;
    const radius = Math.floor(0.5 * Math.sqrt(12 * variance + 1) - 0.5);
    const share = (2 * radius + 1) * (radius * (radius + 1) - 3 * variance) / (6 * (variance - (radius + 1) ** 2));
    const weight = 1 / (2 * radius + 1 + 2 * share), out = new Float32Array(x.length), last = size - 1;
    for (const start of lines) {
      const at = (k) => x[start + stride * (k < 0 ? 0 : k > last ? last : k)];
      let sum = 0;
      for (let k = -radius; k <= radius; k++) sum += at(k);
      for (let k = 0; k < size; k++) {
        out[start + stride * k] = weight * (sum + share * (at(k - radius - 1) + at(k + radius + 1)));
        sum += at(k + radius + 1) - at(k - radius);
      }
    }
    return out;
  }

  function blur(x, width, height, percent) {
    const sigma = percent / 100 * Math.max(width, height);
    const rows = [], columns = [];
    for (let row = 0; row < height; row++) for (let c = 0; c < 3; c++) rows.push(3 * row * width + c);
    for (let i = 0; i < 3 * width; i++) columns.push(i);
    for (let pass = 0; pass < PASSES; pass++)
      x = box(box(x, rows, width, 3, sigma), columns, height, 3 * width, sigma);
    return x;
  }

  function colourMatrix(hue, grey) {
    const cos = Math.cos(hue * Math.PI / 180), sin = Math.sin(hue * Math.PI / 180), part = grey / 100;
    const rotation = [0, 1, 2].map((r) => [0, 1, 2].map((c) => LUMINANCE[c] + cos * ((r === c) - LUMINANCE[c]) + sin * HUE_SINE[r][c]));
    const drain = [0, 1, 2].map((r) => [0, 1, 2].map((c) => (1 - part) * (r === c) + part * LUMINANCE[c]));
    return drain.map((row) => [0, 1, 2].map((c) => row.reduce((sum, value, k) => sum + value * rotation[k][c], 0)));
  }

  function recolour(x, m) {
    const out = new Float32Array(x.length);
    for (let i = 0; i < x.length; i += 3) for (let c = 0; c < 3; c++)
      out[i + c] = m[c][0] * x[i] + m[c][1] * x[i + 1] + m[c][2] * x[i + 2];
    return out;
  }

  function scramble(x) {
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    return (x ^ (x >>> 16)) >>> 0;
  }

  let normals = null;                            // of every grain and colour; the same at every strength
  function grains() {
    if (!normals) {
      normals = new Float32Array(GRAINS * GRAINS * 3);
      for (let i = 0; i < normals.length; i++) {
        const first = (scramble(2 * i) + 0.5) / 2 ** 32, second = (scramble(2 * i + 1) + 0.5) / 2 ** 32;
        normals[i] = Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
      }
    }
    return normals;
  }

  function addNoise(x, width, height, percent) {
    const out = new Float32Array(x.length), z = grains(), longest = Math.max(width, height), sigma = 2.55 * percent;
    for (let row = 0, i = 0; row < height; row++) {
      const line = Math.floor(row * GRAINS / longest) * GRAINS;
      for (let column = 0; column < width; column++, i += 3) {
        const cell = 3 * (line + Math.floor(column * GRAINS / longest));
        for (let c = 0; c < 3; c++) out[i + c] = x[i + c] + sigma * z[cell + c];
      }
    }
    return out;
  }

  // Where the patch lies: {left, top, width, height} in pixels.
  function patch(width, height, s) {
    const side = Math.sqrt(s.cover / 100), columns = Math.floor(width * side + 0.5), rows = Math.floor(height * side + 0.5);
    return { left: Math.floor((width - columns) * s.cover_x / MAX_PLACE + 0.5), top: Math.floor((height - rows) * s.cover_y / MAX_PLACE + 0.5),
      width: columns, height: rows };
  }

  // All of it. base: ImageData; s: the settings. -> ImageData, all but the word.
  function spoil(base, s) {
    const { width, height, data } = base;
    let x = new Float32Array(width * height * 3);
    for (let i = 0, k = 0; i < data.length; i += 4, k += 3) { x[k] = data[i]; x[k + 1] = data[i + 1]; x[k + 2] = data[i + 2]; }
    if (s.turn) x = turn(x, width, height, s.turn);
    if (s.blur) x = blur(x, width, height, s.blur);
    if (s.hue || s.grey) x = recolour(x, colourMatrix(s.hue, s.grey));
    if (s.light) x = x.map((v) => v + (s.light > 0 ? 255 - v : v) * s.light / 100);
    if (s.noise) x = addNoise(x, width, height, s.noise);
    const out = new ImageData(width, height);
    for (let i = 0, k = 0; k < x.length; i += 4, k += 3) {      // a clamped array rounds
      out.data[i] = x[k]; out.data[i + 1] = x[k + 1]; out.data[i + 2] = x[k + 2]; out.data[i + 3] = 255;
    }
    if (s.cover) {
      const p = patch(width, height, s);
      for (let row = p.top; row < p.top + p.height; row++)
        for (let column = p.left; column < p.left + p.width; column++) out.data.fill(PATCH, 4 * (row * width + column), 4 * (row * width + column) + 3);
    }
    return out;
  }

  // A word on a white label, as wide as `word_size` percent of the picture. -> the label's place, or null.
  function write(pen, width, height, s) {
    const wide = width * s.word_size / 100;
    if (!s.word || wide < 4) return null;
    pen.save();
    const font = (size) => `600 ${size}px system-ui,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif`;
    pen.font = font(100);
    const size = Math.min(100 * 0.88 * wide / Math.max(1, pen.measureText(s.word).width), height / 2.8);
    pen.font = font(size);
    const label = { width: Math.min(width, pen.measureText(s.word).width + 0.5 * size), height: 1.4 * size };
    label.left = (width - label.width) * s.word_x / MAX_PLACE;
    label.top = (height - label.height) * s.word_y / MAX_PLACE;
    pen.fillStyle = "#fff";
    pen.fillRect(label.left, label.top, label.width, label.height);
    pen.strokeStyle = "#c8c8c8";
    pen.strokeRect(label.left, label.top, label.width, label.height);
    pen.fillStyle = "#111";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(s.word, label.left + label.width / 2, label.top + label.height / 2, label.width);
    pen.restore();
    return label;
  }

  // Draws the spoilt picture onto a canvas of the picture's size. -> where patch and word lie.
  function paint(canvas, base, s) {
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    if (canvas.width !== base.width || canvas.height !== base.height) [canvas.width, canvas.height] = [base.width, base.height];
    pen.putImageData(spoil(base, s), 0, 0);
    return { cover: s.cover ? patch(base.width, base.height, s) : null, word: write(pen, base.width, base.height, s) };
  }

  return { spoil, paint };
})());
