// The stage: the chosen word's map over the picture, its share over the steps, and a card for every word.
"use strict";
(() => {
  const { h, register, fill, percent } = epochs;
  const LARGE = 448, SMALL = 160;                // pixels of the canvases; the style sets their size on screen
  const { createMaps, cells, paint, number, spark, chart } = epochs.words;

  register("words_stage", ({ root, config, props, watch, text }) => {
    const { demo, modes } = config;
    const runs = epochs.runs(demo);
    const maps = createMaps();
    const pictures = new Map();                  // address -> image
    let run = { words: [], steps: [] };
    let chosen = 0, level = 0, cursor = -1, plot = null;
    let wanted = null;                           // the word a hand chose, looked for again in the next run
    let mode = modes.includes(epochs.state.asked(demo, "show")) ? epochs.state.asked(demo, "show") : modes[0];
    let opacity = epochs.state.askedNumber(demo, "opacity", 0, 1, 0.7);

    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty), epochs.runs.stopButton(demo, text.stop));
    const player = epochs.player({ demo, text, mean: text.whole_run, show: () => draw() });
    const large = h("canvas.words-large", { width: LARGE, height: LARGE, tabindex: "0", role: "img" });
    const reading = h("p.words-reading");
    const name = h("p.words-chosen", { dir: "auto" });
    const scale = h("div.words-scale");
    const plotBox = h("div.words-plot");
    const select = (id, label, entries, value, change) => {
      const box = h("select.words-select", { id, onchange: () => change(box.value) }, entries.map(([key, words]) => h("option", { value: key }, words)));
      box.value = value;
      return h("span.words-choice", {}, h("label", { for: id }, label), box);
    };
    const show = select("words-show", text.show, modes.map((m) => [m, text[m]]), mode, (next) => { mode = next; epochs.state.set(demo, "show", mode); draw(); });
    const behind = select("words-behind", text.behind, ["predicted", "finished", "nothing"].map((b) => [b, text[b]]), "predicted", () => draw());
    const layers = h("span.words-layers");
    const slider = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: opacity, id: "words-opacity" });
    const tools = h("div.stage-tools", {}, show, behind, layers, h("label", { for: "words-opacity" }, text.opacity), slider);
    const note = h("p.words-note");
    const cards = h("div.words-cards", { role: "group", "aria-label": text.maps });
    const resolution = h("p.stage-note");
    const state = h("p.stage-note.words-state", { role: "status" });
    const live = h("div.words-live", { hidden: true }, player.node,
      h("div.words-detail", {}, h("div.words-look", {}, large, reading), h("div.words-side", {}, name, scale, plotBox)),
      tools, note, cards, state, resolution, h("p.stage-note", {}, text.not_proof));
    root.append(h("section.stage", { "aria-label": text.stage }, empty, live));

    slider.addEventListener("input", () => { opacity = +slider.value; epochs.state.set(demo, "opacity", opacity); say(); draw(); });
    const say = () => slider.setAttribute("aria-valuetext", fill(text.opacity_value, { percent: Math.round(100 * opacity) }));

    const cellAt = (e) => {
      const area = large.getBoundingClientRect();
      const [rows, columns] = maps.size(level);
      const [c, r] = [Math.floor((e.clientX - area.left) / area.width * columns), Math.floor((e.clientY - area.top) / area.height * rows)];
      return c >= 0 && r >= 0 && c < columns && r < rows ? r * columns + c : -1;
    };
    const move = (cell) => { if (cell !== cursor && run.steps.length) { cursor = cell; drawLarge(settings()); } };
    large.addEventListener("pointermove", (e) => { if (run.steps.length) move(cellAt(e)); });
    large.addEventListener("pointerdown", (e) => { if (run.steps.length) move(cellAt(e)); });
    large.addEventListener("pointerleave", (e) => { if (e.pointerType === "mouse") move(-1); });
    large.addEventListener("keydown", (e) => {
      if (!run.steps.length) return;
      const [rows, columns] = maps.size(level);
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[e.key];
      if (!step) return;
      e.preventDefault();
      const next = cursor < 0 ? 0 : cursor + step;
      const sameRow = Math.floor(next / columns) === Math.floor(cursor / columns);
      if (next >= 0 && next < rows * columns && (Math.abs(step) > 1 || cursor < 0 || sameRow)) { move(next); epochs.say(reading.textContent); }
    });

    function image(address) {
      if (!address) return null;
      if (!pictures.has(address)) {
        const picture = new Image();
        picture.onload = () => draw();
        picture.src = address;
        pictures.set(address, picture);
      }
      const found = pictures.get(address);
      return found.complete && found.naturalWidth ? found : null;
    }

    function settings() {
      const step = player.step();
      const signed = mode === "others" && maps.words().length > 0;
      const under = document.getElementById("words-behind")?.value ?? "predicted";
      const clean = run.steps.at(step < 0 ? -1 : step).clean;
      return { step, signed, values: maps.shown(step, level, mode), size: maps.size(level), high: maps.high(step, level, mode),
        colours: signed ? run.signed : run.colours,
        picture: under === "nothing" ? null : image(under === "finished" || (step < 0 && run.picture) ? run.picture || clean : clean) };
    }

    function drawLarge(now) {
      const map = cells(now.values, now.size, chosen, now);
      paint(large, now.picture, map, { opacity, cursor });
      const word = run.words[chosen].text;
      const share = percent(maps.share(now.step, chosen));
      large.setAttribute("aria-label", `${fill(text.picture, { word })}. ${text.reading_hint}`);
      name.textContent = fill(text.choose, { word, share });
      const [, columns] = now.size;
      const value = cursor < 0 || !map ? null : now.values[chosen * now.size[0] * columns + cursor];
      reading.textContent = value === null ? text.reading_hint
        : fill(text.reading, { row: Math.floor(cursor / columns) + 1, column: cursor % columns + 1, value: number(value, now.signed) });
    }

    function drawScale({ signed, high, colours }) {
      const ramp = colours.filter((_, i) => i % 4 === 0).join(",");
      scale.replaceChildren(h("span", {}, signed ? `${number(-high, true)} (${text.less})` : "0%"),
        h("span.words-bar", { "aria-hidden": true, style: `background:linear-gradient(to right,${ramp})` }),
        h("span", {}, signed ? `${number(high, true)} (${text.more})` : number(high, false)));
    }

    function draw() {
      if (!run.steps.length) return;
      const now = settings();
      drawLarge(now);
      drawScale(now);
      plot?.mark(now.step);
      cards.querySelectorAll("button").forEach((card, g) => {
        const map = cells(now.values, now.size, g, now);
        card.classList.toggle("out", !map);
        paint(card.querySelector("canvas"), now.picture, map, { opacity });
        card.querySelector(".words-share").textContent = percent(maps.share(now.step, g));
        card.querySelector(".words-left").textContent = map ? "" : text.left_out;
        card.setAttribute("aria-pressed", g === chosen);
        card.setAttribute("aria-label", fill(text.choose, { word: run.words[g].text, share: percent(maps.share(now.step, g)) }) + (map ? "" : `, ${text.left_out}`));
      });
      note.textContent = !maps.words().length ? text.no_words_note : mode === "others" && maps.words().length === 1 ? text.others_note_one : text[`${mode}_note`];
    }

    function choose(g) {
      chosen = g;
      cursor = -1;
      plot = chart(run, maps.words(), g, text);
      plotBox.replaceChildren(h("p.words-title", {}, text.share_chart), plot.node);
      draw();
    }

    function makeCards() {
      cards.replaceChildren(...run.words.map((word, g) => h(`button.words-card.${word.kind}`, { type: "button", "aria-pressed": false, onclick: () => { wanted = word.text; choose(g); } },
        h("canvas", { width: SMALL, height: Math.round(SMALL * run.size[0] / run.size[1]), "aria-hidden": true }),
        h("span.words-name", { dir: "auto" }, word.text), h("span.words-share"),
        word.tokens > 1 ? h("span.words-tokens", {}, fill(text.tokens, { n: word.tokens })) : null, h("span.words-line"), h("span.words-left"))));
      const size = ([height, width]) => ({ width, height });
      level = Math.min(level, run.levels.length);
      const all = run.levels.reduce((sum, l) => sum + l.layers, 0);
      layers.replaceChildren(select("words-layers", text.layers, [[0, fill(text.all_layers, { ...size(run.size), layers: all })],
        ...run.levels.map((l, i) => [i + 1, fill(text.level, { ...size(l.size), layers: l.layers })])], String(level), (next) => { level = +next; cursor = -1; draw(); }));
      resolution.textContent = fill(text.levels_note, { levels: run.levels.map((l) => fill(text.level_part, { ...size(l.size), layers: l.layers })).join(text.levels_joint) });
      large.height = Math.round(LARGE * run.size[0] / run.size[1]);
    }

    // The word whose map, over the whole run, differs most from the others': the first one to look at.
    function clearest() {
      const values = maps.shown(-1, 0, "others");
      const places = values.length / run.words.length;
      const most = (g) => values.subarray(g * places, (g + 1) * places).reduce((high, v) => Math.max(high, v), -Infinity);
      return maps.words().reduce((best, g) => (most(g) > most(best) ? g : best), maps.words()[0] ?? 0);
    }

    function drawLines() {
      const high = Math.max(...maps.words().flatMap((g) => run.steps.map((step) => step.shares[g])), 1e-6);
      cards.querySelectorAll(".words-line").forEach((box, g) => box.replaceChildren(
        ...(run.words[g].kind === "word" ? [spark(run.steps.map((step) => step.shares[g]), run.total, high)] : [])));
    }

    // `next`: what the server said, or that it will say no more.
    function adopt(next = epochs.read(props)) {
      const isNew = next.run !== run.run;
      run = next.words ? next : { words: [], steps: [] };
      runs.running.run = run.state === "running";
      live.hidden = !run.steps.length;
      empty.hidden = !live.hidden;
      empty.firstChild.textContent = run.state === "running" ? text.starting : text.stage_empty;
      if (isNew) pictures.clear();
      if (!run.steps.length) { cards.replaceChildren(); delete cards.dataset.state; epochs.withdrawFigure(demo); return; }
      maps.adopt(run);
      if (isNew || !cards.childElementCount) {
        makeCards();
        const [first] = maps.words();
        const again = run.words.findIndex((word) => word.text === wanted);
        const longest = maps.words().reduce((best, g) => (run.words[g].text.length > run.words[best].text.length ? g : best), first ?? 0);
        chosen = again >= 0 ? again : longest;
        epochs.bringIntoView(root, demo);
      }
      player.adopt(run);
      if (run.state !== "running" && !run.words.some((word) => word.text === wanted)) chosen = clearest();
      drawLines();
      choose(chosen);
      state.textContent = run.state === "stopped" ? fill(text.stopped, { step: run.steps.length, total: run.total }) : "";
      cards.dataset.run = run.run;
      cards.dataset.state = run.state;
      if (run.state === "running") epochs.withdrawFigure(demo);
      else epochs.offerFigure(demo, () => epochs.words.figure(run, maps, { demo, step: player.step(), level, mode, ...settings(), opacity }, text));
    }
    say();
    runs.onEnded(() => adopt({ ...run, state: "stopped" }));
    watch("value", () => adopt());
    adopt();
  });
})();
