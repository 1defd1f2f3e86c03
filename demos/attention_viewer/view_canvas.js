// What the views' canvases share: sharp sizes, colours of levels, one exact map asked for at a time.
"use strict";
(() => {
  const { h, rgb, percent } = epochs;
  const QUERY = "#d23a2e";                       // the chosen query: stands out on every colour of a map, in both themes
  const MASKED = "#c3c8d2";
  const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };   // rows, columns
  const UPRIGHT = /^[\u2026\u21e5\u23ce\u2423\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+$/;     // and what is drawn for white space
  const tables = new WeakMap();

  const ratio = () => Math.min(2, window.devicePixelRatio || 1);

  // The stack on screen, or null where there is nothing to draw.
  function stackOf(run, chosen) {
    const stack = run?.stacks?.[chosen.stack];
    return stack && stack.q > 0 && stack.k > 0 && stack.maps?.length ? stack : null;
  }

  // Colours as 32-bit numbers, as ImageData holds them.
  function pack(colours) {
    const table = new Uint32Array(colours.length);
    const bytes = new Uint8Array(table.buffer);
    colours.forEach((colour, i) => bytes.set([...rgb(colour), 255], 4 * i));
    return table;
  }

  // The colour of each of the 256 levels.
  function levels(colours) {
    if (!tables.has(colours)) {
      const packed = pack(colours);
      tables.set(colours, Uint32Array.from({ length: 256 }, (_, level) => packed[Math.round(level / 255 * (colours.length - 1))]));
    }
    return tables.get(colours);
  }
  const levelOf = (p) => Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, p))));

  // A canvas of one pixel for each cell.
  function cells(rows, columns, paint) {
    const canvas = h("canvas", { width: columns, height: rows });
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(columns, rows);
    paint(new Uint32Array(image.data.buffer));
    pen.putImageData(image, 0, 0);
    return canvas;
  }

  // Gives a canvas a size in CSS pixels -> its pen, in CSS pixels, on an empty sheet.
  function fit(canvas, width, height) {
    const [w, t] = [Math.round(width * ratio()), Math.round(height * ratio())];
    if (canvas.width !== w) canvas.width = w;
    if (canvas.height !== t) canvas.height = t;
    canvas.style.height = `${height}px`;
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio(), 0, 0, ratio(), 0, 0);
    pen.globalAlpha = 1;
    pen.clearRect(0, 0, width, height);
    return pen;
  }

  // A picture and, above it, the sheet that a hand moves over: the picture stays as it is.
  function sheet() {
    const base = h("canvas.att-view-base", { "aria-hidden": true });
    const over = h("canvas.att-view-over", { tabindex: "0", role: "application" });
    return { box: h("div.att-view-sheet", {}, base, over), base, over };
  }

  const at = (event, canvas) => {
    const area = canvas.getBoundingClientRect();
    return [event.clientX - area.left, event.clientY - area.top];
  };

  function look(node) {
    const style = getComputedStyle(node);
    const get = (name) => style.getPropertyValue(`--e-${name}`).trim();
    return { ink: get("ink"), soft: get("soft"), accent: get("accent"), font: style.fontFamily };
  }

  const theme = () => (document.body.classList.contains("dark") ? "dark" : "light");

  // Calls `redraw` when the node gets another width (also its first one) or the page another theme.
  function watch(node, redraw) {
    let [width, shade] = [0, theme()];
    new ResizeObserver(() => {
      if (node.clientWidth === width) return;
      width = node.clientWidth;
      if (width) redraw();
    }).observe(node);
    new MutationObserver(() => {
      if (theme() === shade) return;
      shade = theme();
      redraw();
    }).observe(document.body, { attributeFilter: ["class"] });
  }

  const headKey = (run, chosen) => [run.key, chosen.stack, chosen.layer, chosen.head].join(" ");

  // -> a function that gives the exact map of the head on screen, or null and asks for it; `arrived` redraws.
  function asker(detail, arrived) {
    let asked = "", exact = null;
    return (run, chosen, more = "") => {
      const key = `${headKey(run, chosen)} ${more}`;
      if (key === asked) return exact;
      asked = key;
      exact = null;
      detail(run, { ...chosen }).then((answer) => {
        if (asked !== key) return;
        if (!answer) { asked = ""; return; }     // the next look asks again
        exact = answer;
        arrived();
      });
      return null;
    };
  }

  // (row, column, p) -> whether the mask keeps every query of a cell from all its keys, in a map of so many cells; `any`:
  // whether there is a mask at all. A cell of a map in full is one query and one key; else block b begins as in `level`.
  function masker(run, stack, rows = stack.q, columns = stack.k) {
    const hides = stack.keys === "source" && ["causal", "translation"].includes(run.kind);
    const hidden = new Set(hides ? run.asked?.hidden : []);
    const begins = (cells, size) => Int32Array.from({ length: cells + 1 }, (_, b) => Math.floor(b * size / cells));
    const [q, k] = [begins(rows, stack.q), begins(columns, stack.k)];
    const gone = Array.from({ length: columns }, (_, c) => { let all = hidden.size > 0; for (let n = k[c]; n < k[c + 1]; n++) all &&= hidden.has(n); return all; });
    const masked = (row, column, p) => (stack.causal && k[column] >= q[row + 1]) || (p === 0 && gone[column]);
    return Object.assign(masked, { any: Boolean(stack.causal || hidden.size) });
  }

  const share = (p) => (p === 0 ? "0%" : p < 0.001 ? "<0.1%" : percent(p));

  function short(pen, name, most) {
    if (pen.measureText(name).width <= most) return name;
    const letters = [...name];
    while (letters.length > 1 && pen.measureText(`${letters.join("")}…`).width > most) letters.pop();
    return `${letters.join("")}…`;
  }

  // The colours go by the root of p, so that small shares can be told apart.
  function scale(colours) {
    const ramp = colours.filter((_, i) => i % 8 === 0).join(",");
    return h("div.att-view-scale", { "aria-hidden": true }, h("span.att-view-ramp", { style: `background:linear-gradient(to right,${ramp})` }),
      [0, 0.01, 0.1, 0.5, 1].map((p) => h("span.att-view-mark", { style: `left:${(100 * Math.sqrt(p)).toFixed(1)}%` }, `${100 * p}%`)));
  }

  // What the colours mean: the scale, and the grey of what a mask hides where there is one.
  const keys = (run, stack, text) => [scale(run.colours), ...(masker(run, stack).any
    ? [h("span.att-view-key", {}, h("span.att-view-masked", { "aria-hidden": true, style: `background:${MASKED}` }), text.masked_key)] : [])];

  // Chinese stands upright, one character above the other: upwards from where the pen is.
  const isUpright = (name) => UPRIGHT.test(name);
  function stackUp(pen, name) {
    pen.textAlign = "center";
    [...name].reverse().forEach((letter, n) => pen.fillText(letter, 0, -6 - 12 * n));
  }

  epochs.attention.canvas = { QUERY, MASKED, ARROWS, ratio, stackOf, pack, levels, levelOf, cells, fit, sheet, at, look, theme, watch,
    headKey, asker, masker, share, short, keys, isUpright, stackUp };
})();
