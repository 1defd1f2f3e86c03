// The stage: rows of pictures from one noise, forming; a scrubber over their steps; how far apart they are.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const ORDER = ["ddim", "between", "ddpm", "apart"];
  const id = (row) => (row.row === "between" ? `between ${row.eta}` : row.row);

  register("noise_stage", ({ root, config, props, watch, text }) => {
    const { demo } = config;
    const runs = epochs.runs(demo);
    const held = new Map();                      // id -> a row as the server sent it, with its run's number
    const lines = Object.fromEntries(ORDER.map((row) => [row, epochs.noise.makeRow(row, text)]));
    let value = {};
    let key = null;                              // of the controls that all held rows belong to
    let eta = null;
    let place = Infinity;                        // of the frame shown: the newest until someone scrubs
    let quantity = "clean";

    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const status = h("span.noise-status", { role: "status" });
    const fillBar = h("span");
    const bar = h("span.noise-bar", { role: "progressbar", "aria-label": text.progress, "aria-valuemin": 0, "aria-valuemax": 100 }, fillBar);
    const stop = epochs.runs.stopButton(demo, text.stop);
    const going = h("div.stage-tools.noise-going", { hidden: true }, status, bar, stop);
    const scrub = h("input", { type: "range", min: 0, max: 0, step: 1, value: 0, id: "noise-step" });
    const shown = h("output", { for: "noise-step" });
    const scrubber = h("div.stage-tools", {}, h("label", { for: "noise-step" }, text.scrub), scrub, shown);
    const list = h("div.noise-rows", {}, ORDER.map((row) => lines[row].node));
    const legend = h("div.noise-legend");
    const choice = h("div.segments.noise-quantity", { role: "group", "aria-label": text.quantity }, ["clean", "sample"].map((name) =>
      h("button.segment", { type: "button", "aria-pressed": name === quantity, onclick: () => { quantity = name; drawCurves(); } }, text[name])));
    const drift = h("div");
    const fan = h("div");
    const plots = h("div.noise-plots", {}, h("figure.noise-figure", {}, h("figcaption", {}, text.drift_title), choice, drift),
      h("figure.noise-figure", {}, h("figcaption", {}, text.fan_title), fan, h("p.stage-note", {}, text.fan_note)));
    const live = h("div.noise-live", { hidden: true }, scrubber, list, legend, plots);
    root.append(h("section.stage", { "aria-label": text.stage }, going, empty, live));

    scrub.addEventListener("input", () => { place = +scrub.value; drawRows(); drawCurves(); });

    const rowsShown = () => ORDER.map((row) => held.get(row === "between" ? `between ${eta}` : row)).filter(Boolean);
    const frames = () => rowsShown().find((row) => row.run === value.run)?.frames ?? rowsShown()[0]?.frames ?? [];
    const name = (row) => fill(text[row.row], { eta: row.eta, n: value.runs });
    const cursor = () => frames()[Math.min(place, frames().length - 1)]?.step;

    function drawRows() {
      const kept = frames();
      scrub.max = Math.max(0, kept.length - 1);
      scrub.value = Math.min(place, kept.length - 1);
      const step = cursor();
      shown.textContent = step ? fill(text.step, { step, steps: value.steps }) : "";
      scrub.setAttribute("aria-valuetext", shown.textContent);
      const rows = rowsShown();
      const high = Math.max(0, ...rows.map((row) => row.map?.highest ?? 0));
      for (const row of ORDER) {
        const found = rows.find((other) => other.row === row);
        lines[row].node.hidden = !found;
        // Rows of an earlier run whose turn is still to come.
        lines[row].node.classList.toggle("noise-old", Boolean(found) && found.run !== value.run && working() && value.asked.includes(row));
        if (!found) continue;
        const frame = found.frames.findLast((other) => other.step <= (step ?? Infinity)) ?? found.frames.at(-1);
        lines[row].show(found, { label: name(found), runs: value.runs, frame, high, colours: value.colours, seeds: value.seeds });
      }
      legend.hidden = !rows.some((row) => row.map);
      if (!legend.hidden) legend.replaceChildren(h("span", {}, text.scale), h("span.noise-scale", {}, "0",
        h("span.noise-ramp", { style: `background:linear-gradient(to right,${value.colours.join(",")})` }), `${high.toFixed(0)}`), h("span.noise-unit", {}, text.unit));
    }

    function drawCurves() {
      const rows = rowsShown().filter((row) => row.clean.length).map((row) => ({ row: row.row, name: name(row), values: row[quantity] }));
      choice.querySelectorAll("button").forEach((button, i) => button.setAttribute("aria-pressed", ["clean", "sample"][i] === quantity));
      drift.replaceChildren(...(rows.length ? [epochs.noise.drift(rows, value.steps, cursor(), { title: `${text.drift_title}: ${text[quantity]}`, x: text.drift_x })] : []));
      const dots = [...held.values()].filter((row) => row.distance !== undefined && row.row !== "apart");
      fan.parentNode.hidden = dots.length < 2;
      fan.replaceChildren(...(dots.length < 2 ? [] : [epochs.noise.fan(dots, held.get("apart")?.distance, { title: text.fan_title, x: text.fan_x, dot: text.fan_dot })]));
    }

    const working = () => ["starting", "running"].includes(value.state);
    const complete = () => ["ddim", "ddpm", "apart"].every((row) => held.get(row)?.map);

    function say() {
      const taken = Math.max(0, ...(value.rows ?? []).map((row) => row.clean.length));
      going.hidden = !working() && value.state !== "stopped";
      stop.hidden = bar.hidden = !working();
      if (value.state === "starting") stop.renew();
      status.textContent = fill(value.state === "starting" ? text.starting : value.state === "stopped" ? text.stopped : text.running, { step: taken, steps: value.steps });
      const percent = Math.round(value.steps ? 100 * taken / value.steps : 0);
      bar.setAttribute("aria-valuenow", percent);
      fillBar.style.width = `${percent}%`;
    }

    // `told`: what the server said, or that it will say no more.
    function adopt(told = epochs.read(props)) {
      const before = value.run;
      value = told;
      if (!value.run) return;
      if (value.run !== before) place = Infinity;
      const news = value.rows.length > 0;
      if (news && value.key !== key) { held.clear(); key = value.key; }
      // Nothing new yet: what stands there stays, dimmed, under its own settings.
      if (news || value.key === key) eta = value.eta;
      for (const row of value.rows) held.set(id(row), { ...row, run: value.run });
      say();
      empty.hidden = held.size > 0;
      live.hidden = held.size === 0;
      live.classList.toggle("noise-old", working() && value.key !== key);
      root.dataset.state = value.state;
      root.dataset.run = value.run;
      runs.running.run = working();
      if (!news && value.key !== key) return;
      drawRows();
      drawCurves();
      if (working()) return;
      runs.hold({ key: complete() ? key : "" });
      if (news) epochs.bringIntoView(root, demo);
      if (complete()) epochs.offerFigure(demo, () => epochs.noise.figure({ demo, value, rows: rowsShown(), dots: [...held.values()], name, lines, text }));
      else epochs.withdrawFigure(demo);
    }

    epochs.noise.show = (wanted) => {            // a row that is held needs no server
      const found = held.get(`between ${wanted}`);
      if (!found?.map || working()) return false;
      eta = wanted;
      drawRows();
      drawCurves();
      return true;
    };
    runs.onEnded(() => adopt({ ...value, state: "stopped" }));
    watch("value", () => adopt());
    adopt();
  });
})();
