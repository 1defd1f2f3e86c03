// What the stage draws: a map of all places with all, the scores by distance, and the scores of two words on their way.
"use strict";
(() => {
  const { h } = epochs;
  const COLOURS = { sinusoidal: "var(--epochs-series-1, #5368e9)", learned: "var(--epochs-series-3, #2ba571)", rotary: "var(--epochs-series-2, #d23a2e)" };
  const DASHES = { sinusoidal: null, learned: "8 3", rotary: "2 3" };
  const FLAT = 0.25;                             // of the height of a chart
  const LARGE = 512;                             // about how many pixels a map has a side

  const say = (value, digits = 2) => {
    const words = Math.abs(value).toFixed(digits);
    return value < 0 && Number(words) ? `\u2212${words}` : words;
  };

  // A way of writing positions as the server sent it, with `at(m, n)`: the score of a query at place m with a key at n.
  function open(method, places) {
    const { low, high, scores } = method;
    const range = { bottom: Math.min(...low), top: Math.max(...high) };
    if (!scores) return { ...method, ...range, at: (m, n) => low[n - m + places - 1] };       // the distance alone decides
    const numbers = new DataView(epochs.bytes(scores.data).buffer);
    return { ...method, ...range, at: (m, n) => numbers.getInt16(2 * (m * places + n), true) * scores.scale };
  }

  // One pixel for each pair of places.
  function paint(method, places, colours) {
    const canvas = h("canvas", { width: places, height: places });
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(places, places);
    const table = colours.map(epochs.rgb);
    const span = method.top - method.bottom || 1;
    for (let m = 0, i = 0; m < places; m++)
      for (let n = 0; n < places; n++, i += 4) {
        const share = Math.min(1, Math.max(0, (method.at(m, n) - method.bottom) / span));
        const [red, green, blue] = table[Math.round(share * (table.length - 1))];
        image.data[i] = red;
        image.data[i + 1] = green;
        image.data[i + 2] = blue;
        image.data[i + 3] = 255;
      }
    pen.putImageData(image, 0, 0);
    return canvas;
  }

  // The painted map, large, with the chosen row framed and the chosen pair in it.
  function frame(canvas, painted, place, other) {
    const side = Math.max(2, Math.floor(LARGE / painted.width));
    canvas.width = canvas.height = side * painted.width;
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(painted, 0, 0, canvas.width, canvas.height);
    const boxes = [[0, place * side, canvas.width, side], [other * side, place * side, side, side]];
    // Light on dark, so that the frame shows on any colour of the map.
    for (const [stroke, wide] of [["#101218", 6], ["#ffffff", 2.5]])
      for (const box of boxes) {
        pen.strokeStyle = stroke;
        pen.lineWidth = wide;
        pen.strokeRect(...box);
      }
  }

  // An empty chart: `xs` and `ys` are [from, to], `ticks` the places along x that are numbered.
  function chart({ kind, width: W, height: H, xs, ys, ticks, axis, above, label }) {
    const [LEFT, RIGHT, TOP, BOTTOM] = [44, 12, 24, 36];
    const x = (v) => LEFT + (W - LEFT - RIGHT) * (v - xs[0]) / (xs[1] - xs[0] || 1);
    const y = (v) => H - BOTTOM - (H - TOP - BOTTOM) * (v - ys[0]) / (ys[1] - ys[0] || 1);
    const t = (px, py, words, anchor) => h("text", { x: px, y: py, "font-size": 13, fill: "currentColor", "text-anchor": anchor }, words);
    const levels = [ys[0], ys[1], ...(Math.min(Math.abs(ys[0]), Math.abs(ys[1])) > 0.12 * (ys[1] - ys[0]) && ys[0] < 0 && ys[1] > 0 ? [0] : [])];
    const node = h(`svg.${kind}`, { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label },
      levels.map((v) => h("g", {}, h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: v ? 0.18 : 0.45 }),
        t(LEFT - 6, y(v) + 4, say(v), "end"))),
      ticks.map((v, i) => t(x(v), H - BOTTOM + 17, say(v, 0), i === ticks.length - 1 ? "end" : i ? "middle" : "start")),
      t((LEFT + W - RIGHT) / 2, H - 4, axis, "middle"), t(LEFT, 13, above, "start"));
    const path = (points, more) => node.append(h("path", { d: points.map(([px, py], i) => `${i ? "L" : "M"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join("") + (more.closed ? "Z" : ""),
      fill: "none", "stroke-linejoin": "round", ...more, closed: null }));
    return { node, x, y, path };
  }

  // The scores by distance: a band of all places, in front of it the line of the chosen one, its chosen pair as a dot.
  function curve(method, places, { place, other, ys, words }) {
    const last = places - 1;
    const colour = COLOURS[method.method];
    const { node, x, y, path } = chart({ kind: "positions-curve", width: 320, height: 190, xs: [-last, last], ys, ticks: [-last, 0, last], axis: words.axis, above: words.above, label: words.label });
    const offsets = Array.from({ length: 2 * places - 1 }, (_, i) => i - last);
    path([...offsets.map((offset, i) => [offset, method.high[i]]), ...offsets.map((offset, i) => [offset, method.low[i]]).reverse()], { closed: true, fill: colour, opacity: 0.28 });
    path(Array.from({ length: places }, (_, n) => [n - place, method.at(place, n)]), { stroke: colour, "stroke-width": 2.2 });
    node.append(h("circle", { cx: x(other - place), cy: y(method.at(place, other)), r: 5, fill: colour, stroke: "currentColor", "stroke-width": 1.5 }));
    return node;
  }

  // The score of two words that move along the text together, a line for each way as far as they have been moved (`reached`);
  // `shift` is marked.
  function journey(methods, { shift, reached }, words) {
    const all = methods.flatMap((method) => method.along);
    const last = methods[0].along.length - 1;
    const { node, x, y, path } = chart({ kind: "positions-journey", width: 420, height: 220, xs: [0, last], ys: stretch(Math.min(...all), Math.max(...all)), ticks: [0, last], axis: words.axis, above: words.above, label: words.label });
    node.append(h("line", { x1: x(shift), x2: x(shift), y1: 24, y2: 220 - 36, stroke: "currentColor", "stroke-dasharray": "4 3", opacity: 0.7 }));
    for (const { method, along } of methods) {
      path(along.slice(0, reached + 1).map((score, s) => [s, score]), { stroke: COLOURS[method], "stroke-width": 2.5, "stroke-dasharray": DASHES[method] });
      node.append(h("circle", { cx: x(shift), cy: y(along[shift]), r: 5, fill: COLOURS[method] }));
    }
    return node;
  }

  // -> (method) => [from, to] of its curve, and the words above all of them. Cosines have one scale; scores of words too, but
  // where one of them would lie flat in it, each has its own.
  function scales(methods, { words }, text) {
    const shared = stretch(Math.min(...methods.map(({ bottom }) => bottom)), Math.max(...methods.map(({ top }) => top)));
    const isFlat = ({ bottom, top }) => top - bottom < FLAT * (shared[1] - shared[0]);
    if (words && methods.some(isFlat)) return { ys: ({ bottom, top }) => stretch(bottom, top), above: text.scale_own };
    return { ys: () => shared, above: words ? text.scale_scores : text.scale_cosines };
  }

  const stretch = (low, high) => { const more = 0.05 * (high - low || 1); return [low - more, high + more]; };
  const swatch = (method) => h("svg.positions-swatch", { viewBox: "0 0 30 8", "aria-hidden": true },
    h("line", { x1: 0, x2: 30, y1: 4, y2: 4, stroke: COLOURS[method], "stroke-width": 4, "stroke-dasharray": DASHES[method] }));

  Object.assign(epochs.positions ??= {}, { say, open, paint, frame, curve, journey, scales, swatch });
})();
