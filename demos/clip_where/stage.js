// The stage: one heatmap per label on one colour scale; the chosen one large, with its deletion curve.
"use strict";
(() => {
  const { h, register, fill, percent } = epochs;
  const SMALL = 176, LARGE = 384;                // pixels of the canvases; the style sets their size on screen
  const { decode, paint, order, legend, curve } = epochs.where;
  const signed = (v) => (v < 0 ? "\u2212" : "+") + Math.abs(v).toFixed(4);

  register("where_stage", ({ root, config, props, watch, text }) => {
    const { demo } = config;
    let result = {};
    let picture = null;
    let chosen = 0;
    let cursor = -1;
    let opacity = epochs.state.askedNumber(demo, "opacity", 0, 1, 0.8);
    let plot = null;

    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const slider = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: opacity, id: "where-opacity" });
    const tools = h("div.stage-tools.control-opacity", {}, h("label", { for: "where-opacity" }, text.opacity), slider);
    const scale = h("div.where-scale-box");
    const list = h("div.where-maps", { role: "group", "aria-label": text.maps });
    const large = h("canvas.where-large", { width: LARGE, height: LARGE, tabindex: "0", role: "img" });
    const reading = h("p.where-reading", { role: "status" });
    const share = h("input", { type: "range", min: 0, max: 100, step: 1, value: 0, id: "where-share" });
    const shown = h("output", { for: "where-share" });
    const scrub = h("div.stage-tools", {}, h("label", { for: "where-share" }, text.delete), share, shown);
    const plotBox = h("div.where-plot");
    const judged = h("p.where-areas");
    const note = h("p.stage-note", {}, text.not_proof);
    const live = h("div.where-live", { hidden: true }, tools, scale, list,
      h("div.where-detail", {}, h("div.where-look", {}, large, reading), h("div.where-faith", {}, plotBox, judged, scrub)), note);
    root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

    slider.addEventListener("input", () => { opacity = +slider.value; epochs.state.set(demo, "opacity", opacity); say(); paintAll(); });
    share.addEventListener("input", () => { say(); paintLarge(); });
    const say = () => slider.setAttribute("aria-valuetext", fill(text.opacity_value, { percent: Math.round(100 * opacity) }));

    const cellAt = (e) => {
      const area = large.getBoundingClientRect();
      const [c, r] = [Math.floor((e.clientX - area.left) / area.width * result.columns), Math.floor((e.clientY - area.top) / area.height * result.rows)];
      return c >= 0 && r >= 0 && c < result.columns && r < result.rows ? r * result.columns + c : -1;
    };
    const move = (cell) => { if (cell !== cursor) { cursor = cell; paintLarge(); } };
    large.addEventListener("pointermove", (e) => move(cellAt(e)));
    large.addEventListener("pointerdown", (e) => move(cellAt(e)));
    large.addEventListener("pointerleave", (e) => { if (e.pointerType === "mouse") move(-1); });
    large.addEventListener("keydown", (e) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -result.columns, ArrowDown: result.columns }[e.key];
      if (!step || !result.labels) return;
      e.preventDefault();
      const next = cursor < 0 ? 0 : cursor + step;
      const sameRow = Math.floor(next / result.columns) === Math.floor(cursor / result.columns);
      if (next >= 0 && next < result.rows * result.columns && (Math.abs(step) > 1 || cursor < 0 || sameRow)) move(next);
    });

    function paintLarge() {
      const cells = Math.round(share.value / 100 * result.rows * result.columns);
      const deleted = order(result, chosen).slice(0, cells);
      paint(large, result, picture, chosen, { opacity, deleted, cursor });
      large.setAttribute("aria-label", `${fill(text.choose, { label: result.labels[chosen] })}. ${text.reading_hint}`);
      const place = { row: Math.floor(cursor / result.columns) + 1, column: cursor % result.columns + 1 };
      reading.textContent = cursor < 0 ? text.reading_hint : fill(text.reading, { ...place, value: signed(result.maps[chosen][cursor]) });
      const told = plot ? ` · ${plot.at(share.value / 100)[0]}` : "";
      shown.textContent = `${share.value}%${told}`;
      share.setAttribute("aria-valuetext", fill(text.deleted, { percent: `${share.value}%` }) + told);
      plot?.mark(share.value / 100);
    }

    function paintAll() {
      if (!picture) return;
      list.querySelectorAll("canvas").forEach((canvas, m) => paint(canvas, result, picture, m, { opacity }));
      paintLarge();
    }

    function choose(m) {
      chosen = m;
      list.querySelectorAll("button").forEach((button, i) => button.setAttribute("aria-pressed", i === m));
      const found = result.deletion[m];
      const gap = found ? found.random_area - found.area : 0;
      plot = found ? curve(result, m, text) : null;
      plotBox.replaceChildren(...(plot ? [h("p.axis", {}, h("span", {}, `${result.by_probability ? text.probability : text.cosine}: ${result.labels[m]}`),
        h("span.where-key", {}, h("span.where-key-map", {}, text.by_map), h("span.where-key-chance", {}, text.by_chance))), plot.node] : []));
      judged.textContent = !found ? text.areas_absent : fill(Math.abs(gap) < result.least ? text.areas_same : gap > 0 ? text.areas : text.areas_worse,
        { area: found.area.toFixed(3), random: found.random_area.toFixed(3), gap: gap.toFixed(3) });
      judged.classList.toggle("worse", Boolean(found) && gap < result.least);
      paintLarge();
    }

    function makeMaps() {
      list.replaceChildren(...result.labels.map((label, m) => h("button.where-map", { type: "button", "aria-pressed": false,
        "aria-label": `${fill(text.choose, { label })}, ${percent(result.probabilities[m])}`, onclick: () => choose(m) },
        h("canvas", { width: SMALL, height: SMALL, "aria-hidden": true }),
        h("span.where-name", { dir: "auto" }, label), h("span.where-p", {}, percent(result.probabilities[m])))));
      scale.replaceChildren(legend(result, text), h("p.where-one-scale", {}, text.one_scale,
        result.others ? " " + fill(text.others, { n: result.labels.length }) : ""));
    }

    function figure() {
      const rows = result.labels.flatMap((label, m) => result.maps[m].map((value, i) => ({ label, probability: result.probabilities[m],
        cosine: result.cosines[m], row: Math.floor(i / result.columns) + 1, column: i % result.columns + 1, value })));
      return { name: "epochs-clip-where", rows, svg: epochs.where.svg(result, picture, opacity, text),
        record: { demo, checkpoint: result.checkpoint, method: result.method, ...result.provenance,
          labels: result.labels.map((label, m) => ({ label, probability: result.probabilities[m], cosine: result.cosines[m],
            rows: result.rows, columns: result.columns, map: result.maps[m], ...(result.deletion[m] ? { shares: result.shares, deletion: result.deletion[m] } : {}) })) } };
    }

    async function adopt() {
      const next = epochs.read(props);
      const image = next.labels ? await decode(next.picture) : null;
      if (next !== epochs.read(props) && epochs.read(props).run !== next.run) return;   // a newer answer has come
      const kept = result.labels?.[chosen];
      [result, picture] = [next, image];
      const ok = Boolean(result.labels && picture);
      live.hidden = !ok;
      empty.hidden = ok;
      if (!ok) { epochs.withdrawFigure(demo); return; }
      cursor = -1;
      share.value = 0;
      makeMaps();
      choose(Math.max(0, result.labels.indexOf(kept)));
      paintAll();
      list.dataset.run = result.run;
      epochs.bringIntoView(root, demo);
      epochs.offerFigure(demo, figure);
    }
    say();
    watch("value", adopt);
    adopt();
  });
})();
