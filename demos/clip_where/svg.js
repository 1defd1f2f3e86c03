// The heatmaps to take along: every map with its label, the scale, what made them.
"use strict";
(() => {
  const { h, percent } = epochs;
  const [SIDE, GAP, COLUMNS, TOP] = [216, 20, 3, 52];
  const { clean } = epochs.sheet;

  epochs.where.svg = (result, picture, opacity, text) => {
    const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 14, fill: "#1d1d1f", ...more }, clean(s));
    const rows = Math.ceil(result.labels.length / COLUMNS);
    const [W, H] = [GAP + COLUMNS * (SIDE + GAP), TOP + rows * (SIDE + 52) + 62];
    const maps = result.labels.map((label, m) => {
      const canvas = h("canvas", { width: 2 * SIDE, height: 2 * SIDE });
      epochs.where.paint(canvas, result, picture, m, { opacity });
      const [x, y] = [GAP + (m % COLUMNS) * (SIDE + GAP), TOP + Math.floor(m / COLUMNS) * (SIDE + 52)];
      const found = result.deletion[m];
      const short = [...clean(label)].length > 22 ? [...clean(label)].slice(0, 21).join("") + "…" : label;
      return h("g", {}, h("image", { x, y, width: SIDE, height: SIDE, href: canvas.toDataURL("image/png") }),
        t(x, y + SIDE + 18, `${short} · ${percent(result.probabilities[m])}`, { "font-weight": 600 }),
        found ? t(x, y + SIDE + 35, `${found.area.toFixed(3)} / ${found.random_area.toFixed(3)} (${text.by_chance})`, { "font-size": 11, fill: "#60646c" }) : null);
    });
    const ramp = h("canvas", { width: result.colours.length, height: 1 });
    result.colours.forEach((colour, i) => { const pen = ramp.getContext("2d"); pen.fillStyle = colour; pen.fillRect(i, 0, 1, 1); });
    const foot = H - 40;
    return epochs.sheet.write({ width: W, height: H, title: text.figure_title, desc: result.labels.map((l, m) => `${clean(l)} ${percent(result.probabilities[m])}`).join("; ") },
      t(GAP, 30, `${result.name} · ${text[result.method]}`, { "font-weight": 600 }), maps,
      t(GAP, foot + 10, `\u2212${result.high.toPrecision(2)}`, { "font-size": 12 }),
      h("image", { x: GAP + 56, y: foot, width: 200, height: 12, preserveAspectRatio: "none", href: ramp.toDataURL("image/png") }),
      t(GAP + 264, foot + 10, `+${result.high.toPrecision(2)}`, { "font-size": 12 }),
      t(GAP, H - 10, result.footer, { "font-size": 11, fill: "#60646c" }));
  };
})();
