// All three parts to take along: pictures, the schedule's numbers, and everything needed to run it again.
"use strict";
(() => {
  const { h, fill } = epochs;
  const [SIDE, GAP, LEFT, TOP] = [72, 5, 20, 52];
  const clean = (s) => String(s).replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, " ");
  const cut = (s, most) => { const all = [...clean(s)]; return all.length > most ? all.slice(0, most).join("") + "…" : all.join(""); };
  const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 13, fill: "#1d1d1f", ...more }, clean(s));

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
    const title = `${text.figure_title} · ${cut(value.settings.prompt, 60)}`;
    const node = h("svg", { xmlns: "http://www.w3.org/2000/svg", width: W, height: H, viewBox: `0 0 ${W} ${H}`,
      "font-family": "system-ui,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif" },
      h("title", {}, text.figure_title), h("desc", {}, found.map((band) => band.title).join("; ")),
      h("rect", { width: W, height: H, fill: "#fff" }), t(LEFT, 30, title, { "font-weight": 600, "font-size": 16 }),
      found.map((band, b) => h("g", {}, t(LEFT, TOP + b * high + 14, band.title, { "font-weight": 600 }), band.cells.map(({ uri, said }, i) => (uri
        ? h("g", {}, h("image", { x: LEFT + i * (SIDE + GAP), y: TOP + b * high + 20, width: SIDE, height: SIDE, href: uri }),
          t(LEFT + i * (SIDE + GAP), TOP + b * high + SIDE + 34, said, { "font-size": 11 })) : null)))),
      t(LEFT, H - 8, fill(text.figure_footer, { checkpoint: value.settings.checkpoint, seed: value.settings.seed }), { "font-size": 11, fill: "#60646c" }));
    return new XMLSerializer().serializeToString(node);
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
