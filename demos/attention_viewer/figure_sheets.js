// Each view as a drawing to take along: ({run, chosen, stack, shot, map, text}) -> {width, height, title, body}.
"use strict";
(() => {
  const own = epochs.attention;
  const { h, fill, sheet: { line, small } } = epochs;
  const LONGEST = 760, TOP = 44, FOOT = 40, NAMED = 60;       // pixels of a map's longer side; tokens that get a name

  const image = (canvas, box) => h("image", { ...box, preserveAspectRatio: "none", style: "image-rendering:pixelated", href: canvas.toDataURL("image/png") });
  // `share(i)` is 0 where nothing was seen, `level(i)` the colour's place.
  const cells = (run, stack, rows, columns, share, level = share) => {
    const table = own.canvas.levels(run.colours), [grey] = own.canvas.pack([own.canvas.MASKED]), masked = own.canvas.masker(run, stack, rows, columns);
    return own.canvas.cells(rows, columns, (pixels) => {
      for (let i = 0; i < pixels.length; i++) pixels[i] = masked(Math.floor(i / columns), i % columns, share(i)) ? grey : table[level(i)];
    });
  };
  // A name above a column: it leans, by so many degrees; Chinese stands upright. And the room that it takes, up and to the right.
  const isUpright = (name) => own.canvas.isUpright(name);
  const standing = (x, y, name) => [...name].reverse().map((letter, n) => line(x, y - 14 * n, letter, { "text-anchor": "middle" }));
  const above = (x, y, name, lean) => (isUpright(name) ? standing(x, y, name) : [line(x, y, name, { transform: `rotate(${-lean} ${x} ${y})` })]);
  const tall = (name, lean) => (isUpright(name) ? 14 * [...name].length : own.wide(name) * Math.sin(lean * Math.PI / 180) + 7);
  const aside = (name, lean) => (isUpright(name) ? 7 : own.wide(name) * Math.cos(lean * Math.PI / 180) + 4);
  const titleOf = ({ run, chosen, stack, text }) => own.ofStack(run, stack.name, own.headName(stack, chosen.layer, chosen.head, text), text);

  // `shot` says which heads are off and what the others are called.
  function overview({ run, stack, shot, text }) {
    const LEFT = 60, FROM = 60, cell = Math.max(28, Math.min(100, Math.floor(LONGEST / stack.heads))), step = cell + 4;
    const body = Array.from({ length: stack.layers * stack.heads }, (_, n) => {
      const from = n * stack.rows * stack.columns;
      const [layer, head] = [Math.floor(n / stack.heads), n % stack.heads];
      const [x, y, off, kind] = [LEFT + head * step, FROM + layer * step, shot?.isOff(layer, head), shot?.kindOf(layer, head)];
      const map = image(cells(run, stack, stack.rows, stack.columns, (i) => stack.maps[from + i]), { x, y, width: cell, height: cell });
      if (!off) return kind ? [map, ...mark(x + cell - 10, y + 10, kind, shot.marks, text)] : [map];
      map.setAttribute("opacity", 0.3);
      return [map, h("path", { d: `M${x} ${y}l${cell} ${cell}m0 ${-cell}l${-cell} ${cell}`, fill: "none", stroke: "#60646c", "stroke-width": 1.5, "data-off": `${layer} ${head}` })];
    }).flat();
    const middle = { "text-anchor": "middle" };
    for (let layer = 0; layer < stack.layers; layer++) body.push(line(LEFT - 8, FROM + layer * step + cell / 2 + 4, String(layer + 1), { "text-anchor": "end" }));
    for (let head = 0; head < stack.heads; head++) body.push(line(LEFT + head * step + cell / 2, FROM - 8, String(head + 1), middle));
    const half = FROM + stack.layers * step / 2;
    body.push(line(LEFT - 8, FROM - 8, text.overview_head, { "text-anchor": "end" }), ...(isUpright(text.overview_layer) ? standing(22, half + 7 * text.overview_layer.length - 2, text.overview_layer)
      : [line(22, half, text.overview_layer, { ...middle, transform: `rotate(-90 22 ${half})` })]));
    const width = Math.max(420, 80 + stack.heads * step);
    let [x, y] = [14, FROM + stack.layers * step + 18];
    for (const [kind, n] of Object.entries(shot?.counts() ?? {})) {
      const words = fill(text.overview_key, { class: own.className(text, kind), n }), long = 30 + own.wide(words);
      if (x > 14 && x + long > width) [x, y] = [14, y + 22];
      body.push(...mark(x + 8, y - 4, kind, shot.marks, text), line(x + 22, y, words));
      x += long + 8;
    }
    return { width, height: y + 30, title: own.ofStack(run, stack.name, text.view_overview, text), body };
  }

  // A head's name as the page marks it: a letter in a circle.
  const mark = (x, y, kind, marks, text) => [h("circle", { cx: x, cy: y, r: 8, fill: marks[kind], stroke: "#fff" }),
    line(x, y + 4, text[`overview_mark_${kind}`], { "text-anchor": "middle", "font-size": 11, "font-weight": 700, fill: "#fff" })];

  function matrix(on) {
    const { run, map, text } = on;
    const { rows, columns, stack } = map;
    const isNamed = Math.max(rows, columns) <= NAMED && rows === stack.q && columns === stack.k;
    const names = (side, n) => (isNamed ? Array.from({ length: n }, (_, at) => epochs.sheet.short(own.tokenName(run, side, at, text), 14)) : []);
    const [side, head] = [names(stack.queries, rows), names(stack.keys, columns)];
    const lean = head.some(isUpright) ? 90 : 60;                 // beside what stands upright there is no room to lean
    // No more room than the longest name needs.
    const cell = Math.min(26, LONGEST / Math.max(rows, columns)), edge = 20 + Math.max(0, ...side.map((name) => own.wide(name)));
    const top = TOP + Math.ceil(Math.max(0, ...head.map((name) => tall(name, lean)))), x = (k) => edge + (k + 0.5) * cell + (isUpright(head[k]) ? 0 : lean === 90 ? 4 : 3);
    const body = [image(cells(run, stack, rows, columns, map.p, (i) => own.canvas.levelOf(map.p(i))), { x: edge, y: top, width: columns * cell, height: rows * cell }),
      ...side.map((name, q) => line(edge - 6, top + (q + 0.7) * cell, name, { "text-anchor": "end" })), ...head.flatMap((name, k) => above(x(k), top - 6, name, lean))];
    const right = Math.max(edge + columns * cell, ...head.map((name, k) => x(k) + aside(name, lean)));
    return { width: Math.max(420, right + 14), height: top + rows * cell + FOOT, title: titleOf(on), body };
  }

  const alignment = (on) => ({ ...matrix(on), title: `${on.text.view_alignment} · ${on.shot?.words ?? titleOf(on)}` });

  function arcs(on) {
    const { run, stack, shot, text } = on;
    if (!shot) return matrix(on);
    const { windows: { queries: [q0, nq], keys: [k0, nk] }, share, only } = shot;
    const HIGH = 20, [LEFT, RIGHT] = [210, 470], LEAST = 0.02, top = TOP + 10;
    const name = (side, n) => epochs.sheet.short(own.tokenName(run, side, n, text), 24);
    const body = [];
    for (let q = q0; q < q0 + nq; q++) for (let k = k0; k < k0 + nk; k++) {
      const p = share(q, k);
      if (p < LEAST || (only && only.place !== (only.side === "keys" ? k : q))) continue;
      const [from, to] = [top + (q - q0 + 0.5) * HIGH, top + (k - k0 + 0.5) * HIGH];
      body.push(h("path", { d: `M${LEFT} ${from}C${LEFT + 90} ${from} ${RIGHT - 90} ${to} ${RIGHT} ${to}`, fill: "none", stroke: "#4457d6", "stroke-width": (0.75 + 2.75 * p).toFixed(2),
        "stroke-linecap": "round", opacity: Math.min(1, 0.12 + 0.88 * p).toFixed(2) }));
    }
    for (let q = 0; q < nq; q++) body.push(line(LEFT - 8, top + (q + 0.7) * HIGH, name(stack.queries, q0 + q), { "text-anchor": "end" }));
    for (let k = 0; k < nk; k++) body.push(line(RIGHT + 8, top + (k + 0.7) * HIGH, name(stack.keys, k0 + k)));
    return { width: 680, height: top + Math.max(nq, nk) * HIGH + FOOT, title: titleOf(on), body };
  }

  function stages(on) {
    const { shot, map } = on;
    if (!shot) return matrix(on);
    const SIDE = 220, GAP = 20, high = Math.round(SIDE * Math.min(1.6, Math.max(0.4, map.rows / map.columns))), top = TOP + 30;
    const body = shot.stages.flatMap(({ picture, title, range }, n) => {
      const x = 14 + n * (SIDE + GAP), row = high / map.rows;
      return [line(x, top - 10, title, { "font-weight": 600 }), image(picture, { x, y: top, width: SIDE, height: high }),
        h("rect", { x, y: top + shot.query * row, width: SIDE, height: Math.max(2, row), fill: "none", stroke: own.canvas.QUERY, "stroke-width": 1.5 }), small(x, top + high + 16, range)];
    });
    return { width: 28 + 4 * SIDE + 3 * GAP, height: top + high + 30 + FOOT, title: titleOf(on), body };
  }

  function picture(on) {
    const { shot, text } = on;
    if (!shot) return matrix(on);
    const WIDE = 480, high = Math.round(WIDE * shot.canvas.height / shot.canvas.width), said = own.wrap(shot.words, WIDE);
    const body = [image(shot.canvas, { x: 14, y: TOP, width: WIDE, height: high }), ...said.map((words, n) => line(14, TOP + high + 22 + 18 * n, words))];
    return { width: WIDE + 28, height: TOP + high + 22 + 18 * said.length + FOOT, title: text.view_picture, body };
  }

  own.sheets = { overview, matrix, arcs, stages, alignment, picture };
})();
