// What the objective's stage draws: arrows, springs, and the figure one takes home.
"use strict";
epochs.objectiveDrawing = (() => {
  const { h } = epochs;
  // figures/palette.py's first two series colours: they read on light and on dark.
  const PULL = "#5368e9", PUSH = "#d23a2e";
  const SLIGHT = 0.02;                           // of the strongest force: less is not drawn

  const mix = (map, share) => map[Math.round(Math.min(1, Math.max(0, share)) * (map.length - 1))];

  function inkOn(colour) {
    const linear = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    return light > 0.179 ? "#000000" : "#ffffff";
  }

  // Two arrows on a line through (x, y), toward each other (pull) or away; `share` of the strongest is their length.
  function arrows(x, y, reach, share, pull, ink) {
    const out = 4 + (reach - 4) * share;
    const head = (at, way) => h("path", { d: `M${at - 4 * way} ${y - 4}L${at} ${y}L${at - 4 * way} ${y + 4}`, fill: "none", stroke: ink, "stroke-width": 2, "stroke-linejoin": "round" });
    const shaft = (from, to) => h("line", { x1: from, y1: y, x2: to, y2: y, stroke: ink, "stroke-width": 2 });
    return [-1, 1].flatMap((side) => [shaft(x + side * 2, x + side * out), head(x + side * (pull ? 2 : out), pull ? -side : side)]);
  }

  // A line's two arrow heads, `size` px: toward the middle for a pull, outward for a push.
  function heads([x1, y1], [x2, y2], size, pull, colour) {
    const [dx, dy] = [(x2 - x1) / Math.hypot(x2 - x1, y2 - y1), (y2 - y1) / Math.hypot(x2 - x1, y2 - y1)];
    const head = (x, y, way) => h("path", { fill: colour, d: `M${x + way * dx * size} ${y + way * dy * size}L${x - dy * size * 0.7} ${y + dx * size * 0.7}L${x + dy * size * 0.7} ${y - dx * size * 0.7}Z` });
    const at = (share) => [x1 + share * (x2 - x1), y1 + share * (y2 - y1)];
    return pull ? [head(...at(0.4), 1), head(...at(0.6), -1)] : [head(...at(0.1), -1), head(...at(0.9), 1)];
  }

  const short = (words, most) => ([...words].length > most ? [...words].slice(0, most - 1).join("") + "\u2026" : words);
  const { clean } = epochs.sheet;
  const label = (x, y, words, more = {}) => h("text", { x, y, "font-size": 14, fill: "currentColor", ...more }, clean(words));

  // Pictures left, captions right, a spring for every force that is not slight. `point(i, j)` where one is pointed at.
  // `narrow`: for a phone, where the captions get less room.
  function springs({ gradient, thumbnails, captions, numbers }, point, narrow = false) {
    const n = gradient.length;
    const [row, width, left, right, most] = narrow ? [52, 400, 76, 268, 11] : [52, 640, 84, 420, 24];
    const strongest = Math.max(...gradient.flat().map(Math.abs), 1e-12);
    const place = (i, x) => [x, 30 + i * row];
    const drawn = gradient.flatMap((line, i) => line.map((g, j) => ({ i, j, g, share: Math.abs(g) / strongest })))
      .filter(({ share }) => share >= SLIGHT).sort((a, b) => a.share - b.share);
    const lines = strongest < 1e-9 ? [] : drawn.map(({ i, j, g, share }) => {
      const [from, to, colour] = [place(i, left), place(j, right), g < 0 ? PULL : PUSH];
      const ends = { x1: from[0], y1: from[1], x2: to[0], y2: to[1] };
      return h("g", { onpointerover: () => point?.(i, j), onclick: () => point?.(i, j) },
        h("line", { ...ends, stroke: colour, "stroke-width": 1 + 7 * share, opacity: 0.25 + 0.6 * share }),
        heads(from, to, 5 + 8 * share, g < 0, colour), h("line", { ...ends, stroke: "transparent", "stroke-width": 16 }));
    });
    return h("svg", { viewBox: `0 0 ${width} ${n * row + 8}`, role: "img", class: "obj-springs" }, lines,
      thumbnails.map((src, i) => [h("image", { href: src, x: left - 62, y: 30 + i * row - 22, width: 44, height: 44 }),
        label(4, 35 + i * row, String(i + 1), { opacity: 0.7 })]).flat(),
      captions.map((caption, j) => label(right + 14, 35 + j * row, `${numbers[j]}  ${short(caption, most)}`)));
  }

  // The matrix as a file of its own: {title, losses, footer, thumbnails, captions, numbers, cells: [[{fill, words, arrow}]]}.
  function matrix({ title, losses, footer, thumbnails, captions, numbers, cells }) {
    const n = cells.length;
    const [cell, tall, left, top] = [n > 6 ? 58 : 88, n > 6 ? 42 : 52, 84, 186];
    const [width, height] = [Math.max(left + n * cell + 110, 560), top + n * tall + 44];
    return frame(width, height, title, losses, footer,
      captions.map((caption, j) => {
        const [x, y] = [left + (j + 0.5) * cell, top - 10];
        return label(x, y, `${numbers[j]} ${short(caption, 20)}`, { transform: `rotate(-40 ${x} ${y})`, "font-size": 13 });
      }),
      thumbnails.map((src, i) => [label(14, top + (i + 0.5) * tall + 5, String(i + 1)),
        h("image", { href: src, x: 36, y: top + i * tall + 2, width: 40, height: tall - 4 })]).flat(),
      cells.map((line, i) => line.map(({ fill, words, arrow }, j) => {
        const [x, y, ink] = [left + j * cell, top + i * tall, fill ? inkOn(fill) : "#5a6070"];
        return h("g", {}, h("rect", { x: x + 1, y: y + 1, width: cell - 2, height: tall - 2, rx: 3, fill: fill ?? "#f6f7fa",
          ...(i === j ? { stroke: "#101218", "stroke-width": 3 } : {}) }),
          i === j ? h("rect", { x: x + 3.2, y: y + 3.2, width: cell - 6.4, height: tall - 6.4, rx: 2, fill: "none", stroke: "#fff", "stroke-width": 1.5 }) : null,
          arrow && arrow.share >= SLIGHT ? arrows(x + cell / 2, y + tall * 0.33, cell / 2 - 8, arrow.share, arrow.pull, ink) : [],
          label(x + cell / 2, y + (arrow ? tall * 0.82 : tall / 2 + 5), words, { "text-anchor": "middle", fill: ink, "font-size": 13 }));
      })).flat());
  }

  function frame(width, height, title, losses, footer, ...body) {
    return epochs.sheet.write({ width, height, title, desc: losses },
      label(14, 26, title, { "font-weight": 600, "font-size": 16 }), label(14, 48, losses, { "font-size": 13 }),
      ...body.flat(), label(14, height - 12, footer, { "font-size": 11, fill: "#60646c" }));
  }

  // The springs as a file of their own.
  function springsFile(parts) {
    const drawing = springs(parts);
    const tall = parts.gradient.length * 52 + 8;
    drawing.setAttribute("x", 0); drawing.setAttribute("y", 66); drawing.setAttribute("width", 640); drawing.setAttribute("height", tall);
    return frame(640, tall + 110, parts.title, parts.losses, parts.footer, [drawing]);
  }

  return { PULL, PUSH, SLIGHT, mix, inkOn, arrows, springs, matrix, springsFile };
})();
