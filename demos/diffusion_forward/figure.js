// All three parts to take along: pictures, the schedule's numbers, and everything needed to run it again.
"use strict";
(() => {
  const { h, fill } = epochs;
  const [SIDE, GAP, LEFT, TOP] = [72, 5, 20, 52];
  const { clean, short } = epochs.sheet;
  const t = epochs.sheet.line;

  // -> [{title, cells: [{uri, said}]}]
  function bands() {
    const { value, strip, text } = epochs.forward.shown;
    const names = strip.names(value);
    const found = strip.rowsOf(value).map((row) => ({ title: names[row], cells: value.stops.map((stop, i) => ({ uri: strip.uriOf(value, row, i), said: `t = ${stop}` })) }));
    const { tries = [], backText, walks = [], walkText } = epochs.forward;
    if (tries.length) found.push({ title: backText.title, cells: tries.map((one) => ({ uri: one.now, said: `t = ${one.settings.t}` })) });
    for (const walk of walks) if (walk.state === "done")
      found.push({ title: `${walkText.title}: ${walkText[walk.path]}`, cells: walk.pictures.map((uri, i) => ({ uri, said: `${Math.round(100 * i / (walk.count - 1))}%` })) });
    return { found, text, value };
  }

  function svg() {
    const { found, text, value } = bands();
    const high = SIDE + 46;
    const most = Math.max(...found.map((band) => band.cells.length));
    const [W, H] = [LEFT * 2 + most * (SIDE + GAP), TOP + found.length * high + 26];
    const title = `${text.figure_title} · ${short(value.settings.prompt, 60)}`;
    return epochs.sheet.write({ width: W, height: H, title: text.figure_title, desc: found.map((band) => band.title).join("; ") },
      t(LEFT, 30, title, { "font-weight": 600, "font-size": 16 }),
      found.map((band, b) => h("g", {}, t(LEFT, TOP + b * high + 14, band.title, { "font-weight": 600 }), band.cells.map(({ uri, said }, i) => (uri
        ? h("g", {}, h("image", { x: LEFT + i * (SIDE + GAP), y: TOP + b * high + 20, width: SIDE, height: SIDE, href: uri }),
          t(LEFT + i * (SIDE + GAP), TOP + b * high + SIDE + 34, said, { "font-size": 11 })) : null)))),
      t(LEFT, H - 8, fill(text.figure_footer, { checkpoint: value.settings.checkpoint, seed: value.settings.seed }), { "font-size": 11, fill: "#60646c" }));
  }

  function figure(demo) {
    const { value, ready } = epochs.forward.shown;
    const finite = (v) => (Number.isFinite(v) ? v : "");
    const rows = Array.from({ length: value.length + 1 }, (_, time) => {
      const level = epochs.forward.levels(ready, time);
      return { t: time, beta: level.beta, alpha_bar: level.alpha, signal: level.signal, noise: level.noise, snr_db: finite(level.decibels) };
    });
    const { tries = [], walks = [] } = epochs.forward;
    return { name: "epochs-forward-process", rows, svg: svg(), record: { demo, ...value.settings, date: value.date, psnr_db: value.psnr,
      takeover_t: value.takeover, beliefs: value.stops.slice(1).map((stop, i) => ({ t: stop, rms_to_picture_grey_levels: value.distances[i] })),
      denoised: tries.map((one) => ({ ...one.settings, rms_to_picture_grey_levels: one.distance })),
      walks: walks.map((walk) => ({ ...walk.settings, path: walk.path, norms: walk.norms[walk.path] })) } };
  }
  Object.assign(epochs.forward ??= {}, { figure });
})();
