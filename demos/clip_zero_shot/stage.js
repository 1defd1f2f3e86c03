// CLIP's stage: ranked bars, re-ranked here when the temperature moves or a label is dropped.
"use strict";
(() => {
  const { h, register, fill, percent } = epochs;

  // Softmax over the labels kept (CLIP), or a sigmoid per label (SigLIP): cosines never change.
  function probabilities(cosines, kept, scale, bias) {
    if (bias !== null && bias !== undefined) return cosines.map((c, i) => (kept[i] ? 1 / (1 + Math.exp(-(scale * c + bias))) : 0));
    const top = Math.max(...cosines.filter((_, i) => kept[i]).map((c) => scale * c));
    const weights = cosines.map((c, i) => (kept[i] ? Math.exp(scale * c - top) : 0));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((w) => w / sum);
  }

  // "None of these": each label alone against the background captions that do not mean the same.
  function againstBackground(cosines, background, same, scale) {
    return cosines.map((c, i) => {
      const others = background.filter((_, j) => !same[i].includes(j));
      return 1 / (1 + others.reduce((sum, b) => sum + Math.exp(scale * (b - c)), 0));
    });
  }
  epochs.clip = { probabilities, againstBackground };

  register("clip_stage", ({ root, config, props, watch, text }) => {
    const { demo } = config;
    let result = {};
    let dropped = new Set();                     // indices of labels
    let scale = null;                            // null: as trained
    let none = epochs.state.asked(demo, "none") === "1";
    let rows = [];

    const slider = h("input", { type: "range", min: 0, max: 1, step: 0.002, id: "clip-scale" });
    const shown = h("output", { for: "clip-scale" });
    const toScale = (x) => Math.exp(x * Math.log(500));         // 1 … 500, even in ratio
    const fromScale = (s) => Math.log(Math.max(1, s)) / Math.log(500);
    const trained = h("button.small", { type: "button", onclick: () => setScale(null) }, text.trained_scale);
    const noneBox = h("input", { type: "checkbox", id: "clip-none", checked: none, onchange: (e) => { none = e.target.checked; epochs.state.set(demo, "none", none); draw(); } });
    const list = h("ol.ranking", { "aria-label": text.ranking });
    const axis = h("p.axis");
    const note = h("p.stage-note", { role: "status" });
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const tools = h("div.stage-tools", {},
      h("span.temperature.control-temperature", {}, h("label", { for: "clip-scale" }, text.temperature), slider, shown, trained),
      h("label.check.control-none", { for: "clip-none" }, noneBox, text.none_of_these));
    const live = h("div.stage-live", { hidden: true }, tools, axis, list, note);
    root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

    slider.addEventListener("input", () => setScale(toScale(+slider.value)));
    function setScale(value) {
      scale = value;
      epochs.state.set(demo, "scale", value === null ? 0 : value.toPrecision(3));
      const now = inverseTemperature();
      if (document.activeElement !== slider) slider.value = fromScale(now);
      shown.textContent = now.toFixed(now < 10 ? 1 : 0);
      slider.setAttribute("aria-valuetext", fill(text.scale_value, { value: shown.textContent }));
      draw();
    }
    const inverseTemperature = () => scale ?? result.logit_scale;

    function makeRows() {
      rows = result.labels.map((label, i) => {
        const bar = h("span.bar", {}, h("span.bar-fill"));
        const value = h("span.p");
        const cosine = h("span.cos", {}, result.cosines[i].toFixed(3));
        const button = h("button.drop-label", { type: "button", onclick: () => {
          dropped.has(i) ? dropped.delete(i) : dropped.add(i);
          if (dropped.size === result.labels.length) dropped.delete(i);
          epochs.state.set(demo, "dropped", [...dropped].sort((a, b) => a - b).join(","));
          draw();
        } });
        const name = h("span.name", { dir: "auto", title: label }, label);
        const row = h("li.row", {}, name, bar, value, cosine, button);
        return { row, bar: bar.firstChild, value, button, label };
      });
      list.replaceChildren(...rows.map((r) => r.row));
    }

    function scores() {
      const kept = result.labels.map((_, i) => !dropped.has(i));
      return scoring() === "background"
        ? againstBackground(result.cosines, result.background, result.same, inverseTemperature()).map((p, i) => (kept[i] ? p : 0))
        : probabilities(result.cosines, kept, inverseTemperature(), result.logit_bias);
    }

    function order(p) {
      return [...p.keys()].sort((a, b) => dropped.has(a) - dropped.has(b) || p[b] - p[a] || result.cosines[b] - result.cosines[a] || a - b);
    }

    function draw() {
      if (!result.labels) return;
      const p = scores();
      const ranking = order(p);
      const focused = document.activeElement;
      ranking.forEach((i, place) => {
        const r = rows[i];
        const out = dropped.has(i);
        r.row.className = "row" + (out ? " out" : "") + (place === 0 ? " first" : "");
        r.bar.style.transform = `scaleX(${out ? 0 : p[i]})`;
        r.value.textContent = out ? "–" : percent(p[i]);
        r.button.textContent = out ? "+" : "×";
        r.button.setAttribute("aria-label", fill(out ? text.restore_label : text.drop_label, { label: r.label }));
        if (list.children[place] !== r.row) list.insertBefore(r.row, list.children[place] || null);
      });
      axis.replaceChildren(h("span", {}, axisName()), h("span", {}, text.axis_cosine));
      if (focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
      const strongest = Math.max(...p);
      note.textContent = scoring() === "background"
        ? fill(strongest < 0.5 ? text.none_fits : text.some_fits, { n: result.background.length, percent: percent(strongest), nearest: nearest(ranking[0]) })
        : dropped.size ? text.dropped_note : "";
      list.dataset.drawn = String(Math.round(performance.now()));
    }

    const scoring = () => (none && result.background ? "background" : result.logit_bias == null ? "softmax" : "sigmoid");
    const axisName = () => text["axis_" + scoring()];
    // The background caption closest to the picture that does not name the same thing as the label.
    const nearest = (label) => result.background_names[result.background
      .map((cosine, i) => (result.same[label].includes(i) ? -2 : cosine)).reduce((best, c, i, all) => (c > all[best] ? i : best), 0)];

    function figure() {
      const p = scores();
      const ranking = order(p).filter((i) => !dropped.has(i));
      const rowsOut = ranking.map((i) => ({ label: result.labels[i], probability: p[i], cosine: result.cosines[i] }));
      return { name: "epochs-clip", rows: rowsOut, svg: svg(rowsOut),
        record: { demo, checkpoint: result.checkpoint, templates: result.templates, logit_scale: inverseTemperature(), logit_bias: result.logit_bias, ...result.provenance,
          scoring: scoring(), rows: rowsOut } };
    }

    function svg(data) {
      const [W, line] = [720, 30];
      const H = 56 + data.length * line + 24;
      const { clean } = epochs.sheet;
      const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 14, fill: "#1d1d1f", ...more }, clean(s));
      return epochs.sheet.write({ width: W, height: H, title: text.figure_title, desc: data.map((r) => `${clean(r.label)} ${percent(r.probability)} (${r.cosine.toFixed(3)})`).join("; ") },
        t(16, 28, `${result.name} · ${axisName()}`, { "font-weight": 600 }),
        data.map((r, k) => {
          const y = 48 + k * line;
          const short = [...r.label];
          return h("g", {}, t(226, y + 17, short.length > 28 ? short.slice(0, 27).join("") + "…" : r.label, { "text-anchor": "end" }),
            h("rect", { x: 236, y: y + 4, width: 320, height: 18, rx: 4, fill: "#eef0f4" }),
            h("rect", { x: 236, y: y + 4, width: Math.max(1, 320 * r.probability), height: 18, rx: 4, fill: k ? "#8aa4d6" : "#3056b8" }),
            t(636, y + 17, percent(r.probability), { "text-anchor": "end" }),
            t(704, y + 17, r.cosine.toFixed(3), { "text-anchor": "end", fill: "#60646c" }));
        }), t(16, H - 10, result.footer || "", { "font-size": 11, fill: "#60646c" }));
    }

    function adopt() {
      const before = new Set([...dropped].map((i) => result.labels[i]));
      const first = !result.labels;
      result = epochs.read(props);
      const asked = first ? (epochs.state.asked(demo, "dropped") || "").split(",").filter(Boolean).map(Number) : [];
      // What a visitor dropped stays dropped in the next run, by its name.
      dropped = new Set((result.labels || []).map((label, i) => i).filter((i) => before.has(result.labels[i]) || asked.includes(i)));
      if (dropped.size === (result.labels || []).length) dropped.clear();
      if (first) scale = +epochs.state.asked(demo, "scale") || null;
      const ok = Boolean(result.labels);
      live.hidden = !ok;
      empty.hidden = ok;
      if (!ok) { epochs.withdrawFigure(demo); return; }
      noneBox.disabled = !result.background;
      makeRows();
      setScale(scale);
      list.dataset.run = result.run;
      epochs.bringIntoView(root, demo);
      epochs.offerFigure(demo, figure);
    }
    watch("value", adopt);
    adopt();
  });

  register("clip_search", ({ root, config, props, watch, text }) => {
    const grid = h("ol.glyphs", { "aria-label": text.search_results });
    root.append(grid);
    watch("value", () => {
      const { hits } = epochs.read(props);
      if (hits?.length) requestAnimationFrame(() => root.scrollIntoView({ block: "nearest" }));
      grid.replaceChildren(...(hits || []).map((hit) => h("li", {}, h("button.glyph", { type: "button",
        title: fill(text.classify_hit, { name: hit.name }), onclick: () => {
          document.dispatchEvent(new CustomEvent("epochs-emoji", { detail: { demo: config.demo, emoji: hit.emoji } }));
          document.getElementById(config.demo)?.scrollIntoView();
        } },
        h("span.glyph-picture", { "aria-hidden": true }, hit.emoji), h("span.glyph-name", {}, hit.name), h("span.cos", {}, hit.cosine.toFixed(3))))));
    });
  });
})();
