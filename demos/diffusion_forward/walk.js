// Between two seeds: a row of pictures for each path that was walked, and how long the noises in between are.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const PATHS = ["slerp", "straight"];
  const COLOURS = { slerp: "var(--epochs-series-1, #5368e9)", straight: "var(--epochs-series-2, #d23a2e)" };
  const DASHES = { slerp: null, straight: "7 4" };
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [640, 150, 46, 14, 12, 28];

  function norms(value, text) {
    const low = Math.min(0.6, ...PATHS.flatMap((path) => value.norms[path])) - 0.05;
    const high = Math.max(1.05, ...PATHS.flatMap((path) => value.norms[path])) + 0.03;
    const last = value.count - 1;
    const x = (i) => LEFT + i / last * (W - LEFT - RIGHT);
    const y = (v) => TOP + (high - v) / (high - low) * (H - TOP - BOTTOM);
    const t = (tx, ty, s, more = {}) => h("text", { x: tx, y: ty, "font-size": 13, fill: "currentColor", ...more }, s);
    const least = (path) => Math.min(...value.norms[path]).toFixed(2);
    const line = (path) => h("g", {}, h("path", { d: value.norms[path].map((v, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join(""),
      fill: "none", stroke: COLOURS[path], "stroke-width": 2.5, "stroke-dasharray": DASHES[path] }),
      value.norms[path].map((v, i) => h("circle", { cx: x(i), cy: y(v), r: 4, fill: COLOURS[path] })));
    return h("svg.forward-norms", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": fill(text.norms_alt, { slerp: least("slerp"), straight: least("straight") }) },
      [1, 0.707].map((v) => h("g", {}, h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.2 }),
        t(LEFT - 6, y(v) + 4, v === 1 ? "1" : "√½", { "text-anchor": "end" }))),
      t(LEFT, H - 8, fill(text.seed, { seed: value.settings.seed })), t(W - RIGHT, H - 8, fill(text.seed, { seed: value.settings.other }), { "text-anchor": "end" }),
      PATHS.map(line));
  }

  register("forward_walk", ({ root, config, props, watch, text }) => {
    const { forward } = epochs;
    const held = new Map();                      // path -> its newest value
    let key = null;
    const going = forward.going(config.demo, "walk", text);
    const empty = h("div.stage-empty.forward-small-empty", {}, h("p", {}, text.empty));
    const rows = h("div.forward-walks");
    const chart = h("div");
    const legend = h("p.forward-legend", {}, PATHS.map((path) => h(`span.forward-key-${path}`, {}, text[path])));
    const live = h("div", { hidden: true }, rows, h("figure.forward-norms-box", {}, h("figcaption", {}, text.norms), legend, chart), h("p.stage-note", {}, text.why));
    root.append(h("section.stage.forward-walk", { "aria-label": text.title }, going.node, empty, live));

    const row = (value) => h("section.forward-row", { "aria-label": text[value.path] }, h(`h3.forward-path.forward-key-${value.path}`, {}, text[value.path]),
      h("div.forward-cells", { style: `--forward-count:${value.count}` }, value.pictures.map((uri, i) => h("figure.forward-cell", {},
        h("img", { src: uri, alt: fill(text.place, { percent: Math.round(100 * i / (value.count - 1)) }) }),
        h("figcaption", {}, i === 0 ? fill(text.seed, { seed: value.settings.seed }) : i === value.count - 1 ? fill(text.seed, { seed: value.settings.other }) : `${Math.round(100 * i / (value.count - 1))}%`)))));

    function adopt() {
      const value = epochs.read(props);
      if (!value.run) return;
      root.dataset.state = value.state;
      root.dataset.run = value.run;
      going.show(value, value.taken ?? 0, value.total ?? 0);
      live.classList.toggle("forward-old", !value.norms && !live.hidden);
      if (!value.norms) return;
      if (key !== value.key) { held.clear(); key = value.key; }
      held.set(value.path, value);
      empty.hidden = true;
      live.hidden = false;
      rows.replaceChildren(...PATHS.filter((path) => held.has(path)).map((path) => row(held.get(path))));
      chart.replaceChildren(norms(value, text));
      forward.walks = [...held.values()];
      forward.walkText = text;
    }
    watch("value", adopt);
    adopt();
  });
})();
