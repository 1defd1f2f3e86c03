// The plane as one mixture sees it: each place in the colour of the experts that answer there, light where the answer is
// high and dark where it is low; their numbers, and the points with their targets in the same light and dark.
"use strict";
(() => {
  const { h, rgb, fill } = epochs;
  const CELLS = 180;                             // computed places along a side
  const REACH = 1.15;                            // the plane shows [-REACH, REACH] both ways
  const LIGHT = 0.66, DARK = 0.42;               // how far an expert's colour goes towards white, and towards black

  // Logits, probabilities and answers at one place: what the gate does there, with its losers.
  function ask(arm, gate, x, y) {
    const logits = arm.gate.map(([a, b, c]) => a * x + b * y + c);
    const top = Math.max(...logits), e = logits.map((v) => Math.exp(v - top)), sum = e.reduce((a, b) => a + b, 0);
    const p = e.map((v) => v / sum), first = p.indexOf(Math.max(...p));
    const o = arm.experts.map(([a, b, c]) => a * x + b * y + c);
    return { p, o, first, answer: gate === "top1" ? p[first] * o[first] : p.reduce((all, v, i) => all + v * o[i], 0) };
  }

  const colour = (value, channel) => { const t = (Math.max(-1, Math.min(1, value)) + 1) / 2, low = channel * (1 - DARK), high = channel + (255 - channel) * LIGHT; return low + (high - low) * t; };

  // Pixels of the whole plane, and where each expert is the first choice. `picked`: one expert alone, as strong as its p.
  function paint(arm, gate, colours, picked) {
    const E = arm.gate.length, image = new ImageData(CELLS, CELLS), first = new Int8Array(CELLS * CELLS);
    const channels = colours.map(rgb), z = new Float64Array(E);
    const places = Array.from({ length: E }, () => [0, 0, 0]);                    // sums of x and y, and how many
    for (let row = 0; row < CELLS; row++) for (let column = 0; column < CELLS; column++) {
      const x = ((column + 0.5) / CELLS * 2 - 1) * REACH, y = (1 - (row + 0.5) / CELLS * 2) * REACH;
      let top = -Infinity, k = 0, sum = 0;
      for (let i = 0; i < E; i++) { const g = arm.gate[i]; z[i] = g[0] * x + g[1] * y + g[2]; if (z[i] > top) { top = z[i]; k = i; } }
      for (let i = 0; i < E; i++) { z[i] = Math.exp(z[i] - top); sum += z[i]; }
      const at = row * CELLS + column;
      first[at] = k;
      places[k][0] += x; places[k][1] += y; places[k][2]++;
      let answer = 0, r = 0, g = 0, b = 0;
      for (let i = 0; i < E; i++) {
        const p = z[i] / sum, w = arm.experts[i], o = w[0] * x + w[1] * y + w[2];
        const share = picked >= 0 ? (i === picked ? 1 : 0) : gate === "top1" ? (i === k ? 1 : 0) : p;
        if (!share) continue;
        answer += (picked >= 0 ? 1 : gate === "top1" ? p : share) * o;
        r += share * channels[i][0]; g += share * channels[i][1]; b += share * channels[i][2];
      }
      const strength = picked >= 0 ? z[picked] / sum : 1;
      [r, g, b].forEach((channel, c) => { image.data[4 * at + c] = 236 + (colour(answer, channel) - 236) * strength; });
      image.data[4 * at + 3] = 255;
    }
    for (let row = 0; row < CELLS - 1; row++) for (let column = 0; column < CELLS - 1; column++) {
      const at = row * CELLS + column;
      if (first[at] !== first[at + 1] || first[at] !== first[at + CELLS]) for (let c = 0; c < 3; c++) image.data[4 * at + c] *= 0.35;
    }
    return { image, places };
  }

  // -> a canvas with `show(arm, run, options)`, and `place(event)`: the [x, y] under a pointer.
  function plane({ label, colours }) {
    const canvas = h("canvas.plane-canvas", { role: "img", tabindex: 0, "aria-label": label });
    const small = document.createElement("canvas");
    small.width = small.height = CELLS;
    function show(arm, run, { picked = -1, cross = null, side = 0 } = {}) {
      const shown = side || canvas.clientWidth || 300, scale = side ? 2 : Math.min(2, window.devicePixelRatio || 1), S = Math.round(shown * scale);
      if (canvas.width !== S) canvas.width = canvas.height = S;
      const pen = canvas.getContext("2d");
      const px = (x) => (x / REACH + 1) / 2 * S, py = (y) => (1 - y / REACH) / 2 * S, unit = S / 300, mark = Math.max(unit, 0.85 * scale);
      const { image, places } = paint(arm, run.settings.gate, colours, picked);
      small.getContext("2d").putImageData(image, 0, 0);
      pen.imageSmoothingEnabled = true;
      pen.drawImage(small, 0, 0, S, S);
      const { x: xs, d, classes } = run.opening;
      const radius = (xs.length > 250 ? 2.3 : 3.4) * unit;
      xs.forEach(([x, y], i) => {
        const grey = Math.round(255 * (d[i] + 1) / 2);
        pen.beginPath(); pen.arc(px(x), py(y), radius, 0, 7);
        pen.fillStyle = `rgb(${grey},${grey},${grey})`; pen.strokeStyle = !classes || d[i] > 0 ? "#14161c" : "#ffffff"; pen.lineWidth = 0.9 * unit;
        pen.fill(); pen.stroke();
      });
      pen.textAlign = "center"; pen.textBaseline = "middle"; pen.font = `700 ${13 * mark}px system-ui, sans-serif`;
      places.forEach(([x, y, n], i) => {         // regions of a linear gate are convex: their middles lie inside
        if (n < 0.004 * CELLS * CELLS) return;
        pen.beginPath(); pen.arc(px(x / n), py(y / n), 10 * mark, 0, 7);
        pen.fillStyle = "#ffffff"; pen.fill(); pen.lineWidth = 2.5 * mark; pen.strokeStyle = colours[i]; pen.stroke();
        pen.fillStyle = "#14161c"; pen.fillText(String(i + 1), px(x / n), py(y / n) + mark);
      });
      if (!cross) return;
      pen.lineWidth = 1.5 * unit; pen.strokeStyle = "#14161c"; pen.setLineDash([4 * unit, 3 * unit]);
      pen.beginPath(); pen.moveTo(px(cross[0]), 0); pen.lineTo(px(cross[0]), S); pen.moveTo(0, py(cross[1])); pen.lineTo(S, py(cross[1])); pen.stroke();
      pen.setLineDash([]);
    }
    const place = (event) => { const box = canvas.getBoundingClientRect(); return [((event.clientX - box.left) / box.width * 2 - 1) * REACH, (1 - (event.clientY - box.top) / box.height * 2) * REACH]; };
    return { canvas, show, place };
  }

  // What the gate of one mixture does at a place, in words: every expert, the losers too.
  function tell(arm, gate, [x, y], text) {
    const { p, o, answer } = ask(arm, gate, x, y);
    const order = p.map((_, i) => i).sort((a, b) => p[b] - p[a]);
    return fill(text.probe, { answer: answer.toFixed(2), gate: order.map((i) => fill(text.probe_one, { expert: i + 1, p: epochs.percent(p[i]), answer: o[i].toFixed(2) })).join(text.probe_joint) });
  }

  epochs.plane = Object.assign(epochs.plane || {}, { plane, tell, ask, REACH,
    // A preset's settings over those that stand in the controls, in the controls' order.
    fill: (names, chosen, now) => names.map((name, i) => chosen[name] ?? now[i]) });
})();
