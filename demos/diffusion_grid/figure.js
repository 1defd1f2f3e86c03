// The grid to take along: one drawing with the axes' labels, and every cell's settings.
"use strict";
(() => {
  const { h } = epochs;
  const [SIDE, GAP, LEFT, TOP] = [128, 8, 130, 86];
  const { clean, short } = epochs.sheet;

  function svg({ value, kept, text }) {
    const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 15, fill: "#1d1d1f", ...more }, clean(s));
    const { x, y } = value;
    const [W, H] = [LEFT + x.labels.length * (SIDE + GAP) + 20, TOP + y.labels.length * (SIDE + 24 + GAP) + 34];
    const column = (c) => LEFT + c * (SIDE + GAP);
    const row = (r) => TOP + r * (SIDE + 24 + GAP);
    const pictures = value.cells.flatMap((keys, r) => keys.map((key, c) => {
      const found = kept.get(key);
      return found ? h("g", {}, h("image", { x: column(c), y: row(r), width: SIDE, height: SIDE, href: found.picture }),
        t(column(c) + SIDE / 2, row(r) + SIDE + 16, epochs.fill(text.evaluations, { n: found.evaluations }), { "text-anchor": "middle", "font-size": 12, fill: "#60646c" }))
        : h("rect", { x: column(c), y: row(r), width: SIDE, height: SIDE, fill: "none", stroke: "#c8ccd4" });
    }));
    return epochs.sheet.write({ width: W, height: H, title: text.figure_title, desc: `${y.name}: ${y.labels.join(", ")}; ${x.name}: ${x.labels.join(", ")}` },
      t(20, 30, short(value.prompt || text.figure_title, 60), { "font-weight": 600, "font-size": 17 }),
      t(20, TOP - 16, `${y.name} ↓`, { "font-size": 13, fill: "#60646c" }), t(LEFT, TOP - 38, `${x.name} →`, { "font-size": 13, fill: "#60646c" }),
      x.labels.map((label, c) => t(column(c) + SIDE / 2, TOP - 14, label, { "text-anchor": "middle", "font-weight": 600 })),
      y.labels.map((label, r) => t(20, row(r) + SIDE / 2, short(label, 14), { "font-weight": 600, "font-size": 13 })),
      pictures, t(20, H - 12, value.footer, { "font-size": 11, fill: "#60646c" }));
  }

  function figure({ demo, value, kept, text }) {
    const rows = value.cells.flatMap((keys, r) => keys.map((key, c) => {
      const found = kept.get(key);
      return { x: value.x.labels[c], y: value.y.labels[r], ...value.settings[key], network_evaluations: found?.evaluations ?? "", milliseconds: found?.milliseconds ?? "" };
    }));
    return { name: "epochs-diffusion-grid", rows, svg: svg({ value, kept, text }),
      record: { demo, x: { axis: value.x.axis, values: value.x.labels }, y: { axis: value.y.axis, values: value.y.labels }, device: value.device, dtype: value.dtype, date: value.date,
        cells: value.cells.map((keys) => keys.map((key) => ({ key, ...value.settings[key], network_evaluations: kept.get(key)?.evaluations ?? null, milliseconds: kept.get(key)?.milliseconds ?? null }))) } };
  }
  Object.assign(epochs.grid ??= {}, { figure });
})();
