// The stage: a grid of pictures that fill in as they are finished; one of them large, with its settings.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const MOST_KEPT = 400;                         // pictures this page keeps, the oldest go first

  register("grid_stage", ({ root, config, props, watch, text }) => {
    const { demo } = config;
    const runs = epochs.runs(demo);
    const kept = new Map();                      // key -> {picture, evaluations, milliseconds, settings}
    let value = {};
    let cells = [];                              // rows of buttons, as on screen
    let layout = "";

    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const status = h("span.grid-status", { role: "status" });
    const stop = epochs.runs.stopButton(demo, text.stop);
    const going = h("div.stage-tools.grid-going", { hidden: true }, status, stop);
    const table = h("div.grid-table", { role: "group", "aria-label": text.stage });
    const scroll = h("div.grid-scroll", { hidden: true }, table);
    epochs.edges(scroll);
    const note = h("p.stage-note", { hidden: true }, text.caption_note);
    const large = h("dialog.grid-large", { "aria-label": text.large });
    root.append(h("section.stage", { "aria-label": text.stage }, going, empty, scroll, note), large);

    const working = () => ["starting", "running"].includes(value.state);
    const caption = (found) => fill(text.caption, { n: found.evaluations, ms: found.milliseconds < 1000 ? fill(text.ms, { n: Math.round(found.milliseconds) }) : fill(text.s, { n: (found.milliseconds / 1000).toFixed(1) }) });

    function remember() {
      for (const [key, found] of Object.entries(value.done)) {
        if (!kept.has(key)) kept.set(key, { ...found, settings: value.settings[key], device: value.device, dtype: value.dtype, date: value.date });
      }
      const needed = new Set(value.cells.flat());
      for (const key of kept.keys()) if (kept.size > MOST_KEPT && !needed.has(key)) kept.delete(key);
      runs.hold({ keys: [...kept.keys()] });
    }

    function build() {
      const { x, y } = value;
      table.style.setProperty("--grid-columns", x.labels.length);
      cells = value.cells.map((row, r) => row.map((key, c) => h("button.grid-cell", { type: "button", tabindex: r || c ? -1 : 0,
        onclick: () => enlarge(key), onkeydown: (e) => walk(e, r, c) },
        h("span.grid-picture"), h("span.grid-caption"))));
      table.replaceChildren(h("span.grid-corner", { "aria-hidden": true }, `${y.name} ↓ ${x.name} →`), ...x.labels.map((label) => h("span.grid-x", { "aria-hidden": true }, label)),
        ...cells.flatMap((row, r) => [h("span.grid-y", { "aria-hidden": true }, y.labels[r]), ...row]));
    }

    function walk(event, r, c) {
      const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
      const next = (down || right) && cells[r + down]?.[c + right];
      if (!next) return;
      event.preventDefault();
      cells.flat().forEach((cell) => { cell.tabIndex = cell === next ? 0 : -1; });
      next.focus();
    }

    function paint() {
      cells.forEach((row, r) => row.forEach((cell, c) => {
        const key = value.cells[r][c];
        const found = kept.get(key);
        const [picture, said] = cell.children;
        const place = `${value.y.name} ${value.y.labels[r]}, ${value.x.name} ${value.x.labels[c]}`;
        const waiting = working() && value.missing.includes(key);
        cell.disabled = !found;
        if (found && picture.firstChild?.src !== found.picture) picture.replaceChildren(h("img", { src: found.picture, alt: "" }));
        if (!found) {
          const step = value.progress[key];
          picture.replaceChildren(step ? `${step}/${value.settings[key].steps}` : waiting ? "…" : "–");
        }
        said.textContent = found ? caption(found) : "";
        cell.setAttribute("aria-label", `${place}: ${found ? caption(found) : waiting ? text.waiting : text.absent}`);
      }));
    }

    function enlarge(key) {
      const found = kept.get(key);
      if (!found) return;
      const shown = { ...found.settings, sampler: text[`sampler_${found.settings.sampler}`] ?? found.settings.sampler };
      const rows = Object.entries(shown).filter(([name, what]) => what !== null && what !== "" && text[`setting_${name}`])
        .map(([name, what]) => h("div", {}, h("dt", {}, text[`setting_${name}`]), h("dd", { dir: "auto" }, String(what))));
      large.replaceChildren(h("div.grid-sheet", {}, h("img", { src: found.picture, alt: text.large }), h("div", {}, h("dl", {}, rows, h("div", {}, h("dt", {}, text.cost), h("dd", {}, caption(found)))),
        h("button.small.grid-close", { type: "button", onclick: () => large.close() }, text.close))));
      large.showModal();
    }
    large.addEventListener("click", (event) => { if (event.target === large) large.close(); });

    // `told`: what the server said, or that it will say no more.
    function adopt(told = epochs.read(props)) {
      const before = value.run;
      value = told;
      if (!value.run) return;
      remember();
      const now = JSON.stringify([value.x, value.y, value.cells]);
      if (now !== layout) { layout = now; build(); }
      paint();
      going.hidden = !working() && value.state !== "stopped";
      stop.hidden = !working();
      if (value.run !== before) stop.renew();
      status.textContent = value.said;
      empty.hidden = true;
      scroll.hidden = note.hidden = false;
      root.dataset.state = value.state;
      root.dataset.run = value.run;
      runs.running.run = working();
      if (working()) return;
      epochs.bringIntoView(root, demo);
      if (value.cells.flat().some((key) => kept.has(key))) epochs.offerFigure(demo, () => epochs.grid.figure({ demo, value, kept, text }));
      else epochs.withdrawFigure(demo);
    }
    runs.onEnded(() => adopt({ ...value, state: "stopped", said: "" }));
    watch("value", () => adopt());
    adopt();
  });
})();
