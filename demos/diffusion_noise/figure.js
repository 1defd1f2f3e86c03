// The rows to take along: finished pictures, maps and numbers, and everything needed to run it again.
"use strict";
(() => {
  const { h } = epochs;
  const [SIDE, GAP, LEFT, TOP, COLUMNS] = [88, 6, 20, 56, 8];
  const { clean, short } = epochs.sheet;

  function svg({ value, rows, name, lines, text }) {
    const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 14, fill: "#1d1d1f", ...more }, clean(s));
    const deep = Math.ceil(value.runs / COLUMNS);
    const high = 30 + deep * (SIDE + GAP) + 14;
    const W = LEFT * 2 + (COLUMNS + 1) * (SIDE + GAP) + 12;
    const H = TOP + rows.length * high + 34;
    const groups = rows.map((row, r) => {
      const top = TOP + r * high;
      const said = row.distance === undefined ? "" : ` · ${row.distance.toFixed(1)} ${text.apart_by}`;
      return h("g", {}, t(LEFT, top + 16, name(row) + said, { "font-weight": 600 }),
        lines[row.row].pictures().map((canvas, i) => h("image", { x: LEFT + (i % COLUMNS) * (SIDE + GAP), y: top + 26 + Math.floor(i / COLUMNS) * (SIDE + GAP),
          width: SIDE, height: SIDE, href: canvas.toDataURL("image/png") })),
        row.map ? h("image", { x: W - LEFT - SIDE, y: top + 26, width: SIDE, height: SIDE, href: lines[row.row].map().toDataURL("image/png"), style: "image-rendering:pixelated" }) : null);
    });
    return epochs.sheet.write({ width: W, height: H, title: text.figure_title, desc: rows.map((row) => `${name(row)} ${row.distance ?? ""}`).join("; ") },
      t(LEFT, 30, `${text.figure_title} · ${short(value.settings.prompt, 70)}`, { "font-weight": 600, "font-size": 16 }), groups,
      t(LEFT, H - 12, value.footer, { "font-size": 11, fill: "#60646c" }));
  }

  function figure({ demo, value, rows, dots, name, lines, text }) {
    const steps = rows.flatMap((row) => row.clean.map((spread, i) => ({ row: row.row, eta: row.eta, step: i + 1, noise_level: value.noise?.[i] ?? "",
      spread_of_predicted_x0: spread, spread_of_xt: row.sample[i] })));
    return { name: "epochs-same-noise", rows: steps, svg: svg({ value, rows, name, lines, text }),
      record: { demo, ...value.settings, date: value.date, rows: dots.filter((row) => row.map).map((row) => ({ row: row.row, eta: row.eta,
        identical_runs: row.identical, mean_pairwise_rms_grey_levels: row.distance, mean_deviation_grey_levels: row.map.mean,
        spread_of_predicted_x0: row.clean, spread_of_xt: row.sample })) } };
  }
  Object.assign(epochs.noise ??= {}, { figure });
})();
