// The words' maps of one run: unpacked as the steps come, compared, coloured.
"use strict";
(() => {
  const { h } = epochs;

  function unpack(text) {                        // base64 of little-endian 16-bit numbers, 65535 for 1
    const bytes = epochs.bytes(text);
    const view = new DataView(bytes.buffer);
    return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true) / 65535);
  }

  // Level 0 is all layers together, the others one resolution each; step -1 is the mean of all steps.
  function createMaps() {
    let run = { words: [], steps: [] };
    let unpacked = [];                           // [step][level] -> (G * places)
    let highs = new Map();

    function adopt(next) {
      if (next.run !== run.run) { unpacked = []; highs = new Map(); }
      run = next;
      for (let i = unpacked.length; i < run.steps.length; i++) unpacked.push(run.steps[i].maps.map(unpack));
    }

    const size = (level) => (level ? run.levels[level - 1].shown : run.size);
    const words = () => run.words.flatMap((word, g) => (word.kind === "word" ? [g] : []));

    function raw(step, level) {
      if (step >= 0) return unpacked[step][level];
      const mean = new Float32Array(unpacked[0][level].length);
      for (const maps of unpacked) maps[level].forEach((v, i) => { mean[i] += v / unpacked.length; });
      return mean;
    }

    // (G * places): what a mode shows; NaN for what it leaves out.
    function shown(step, level, mode) {
      const values = raw(step, level);
      if (mode === "raw" || !words().length) return values;
      const places = values.length / run.words.length;
      const out = new Float32Array(values.length).fill(NaN);
      const scaled = words().map((g) => {
        const map = values.subarray(g * places, (g + 1) * places);
        const mean = map.reduce((sum, v) => sum + v, 0) / places || 1;
        return { g, map: mode === "others" ? map.map((v) => v / mean) : map };
      });
      for (let i = 0; i < places; i++) {
        const sum = scaled.reduce((total, { map }) => total + map[i], 0);
        const alone = scaled.length === 1;
        for (const { g, map } of scaled)
          out[g * places + i] = mode === "words" ? map[i] / (sum || 1) : map[i] - (alone ? 1 : sum / scaled.length);
      }
      return out;
    }

    // One scale for all words and all steps so far: the largest value of any word. The mean of all steps is
    // flatter than any step and has a scale of its own, again one for all words.
    function high(step, level, mode) {
      const key = `${level} ${mode}`;
      const counted = words().length ? words() : [...run.words.keys()];
      const largest = (values) => {
        const places = values.length / run.words.length;
        let most = 0;
        for (const g of counted) for (let i = 0; i < places; i++) most = Math.max(most, Math.abs(values[g * places + i]));
        return most;
      };
      if (step < 0) return largest(shown(-1, level, mode)) || 1;
      const known = highs.get(key) || { steps: 0, high: 0 };
      for (; known.steps < unpacked.length; known.steps++) known.high = Math.max(known.high, largest(shown(known.steps, level, mode)));
      highs.set(key, known);
      return known.high || 1;
    }

    const share = (step, g) => (step >= 0 ? run.steps[step].shares[g] : run.steps.reduce((sum, s) => sum + s.shares[g], 0) / run.steps.length);
    return { adopt, size, words, shown, high, share };
  }

  const colourOf = (colours, share) => colours[Math.round(Math.min(1, Math.max(0, share)) * (colours.length - 1))];
  const { rgb } = epochs;

  // One word's values as a picture of one pixel for each place, or null where the mode leaves the word out.
  function cells(values, [rows, columns], g, { high, signed, colours }) {
    const part = values.subarray(g * rows * columns, (g + 1) * rows * columns);
    if (Number.isNaN(part[0])) return null;
    const small = h("canvas", { width: columns, height: rows });
    const pixels = small.getContext("2d").createImageData(columns, rows);
    part.forEach((v, i) => pixels.data.set([...rgb(colourOf(colours, signed ? (v / high + 1) / 2 : v / high)), 255], 4 * i));
    small.getContext("2d").putImageData(pixels, 0, 0);
    return small;
  }

  // The map over the picture; `cursor` frames a place.
  function paint(canvas, picture, map, { opacity, cursor = -1 }) {
    const pen = canvas.getContext("2d");
    const [w, height] = [canvas.width, canvas.height];
    pen.globalAlpha = 1;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, w, height);
    pen.imageSmoothingEnabled = true;
    if (picture) {
      pen.drawImage(picture, 0, 0, w, height);
      pen.globalCompositeOperation = "saturation";     // the picture turns grey, so that every colour is the map's
      pen.globalAlpha = Math.min(1, 1.5 * opacity);
      pen.fillStyle = "#808080";
      pen.fillRect(0, 0, w, height);
      pen.globalCompositeOperation = "source-over";
    }
    pen.globalAlpha = picture ? opacity : 1;
    pen.imageSmoothingEnabled = false;                 // a map is shown as fine as it is, and no finer
    if (map) pen.drawImage(map, 0, 0, w, height);
    pen.globalAlpha = 1;
    if (!map || cursor < 0) return;
    const [cw, ch] = [w / map.width, height / map.height];
    const box = [(cursor % map.width) * cw, Math.floor(cursor / map.width) * ch, cw, ch];
    for (const [width, colour] of [[4, "#fff"], [2, "#000"]]) { pen.lineWidth = width; pen.strokeStyle = colour; pen.strokeRect(...box); }
  }

  const few = (p) => (100 * p).toPrecision(Math.abs(p) < 0.1 ? 2 : 3).replace(/\.?0+$/, "");
  const number = (v, signed) => (signed ? `${v < 0 ? "\u2212" : "+"}${(100 * Math.abs(v)).toFixed(Math.abs(v) < 0.1 ? 1 : 0)}%` : `${few(v)}%`);

  epochs.words = Object.assign(epochs.words || {}, { createMaps, cells, paint, number });
})();
