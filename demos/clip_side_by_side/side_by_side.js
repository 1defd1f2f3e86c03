// Two rankings of the same labels, joined: a line for each label, steeper the further the models disagree.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const ROW = 32;                                // px, as in the style sheet

  const percent = (p) => (p > 0 && p < 0.000005 ? "<0.001" : p >= 0.9995 ? "100" : p >= 0.1 ? (100 * p).toFixed(1) : (100 * p).toFixed(p < 0.001 ? 3 : 2)) + "%";
  const order = (side) => [...side.ranks.keys()].sort((a, b) => side.ranks[a] - side.ranks[b]);

  // How far a label moves decides how loud its line is.
  function mood(left, right, i) {
    const moved = Math.abs(left.ranks[i] - right.ranks[i]);
    if (left.ranks[i] === 0 || right.ranks[i] === 0) return "first";
    return moved >= Math.max(3, left.ranks.length / 4) ? "far" : moved ? "near" : "level";
  }

  // A ready-made comparison into the four controls; the pickers may be in a closed section, not on the page.
  epochs.setSides = (demo, chip, variant, picker, variantB, pickerB) => {
    epochs.state.set(demo, "model", chip.model);
    epochs.state.set(demo, "model_b", chip.model_b);
    return [chip.variant, { ...picker, id: chip.model }, chip.variant_b, { ...pickerB, id: chip.model_b }];
  };

  register("pair_stage", ({ root, config, props, watch, text }) => {
    const { demo } = config;
    let result = {};
    let lit = null;                              // index of the label under the pointer or the keyboard

    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const tiles = h("dl.pair-tiles");
    const heads = [h("header.pair-head"), h("header.pair-head")];
    const lists = [list(0), list(1)];
    const lines = h("svg", { class: "pair-lines", preserveAspectRatio: "none", "aria-hidden": "true" });
    const note = h("p.stage-note", { "aria-live": "polite" });
    const table = h("div.pair-table");
    const details = h("details.pair-details", {}, h("summary", {}, text.table), table);
    const live = h("div.stage-live", { hidden: true }, tiles,
      h("div.pair", {}, heads[0], h("span.pair-gap"), heads[1], lists[0], lines, lists[1]), note,
      details);
    root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

    function list(k) {
      const node = h(`ol.pair-list.side-${k}`, { "aria-label": text[k ? "right" : "left"] });
      // One stop of the tab key for each list, arrows inside it.
      node.addEventListener("keydown", (event) => {
        const rows = [...node.querySelectorAll("button")];
        const to = { ArrowDown: 1, ArrowUp: -1, Home: -rows.length, End: rows.length }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(document.activeElement) + to))]?.focus();
      });
      for (const kind of ["mouseover", "focusin", "click"]) node.addEventListener(kind, (event) => light(event.target.closest("li")?.dataset.label));
      node.addEventListener("mouseleave", () => light(undefined));
      node.addEventListener("focusout", () => light(undefined));
      return node;
    }

    function light(label) {
      const now = label === undefined ? null : +label;
      if (now === lit) return;
      lit = now;
      for (const node of live.querySelectorAll("[data-label]")) node.classList.toggle("lit", node.dataset.label === label);
      live.classList.toggle("one-lit", lit !== null);
      note.textContent = lit === null ? hint() : told(lit);
    }

    const both = () => result.sides.every((side) => side.labels);
    const hint = () => (both() ? text.hint : "");
    const told = (i) => result.sides.map((side, k) => side.labels && fill(text[k ? "told_right" : "told_left"], {
      label: side.labels[i], place: side.ranks[i] + 1, n: side.labels.length, p: percent(side.p[i]), cosine: side.cosines[i].toFixed(3) })).filter(Boolean).join(" ");

    function drawHead(side, k) {
      const rule = side.scoring && h("p.pair-axis", {}, h(`span.rule.${side.scoring}`, {}, text["rule_" + side.scoring]), " ", fill(text["axis_" + side.scoring], { n: side.labels.length }));
      heads[k].replaceChildren(...[h("p.pair-side", {}, text[k ? "right" : "left"]), h("h3", {}, side.name), side.variant && h("p.pair-variant", {}, side.variant),
        rule, side.meta && h("p.pair-meta", {}, side.meta),
        side.error && h("p.pair-error", { role: "alert" }, side.error), side.pending && h("p.pair-meta.pair-pending", { role: "status" }, text.pending)].filter(Boolean));
    }

    function drawList(side, k) {
      lists[k].replaceChildren(...(side.labels ? order(side) : []).map((i, place) => {
        const name = h("span.name", { dir: "auto" }, side.labels[i]);
        const p = h("span.p", {}, percent(side.p[i]));
        const bar = h("span.fill", { "aria-hidden": "true", style: `width:${Math.max(0.4, 100 * side.p[i])}%` });
        const rank = h("span.rank", {}, String(place + 1));
        return h("li", { "data-label": i, class: place ? "" : "first" }, h("button.pair-row", { type: "button", tabindex: place ? -1 : 0, title: side.labels[i],
          "aria-label": fill(text.row, { place: place + 1, label: side.labels[i], p: percent(side.p[i]) }) }, bar, ...(k ? [p, name, rank] : [rank, name, p])));
      }));
    }

    function drawLines() {
      const [left, right] = result.sides;
      const n = both() ? left.labels.length : 0;
      lines.setAttribute("viewBox", `0 0 100 ${Math.max(1, n * ROW)}`);
      lines.style.height = `${n * ROW}px`;
      const middle = (rank) => (rank + 0.5) * ROW;
      // The loud ones last, so that they lie on top.
      const loudness = ["level", "near", "far", "first"];
      const drawn = [...Array(n).keys()].map((i) => [i, mood(left, right, i)]).sort((a, b) => loudness.indexOf(a[1]) - loudness.indexOf(b[1]));
      lines.replaceChildren(...drawn.map(([i, kind]) => h("path", { "data-label": i, class: kind, "vector-effect": "non-scaling-stroke",
        d: `M0 ${middle(left.ranks[i])}C50 ${middle(left.ranks[i])} 50 ${middle(right.ranks[i])} 100 ${middle(right.ranks[i])}` })));
    }

    function drawTable() {
      details.hidden = !both();
      if (!both()) { table.replaceChildren(); return; }
      const [left, right] = result.sides;
      const reworded = left.labels.some((label, i) => label !== right.labels[i]);
      const head = [text.label, ...(reworded ? [text.label_right] : []), ...[text.left, text.right].flatMap((side) => [text.place, text.probability, text.cosine].map((what) => `${side}: ${what}`))];
      table.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, head.map((word) => h("th", { scope: "col" }, word)))),
        h("tbody", {}, order(left).map((i) => h("tr", {}, h("th", { scope: "row", dir: "auto" }, left.labels[i]), reworded ? h("td", { dir: "auto" }, right.labels[i]) : null,
          result.sides.flatMap((side) => [side.ranks[i] + 1, percent(side.p[i]), side.cosines[i].toFixed(3)].map((cell) => h("td", {}, String(cell)))))))));
    }

    const drawTiles = () => tiles.replaceChildren(...(result.tiles || []).map(([name, value, more, kind]) => h("div.pair-tile" + (kind ? "." + kind : ""), {}, h("dt", {}, name), h("dd", {}, value), more ? h("dd.more", {}, more) : null)));

    function rows() {
      const [left, right] = result.sides;
      return order(left).map((i) => ({ label: left.labels[i], label_right: right.labels[i], left_place: left.ranks[i] + 1, left_probability: left.p[i], left_cosine: left.cosines[i],
        right_place: right.ranks[i] + 1, right_probability: right.p[i], right_cosine: right.cosines[i] }));
    }

    const figure = () => ({ name: "epochs-clip-side-by-side", rows: rows(), svg: svg(), record: { demo, ...result.record, rows: rows() } });

    function svg() {
      const [left, right] = result.sides;
      const [W, top, line] = [900, 86, 26];
      const H = top + left.labels.length * line + 34;
      const { clean } = epochs.sheet;
      const short = (s) => ([...s].length > 24 ? [...s].slice(0, 23).join("") + "…" : s);
      const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 14, fill: "#1d1d1f", ...more }, clean(s));
      const y = (rank) => top + rank * line;
      const colours = { first: "#3056b8", far: "#b2560d", near: "#9aa3b5", level: "#c3c9d4" };
      const column = (side, k) => {
        const [edge, anchor, name, value] = k ? [560, "start", 636, 566] : [340, "end", 264, 334];
        return h("g", {}, t(k ? 560 : 340, 26, short(side.name), { "font-weight": 600, "text-anchor": anchor }),
          t(edge, 44, side.variant || "", { "font-size": 12, fill: "#60646c", "text-anchor": anchor }),
          t(edge, 62, `${text["rule_" + side.scoring]} · ${fill(text["axis_short_" + side.scoring], {})}`, { "font-size": 12, "text-anchor": anchor }),
          side.labels.map((label, i) => h("g", {}, h("rect", { x: k ? 560 : 340 - 320 * side.p[i], y: y(side.ranks[i]) + 3, width: 320 * side.p[i], height: 20, rx: 3, fill: side.ranks[i] ? "#e8edf8" : "#c9d6f2" }),
            t(value, y(side.ranks[i]) + 18, percent(side.p[i]), { "text-anchor": anchor, "font-size": 13 }),
            t(name, y(side.ranks[i]) + 18, short(label), { "text-anchor": anchor, "font-weight": side.ranks[i] ? 400 : 600 }))));
      };
      return epochs.sheet.write({ width: W, height: H, title: text.figure_title, desc: (result.tiles || []).map(([name, value]) => `${clean(name)}: ${clean(value)}`).join("; ") },
        column(left, 0), column(right, 1),
        left.labels.map((_, i) => h("path", { d: `M346 ${y(left.ranks[i]) + 13}C450 ${y(left.ranks[i]) + 13} 450 ${y(right.ranks[i]) + 13} 554 ${y(right.ranks[i]) + 13}`,
          fill: "none", stroke: colours[mood(left, right, i)], "stroke-width": mood(left, right, i) === "first" ? 2.5 : 1.5 })),
        t(16, H - 12, [result.footer, ...(result.tiles || []).map(([name, value]) => `${name}: ${value}`)].join(" · "), { "font-size": 11, fill: "#60646c" }));
    }

    function adopt() {
      result = epochs.read(props);
      const ok = Boolean(result.sides);
      live.hidden = !ok;
      empty.hidden = ok;
      if (!ok) { epochs.withdrawFigure(demo); return; }
      lit = null;
      live.classList.remove("one-lit");
      result.sides.forEach((side, k) => { drawHead(side, k); drawList(side, k); });
      drawLines();
      drawTiles();
      drawTable();
      note.textContent = hint();
      live.dataset.run = result.run;
      // On a phone the stage lies below the controls: bring the answer, unless a hand is on the picture.
      const drawing = document.querySelector(`#${demo} .sketch`) || document.activeElement?.closest(".picture");
      if (!drawing && root.getBoundingClientRect().top > innerHeight * 0.8)
        root.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
      both() ? epochs.offerFigure(demo, figure) : epochs.withdrawFigure(demo);
    }
    watch("value", adopt);
    adopt();
  });
})();
