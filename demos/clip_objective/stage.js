// The objective's stage: the matrix of all pairs, its losses and its gradient, recomputed here when the scale moves,
// the captions move on, or the vectors take a step.
"use strict";
(() => {
  const { h, register, fill, objective: O, objectiveDrawing: D, objectiveReadouts: R, percent } = epochs;
  const F = R.formats;
  const isolate = (words) => `\u2068${words}\u2069`;

  register("objective_stage", ({ root, config, props, watch, text }) => {
    const { demo, maps, most_scale } = config;
    let result = {};
    let images = [], texts = [];                 // vectors, moved by the steps
    let scale = null;                            // null: as trained
    let chosen = "auto", view = "cosine", shift = 0;
    let trace = [];                              // the loss before the first step and after each
    let now = {};                                // {S, gradient, loss, chance, rows?, columns?, cells?, bias?}
    let here = null;                             // [i, j] pointed at
    let playing = 0;

    const n = () => result.captions.length;
    const name = () => (chosen === "auto" ? (result.logit_bias == null ? "softmax" : "sigmoid") : chosen);
    const inverseTemperature = () => scale ?? result.logit_scale;
    const own = (j) => (j + shift) % n();        // which caption stands in column j
    const captionAt = (j) => result.captions[own(j)];

    // -- pieces ------------------------------------------------------------------------------------------
    const group = (label, keys, pick) => {
      const buttons = keys.map((key) => h("button.segment", { type: "button", "data-key": key, onclick: () => pick(key) }, text[key]));
      const bar = h("div.segments", { role: "group", "aria-label": label }, buttons);
      bar.mark = (current, shown = keys) => buttons.forEach((b) => {
        b.hidden = !shown.includes(b.dataset.key);
        b.setAttribute("aria-pressed", b.dataset.key === current);
      });
      return bar;
    };
    const objectives = group(text.objective, ["softmax", "sigmoid"], (key) => { chosen = key; remember("objective", key); retrace(); });
    const views = group(text.views, ["cosine", "rows", "columns", "cells", "gradient", "springs"], (key) => { view = key; remember("view", key === "cells" ? "rows" : key); update(); });
    const slider = h("input", { type: "range", min: 0, max: 1, step: 0.002, id: "objective-scale" });
    const shown = h("output", { for: "objective-scale" });
    const trained = h("button.small", { type: "button", onclick: () => setScale(null) }, text.trained_scale);
    const scaleNote = h("p.obj-note");
    const losses = h("div.obj-losses");
    const legend = h("p.obj-legend");
    const box = h("div.obj-box");
    const detail = h("p.obj-detail");
    const one = h("button.small.primary", { type: "button", onclick: () => step() }, text.step);
    const many = h("button.small", { type: "button", onclick: () => (playing ? stop() : play(20)) }, text.steps);
    const onward = h("button.small", { type: "button", onclick: () => setShift((shift + 1) % n()) }, text.shift);
    const reset = h("button.small", { type: "button", onclick: () => { stop(); place(); setShift(0); } }, text.reset);
    const traced = h("div.obj-trace", { role: "status" });
    const notes = h("div.obj-notes");
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const live = h("div.obj", { hidden: true },
      h("div.obj-tools", {}, objectives, h("span.obj-scale.control-scale", {}, h("label", { for: "objective-scale" }, text.temperature), slider, shown, trained)),
      losses, scaleNote, views, legend, box, detail,
      h("div.obj-actions", {}, one, many, onward, reset), traced, h("p.obj-note", {}, text.step_note), notes);
    root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

    const remember = (key, value) => epochs.state.set(demo, key, value);

    // -- what a visitor turns ----------------------------------------------------------------------------
    const fromScale = (s) => Math.log(Math.max(1, s)) / Math.log(most_scale);
    slider.addEventListener("input", () => setScale(Math.exp(+slider.value * Math.log(most_scale))));
    function setScale(value) {
      scale = value === null ? null : +value.toPrecision(3);         // as the address will say it
      remember("scale", scale ?? 0);
      retrace();
    }
    function setShift(value) {
      shift = value;
      remember("shift", value);
      build();
      retrace();
    }
    // Losses under another question are not to be compared with those before.
    function retrace() { stop(); trace = []; update(); }

    // The vectors as the model gave them.
    function place() {
      images = result.coordinates.slice(0, n());
      texts = result.coordinates.slice(n());
      trace = [];
    }

    // -- computing ---------------------------------------------------------------------------------------
    const columns = () => texts.map((_, j) => texts[own(j)]);
    function score(S) {
      if (name() === "softmax") return O.softmax(S, inverseTemperature());
      return O.sigmoid(S, inverseTemperature(), result.logit_bias ?? O.fittedBias(S, inverseTemperature()));
    }
    function step() {
      if (!trace.length) trace = [now.loss];
      const rate = 0.03 * n() / inverseTemperature();
      const next = O.descend(images, columns(), score, rate);
      images = next.images;
      const back = [];
      next.texts.forEach((v, j) => { back[own(j)] = v; });
      texts = back;
      trace.push(next.loss);
      update();
    }
    function play(steps) {
      playing = steps;
      many.textContent = text.stop;
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const tick = () => {
        if (!playing || !root.isConnected) return;
        step();
        playing -= 1;
        if (!playing) stop(); else if (still) tick(); else setTimeout(tick, 60);
      };
      tick();
    }
    function stop() { playing = 0; many.textContent = text.steps; }

    // -- drawing -----------------------------------------------------------------------------------------
    let cells = [];
    // The table, once per answer; `update` fills its cells.
    function build() {
      const wide = n() <= 5;
      cells = result.captions.map((_, i) => result.captions.map((__, j) => h("td" + (i === j ? ".obj-pair" : ""), {
        role: "gridcell", tabindex: i || j ? -1 : 0, onpointerover: () => point(i, j), onclick: (e) => e.currentTarget.focus({ preventScroll: true }),
        onfocus: () => point(i, j), onkeydown: (e) => walk(e, i, j) })));
      const head = h("tr", { role: "row" }, h("td", {}), result.captions.map((_, j) => h("th" + (wide ? "" : ".upright"), { scope: "col", role: "columnheader", title: captionAt(j) },
        h("span.obj-caption", { dir: "auto" }, captionAt(j)), h("span.obj-number", {}, own(j) + 1))));
      const table = h("table.obj-matrix", { role: "grid", "aria-label": text.matrix, style: `--n:${n()}` }, h("thead", {}, head),
        h("tbody", {}, cells.map((row, i) => h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" },
          h("span.obj-number", {}, i + 1), h("img", { src: result.thumbnails[i], alt: fill(text.picture, { n: i + 1 }) })), row))));
      here = null;
      box.matrix = h("div.obj-scroll", {}, table);
    }

    function walk(e, i, j) {
      const [di, dj] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key] || [0, 0];
      const next = cells[i + di]?.[j + dj];
      if (!next || next === e.currentTarget) return;
      e.preventDefault();
      e.currentTarget.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }

    function point(i, j) {
      if (here) cells[here[0]]?.[here[1]]?.classList.remove("here");
      here = [i, j];
      cells[i][j].classList.add("here");
      tell();
    }

    function tell() {
      if (!here) { detail.textContent = text.detail_hint; return; }
      const [i, j] = here;
      const g = now.gradient[i][j];
      const about = { i: i + 1, j: own(j) + 1, caption: isolate(captionAt(j)), n: n(), cosine: F.minus(now.S[i][j].toFixed(3)) };
      const probabilities = now.cells ? fill(text.detail_sigmoid, { ...about, p: epochs.percent(now.cells[i][j]) })
        : fill(text.detail_softmax, { ...about, row: epochs.percent(now.rows[i][j]), column: epochs.percent(now.columns[i][j]) });
      const force = Math.abs(g) < 0.005 ? text.detail_still : fill(g < 0 ? text.detail_pull : text.detail_push, { by: (0.01 * Math.abs(g)).toPrecision(2) });
      detail.textContent = `${fill(i === j ? text.detail_pair : text.detail_other, about)} ${probabilities} ${force}`;
    }

    // -> for every cell its colour, number and arrow in the present view.
    function painted() {
      const flat = now.S.flat();
      const [low, high] = [Math.min(0, ...flat), Math.max(...flat)];
      const strongest = Math.max(...now.gradient.flat().map(Math.abs), 1e-12);
      return now.S.map((row, i) => row.map((c, j) => {
        if (view === "gradient" || view === "springs") {
          const g = now.gradient[i][j];
          const share = strongest < 1e-9 ? 0 : Math.abs(g) / strongest;
          return { fill: share < D.SLIGHT ? null : D.mix(maps.diverging, 0.5 + 0.32 * Math.sign(g) * share), words: F.slope(g), arrow: { share, pull: g < 0 } };
        }
        const p = now.cells?.[i][j] ?? (view === "rows" ? now.rows[i][j] : view === "columns" ? now.columns[i][j] : null);
        return view === "cosine" ? { fill: D.mix(maps.sequential, (c - low) / (high - low || 1)), words: F.minus(c.toFixed(2)) }
          : { fill: D.mix(maps.sequential, p), words: F.brief(p) };
      }));
    }

    function drawMatrix() {
      painted().forEach((row, i) => row.forEach(({ fill: colour, words, arrow }, j) => {
        const cell = cells[i][j];
        cell.style.background = colour ?? "var(--e-ground)";
        cell.style.color = colour ? D.inkOn(colour) : "var(--e-soft)";
        cell.setAttribute("aria-label", fill(text.cell, { i: i + 1, j: own(j) + 1, caption: captionAt(j), value: words }));
        cell.replaceChildren(arrow && arrow.share >= D.SLIGHT
          ? h("svg", { viewBox: "0 0 48 12", "aria-hidden": true }, D.arrows(24, 6, 22, arrow.share, arrow.pull, "currentColor")) : "", h("span", {}, words));
      }));
    }

    const drawingParts = () => ({ gradient: now.gradient, thumbnails: result.thumbnails,
      captions: result.captions.map((_, j) => captionAt(j)), numbers: result.captions.map((_, j) => own(j) + 1) });

    function update() {
      if (!result.captions) return;
      const S = O.cosines(images, columns());
      now = { S, ...score(S) };
      const softmax = !now.cells;
      if (!softmax && (view === "rows" || view === "columns")) view = "cells";
      if (softmax && view === "cells") view = "rows";
      objectives.mark(name());
      views.mark(view, softmax ? ["cosine", "rows", "columns", "gradient", "springs"] : ["cosine", "cells", "gradient", "springs"]);
      const s = inverseTemperature();
      if (document.activeElement !== slider) slider.value = fromScale(s);
      shown.textContent = s.toFixed(s < 10 ? 1 : 0);
      slider.setAttribute("aria-valuetext", fill(text.scale_value, { value: shown.textContent }));
      scaleNote.textContent = softmax ? R.wish(now, text)
        : fill(result.logit_bias == null ? text.bias_fitted : text.bias_own, { bias: F.minus(now.bias.toFixed(1)) });
      losses.replaceChildren(...R.losses(now, n(), text));
      legend.replaceChildren(...R.legend(view, text));
      drawMatrix();
      if (view === "springs") {
        const drawing = D.springs(drawingParts(), point, box.clientWidth < 520);
        drawing.setAttribute("aria-label", text.springs_figure);
        box.replaceChildren(h("div.obj-scroll", {}, drawing));
      } else if (box.firstChild !== box.matrix) box.replaceChildren(box.matrix);
      tell();
      traced.replaceChildren(...(trace.length > 1 ? R.trace(trace, text) : [h("span", {}, shift ? fill(text.shifted, { n: shift }) : text.no_steps)]));
      live.dataset.loss = now.loss;
      live.dataset.drawn = String(Math.round(performance.now()));
    }

    // -- taking it home ------------------------------------------------------------------------------------
    function figure() {
      const rows = now.S.flatMap((line, i) => line.map((cosine, j) => ({ picture: i + 1, caption_number: own(j) + 1, caption: captionAt(j), pair: i === j ? 1 : 0, cosine,
        ...(now.cells ? { p: now.cells[i][j] } : { p_row: now.rows[i][j], p_column: now.columns[i][j] }), gradient: now.gradient[i][j] })));
      const words = { title: `${result.name} · ${text[view]}`, footer: fill(text.figure_footer, { checkpoint: result.name }),
        losses: fill(text.figure_losses, { scale: inverseTemperature().toFixed(1), loss: now.loss.toFixed(3), chance: now.chance.toFixed(3) }) };
      const svg = view === "springs" ? D.springsFile({ ...drawingParts(), ...words }) : D.matrix({ ...drawingParts(), ...words, cells: painted() });
      const { coordinates, thumbnails, notes: _, run, name: __, provenance, ...plain } = result;
      return { name: "epochs-clip-objective", svg, rows, record: { demo, ...plain, ...provenance, objective: name(), logit_scale: inverseTemperature(), logit_bias: now.bias ?? null,
        shift, loss: now.loss, blind_guessing: now.chance, ...(now.cells ? {} : { image_to_text: now.imageToText, text_to_image: now.textToImage }), loss_by_step: trace, rows } };
    }

    function adopt() {
      const first = !result.captions;
      stop();
      result = epochs.read(props);
      const ok = Boolean(result.captions);
      live.hidden = !ok;
      empty.hidden = ok;
      if (!ok) { epochs.withdrawFigure(demo); return; }
      if (first) {
        const asked = (key) => epochs.state.asked(demo, key);
        scale = +asked("scale") || null;
        chosen = asked("objective") || "auto";
        view = asked("view") || "cosine";
      }
      shift = first ? (+epochs.state.asked(demo, "shift") || 0) % n() : 0;
      remember("shift", shift);
      place();
      build();
      update();
      notes.replaceChildren(...result.notes.map((words) => h("p.obj-note", {}, words)));
      for (const button of [one, many, onward]) button.disabled = n() === 1;
      live.dataset.run = result.run;
      if (!document.querySelector(`#${demo} .tray`)?.contains(document.activeElement)) epochs.bringIntoView(root, demo);
      epochs.offerFigure(demo, figure);
    }
    watch("value", adopt);
    adopt();
  });
})();
