// The rows to take along: finished pictures, maps and numbers, and everything needed to run it again.
"use strict";
(() => {
  const { h } = epochs;
  const [SIDE, GAP, LEFT, TOP, COLUMNS] = [88, 6, 20, 56, 8];
  const clean = (s) => String(s).replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, " ");

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
    const prompt = [...clean(value.settings.prompt)].slice(0, 70).join("");
    const node = h("svg", { xmlns: "http://www.w3.org/2000/svg", width: W, height: H, viewBox: `0 0 ${W} ${H}`,
      "font-family": "system-ui,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif" },
      h("title", {}, text.figure_title), h("desc", {}, rows.map((row) => `${name(row)} ${row.distance ?? ""}`).join("; ")),
      h("rect", { width: W, height: H, fill: "#fff" }), t(LEFT, 30, `${text.figure_title} · ${prompt}`, { "font-weight": 600, "font-size": 16 }), groups,
      t(LEFT, H - 12, value.footer, { "font-size": 11, fill: "#60646c" }));
    return new XMLSerializer().serializeToString(node);
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
