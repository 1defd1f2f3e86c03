// Two columns of a run: live while it lasts, then every kept step under one slider.
"use strict";
epochs.register("race_stage", ({ root, config, props, watch, text }) => {
  const { h, fill, read, race } = epochs;
  const { demo } = config;
  const runs = epochs.runs(demo);
  const LETTERS = ["A", "B"];
  let result = {};                               // the newest value
  let entries = [[], []];                        // of each column: {frame, end}, end for the finished picture
  let shown = [null, null];
  let timer = 0;

  // -- a column --------------------------------------------------------------------------------------
  function makeColumn(place) {
    const clean = h("canvas.race-clean", { width: 64, height: 64, role: "img" });
    const noisy = h("canvas.race-noisy", { width: 16, height: 16, role: "img" });
    const title = h("h3.race-title", {}), counter = h("p.race-counter", {}), bar = h("progress", { max: 1, value: 0, "aria-label": text.progress });
    const button = (label, act, hint) => h("button.small", { type: "button", title: hint, onclick: act }, label);
    const forward = button(text.continue_here, () => continueFrom(place), text.continue_hint);
    const savers = [button(text.save_clean, () => save(place, "clean"), text.save_hint), button(text.save_noisy, () => save(place, "noisy"), text.save_hint)];
    const actions = h("div.race-actions", {}, forward, savers);
    const figure = (canvas, words) => h("figure.race-view", {}, canvas, h("figcaption", {}, words));
    const noisyFigure = figure(noisy, text.noisy);
    const box = h("article.race-column", {}, title, h("div.race-views", {}, figure(clean, text.clean), noisyFigure), bar, counter, actions);
    return { box, clean, noisy, noisyFigure, title, counter, bar, actions, forward };
  }

  function wipe(canvas) {
    canvas.wanted = canvas.picture = null;       // a picture that is still being decoded comes too late
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  }

  // A column that has nothing to show (yet) must not stand there with an earlier run's picture.
  function clear(part) {
    wipe(part.clean);
    wipe(part.noisy);
    part.counter.textContent = "";
    delete part.box.dataset.step;
  }

  function paint(place, entry) {
    const part = parts[place];
    shown[place] = entry;
    if (!entry) { clear(part); return; }
    const { frame, end } = entry;
    const picture = end ? frame.picture : frame.clean;
    if (picture) race.paintPicture(part.clean, picture);
    else wipe(part.clean);
    part.noisyFigure.hidden = !race.paintLatents(part.noisy, end ? frame.end : frame.x, frame.shape, result.colours);
    const values = { step: frame.i + 1, steps: result.steps[place], noise: frame.noise.toFixed(3), nfe: frame.nfe, ms: frame.ms.toLocaleString() };
    part.counter.textContent = fill(end ? text.counter_end : text.counter, values);
    part.clean.setAttribute("aria-label", `${LETTERS[place]}, ${text.clean}, ${part.counter.textContent}`);
    part.noisy.setAttribute("aria-label", `${LETTERS[place]}, ${text.noisy}`);
    part.forward.disabled = end;
    part.box.dataset.step = end ? "end" : frame.i;
  }

  const runSettings = () => ({ ...result.settings, steps_taken: result.taken, continued: result.continued, checkpoint: result.name, date: result.date });
  const sentSettings = (place) => ({ ...runSettings(), column: LETTERS[place], step: shown[place].end ? "end" : shown[place].frame.i,
    timestep: shown[place].frame.t });
  function save(place, which) {
    const entry = shown[place];
    if (!entry) return;
    const canvas = parts[place][which];
    const name = `epochs-${result.columns[place].sampler}-${LETTERS[place].toLowerCase()}-${entry.end ? "end" : `step-${entry.frame.i + 1}`}-${which === "clean" ? "x0" : "xt"}`;
    race.savePicture(canvas, name, { ...sentSettings(place), shown: which === "clean" ? "x0" : "xt" });
  }

  function continueFrom(place) {
    const entry = shown[place];
    if (!entry || entry.end) return;
    const { x, shape, t, i } = entry.frame;
    race.continueFrom({ x, shape, t, i, column: place });
  }

  // -- the slider over both columns --------------------------------------------------------------------
  const longest = () => Math.max(entries[0].length, entries[1].length);
  const noiseOf = (entry) => (entry.end ? 0 : entry.frame.noise);
  function placesAt(position) {
    const leader = entries[1].length > entries[0].length ? 1 : 0;
    return entries.map((list, place) => {
      if (!list.length) return null;
      if (place === leader) return list[position];
      if (byNoise.checked) {
        const wanted = noiseOf(entries[leader][position]);
        return list.reduce((best, one) => (Math.abs(noiseOf(one) - wanted) < Math.abs(noiseOf(best) - wanted) ? one : best));
      }
      return list[longest() > 1 ? Math.round(position / (longest() - 1) * (list.length - 1)) : 0];
    });
  }
  function go(position) {
    const last = longest() - 1;
    slider.value = Math.max(0, Math.min(last, position));
    placesAt(Number(slider.value)).forEach((entry, place) => paint(place, entry));
    where.textContent = `${Number(slider.value) + 1} / ${last + 1}`;
    slider.setAttribute("aria-valuetext", parts.map((part, place) => `${LETTERS[place]}: ${part.counter.textContent}`).join("; "));
  }
  function pause() { clearInterval(timer); timer = 0; play.textContent = text.play; }
  function toggle() {
    if (timer) { pause(); return; }
    if (Number(slider.value) >= longest() - 1) go(0);
    play.textContent = text.pause;
    timer = setInterval(() => { go(Number(slider.value) + 1); if (Number(slider.value) >= longest() - 1) pause(); },
      Math.max(40, Math.min(400, 4000 / Math.max(1, longest()))));
  }
  const KEYS = { ArrowLeft: () => Number(slider.value) - 1, ArrowRight: () => Number(slider.value) + 1, Home: () => 0, End: () => longest() - 1 };
  function press(event) {
    if (!KEYS[event.key] || !longest() || event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    pause();
    go(KEYS[event.key]());
  }

  // -- parts -------------------------------------------------------------------------------------------
  const parts = [makeColumn(0), makeColumn(1)];
  const stop = epochs.runs.stopButton(demo, text.stop);
  const play = h("button.small.race-play", { type: "button", onclick: toggle }, text.play);
  const slider = h("input.race-slider", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": text.scrub, oninput: () => { pause(); go(Number(slider.value)); } });
  const where = h("output", {});
  const byNoise = h("input", { type: "checkbox", onchange: () => go(Number(slider.value)) });
  const gif = h("button.small", { type: "button", title: text.gif_hint, onclick: () => race.makeGif(epochs.race.frames(entries, placesAt, result)) }, "GIF");
  const tools = h("div.stage-tools.race-tools", {}, play, slider, where, h("label.check", {}, byNoise, text.by_noise), gif);
  const note = h("p.stage-note.race-note", {}), tokens = h("div.race-tokens", {});
  const empty = h("div.stage-empty", {}, text.stage_empty);
  const live = h("div.race-live", { hidden: true }, h("div.race-columns", {}, parts.map((part) => part.box)), note, tokens);
  root.append(h("section.stage", { "aria-label": text.stage, onkeydown: press }, h("div.race-bar", {}, stop, tools), empty, live));

  const showBars = (on) => parts.forEach((part) => { part.bar.style.visibility = on ? "visible" : "hidden"; });

  // What is the same at every step of a run: drawn when it begins and when it ends.
  function drawFrame() {
    const running = result.state === "running";
    empty.hidden = true;
    live.hidden = false;
    stop.hidden = !running;
    tools.hidden = running || !longest();
    parts.forEach((part, place) => {
      const { name, sampler, eta, variance } = result.columns[place];
      const more = sampler === "ddim" && eta ? ` · eta ${eta}` : sampler === "ddpm" && variance === "large" ? ` · ${text.large}` : "";
      part.title.replaceChildren(h("b", {}, LETTERS[place]), ` ${name} · ${fill(text.steps, { steps: result.steps[place] })}${more}`);
      part.actions.hidden = running || !entries[place].length;
    });
    const said = [];
    if (result.continued) said.push(fill(text.continued, { step: result.continued.step + 1, column: LETTERS[result.continued.column] }));
    if (result.state === "stopped") said.push(fill(text.stopped, { a: result.taken[0], b: result.taken[1] }));
    (result.skipped || []).forEach((n, place) => { if (n) said.push(fill(text.skipped, { n, taken: result.taken[place], column: LETTERS[place] })); });
    note.textContent = said.join(" ");
    drawTokens();
  }

  function drawTokens() {
    const words = (result.tokens || []).map((token) => h("span.race-token" + (/^<.*>$/.test(token) ? ".race-mark" : ""), {}, token.replaceAll(" ", "\u00b7")));
    const cut = result.cut ? [h("s.race-cut", { title: text.cut }, result.cut), result.cut_more ? h("span.race-hint", {}, fill(text.cut_more, { n: result.cut_more })) : null] : [];
    tokens.hidden = !words.length;
    tokens.replaceChildren(...[h("span.race-hint", {}, fill(text.tokens, { n: words.length })), ...words, ...cut].filter(Boolean));
  }

  function figure() {
    const images = parts.map((part, place) => shown[place] && h("g", {}, h("image", { x: 20 + place * 280, y: 52, width: 256, height: 256, href: race.original(part.clean).toDataURL("image/png") }),
      h("text", { x: 20 + place * 280, y: 40, "font-size": 14, "font-weight": 600 }, part.title.textContent),
      h("text", { x: 20 + place * 280, y: 326, "font-size": 11, fill: "#60646c" }, part.counter.textContent))).filter(Boolean);
    const svg = epochs.sheet.write({ width: 576, height: 360, title: text.stage, desc: parts.map((part) => part.title.textContent).join("; ") }, images,
      epochs.sheet.small(20, 348, `Epochs \u00b7 ${result.name} \u00b7 ${result.date}`));
    const rows = entries.flatMap((list, place) => list.filter((one) => !one.end).map(({ frame }) => ({ column: LETTERS[place], sampler: result.columns[place].sampler,
      step: frame.i + 1, timestep: frame.t, noise: frame.noise, evaluations: frame.nfe, milliseconds: frame.ms })));
    return { name: "epochs-ddpm-vs-ddim", svg, rows, settings: runSettings(),
      record: { settings: result.settings, continued: result.continued, checkpoint: result.name, device: result.device, dtype: result.dtype, date: result.date, cosines: result.cosines, steps: rows } };
  }

  function adopt() {
    const next = read(props);
    if (!next.run) return;
    const former = result;
    result = next;
    runs.running.run = next.state === "running";
    if (next.distilled) race.distilled.add(next.model);
    if (runs.running.run) {
      const isNew = former.run !== next.run;
      if (isNew) { entries = [[], []]; [0, 1].forEach((place) => paint(place, null)); stop.renew(); pause(); epochs.withdrawFigure(demo); epochs.bringIntoView(root, demo); }
      if (isNew || String(next.steps) !== String(former.steps)) drawFrame();      // under equal time, B's steps come later
      showBars(true);
      next.now.forEach((frame, place) => {
        parts[place].bar.value = next.taken[place] / Math.max(1, next.steps[place]);
        if (frame && shown[place]?.frame.i !== frame.i) paint(place, { frame, end: Boolean(frame.picture) });
      });
      return;
    }
    entries = next.kept.map((list) => list.flatMap((frame) => (frame.picture ? [{ frame, end: false }, { frame, end: true }] : [{ frame, end: false }])));
    drawFrame();
    showBars(false);
    if (longest()) {
      slider.max = longest() - 1;
      go(longest() - 1);
      epochs.offerFigure(demo, figure);
    }
    root.dataset.run = next.run;                   // the run that is on the stage as a whole
    race.onRun.forEach((tell) => tell(next));
  }

  runs.onEnded(() => showBars(false));
  stop.hidden = tools.hidden = true;
  watch("value", adopt);
  adopt();
});
