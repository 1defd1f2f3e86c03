// The stage: where a training stands in line, both curves as they come, what came of it, digits to look at.
"use strict";
(() => {
  const { h, register, fill, percent } = epochs;
  const { chart, COLOURS } = epochs.live;

  // A preset's settings over those that stand in the controls, in the controls' order.
  epochs.live.fill = (names, chosen, now) => names.map((name, i) => chosen[name] ?? now[i]);
  // Holds the newest students; the pad asks them about its drawing.
  register("live_students", ({ config, watch, props }) => watch("value", () => {
    if (epochs.read(props).weights) document.dispatchEvent(new CustomEvent("epochs-live", { detail: config.demo }));
  }));

  register("live_stage", ({ root, config, props, watch, text }) => {
    const { demo } = config;
    const runs = epochs.runs(demo);
    let run = { points: [] };
    let at = -1;                                 // the point one looks at; -1 follows the newest
    let plot = null;
    let framed = null;                           // the run whose legend and digits are drawn: its opening may come before its first point

    const stop = epochs.runs.stopButton(demo, text.stop);
    const status = h("p.live-status", { role: "status" });
    const bar = h("progress.live-bar", { max: 1, value: 0, "aria-label": text.progress });
    const head = h("div.stage-tools.live-head", {}, stop, status, bar);
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const legend = h("div.live-legend");
    const box = h("div.live-box");
    const range = h("input", { type: "range", min: 0, max: 0, value: 0, id: `${demo}-point`, oninput: () => { at = +range.value; mark(); } });
    const shown = h("output.live-shown", { for: range.id });
    const walk = h("div.stage-tools.live-walk", {}, h("label", { for: range.id }, text.look), range, shown);
    const words = h("div.live-words");
    const { samples, misread } = epochs.live.rows(text);
    const body = h("div.live-body", { hidden: true }, legend, box, walk, words, misread.node, samples.node);
    root.append(h("section.stage", { "aria-label": text.stage }, head, empty, body));

    const specs = () => [
      { key: "errors", title: fill(text.chart_errors, { n: run.opening.held_out.toLocaleString() }), say: percent1, log: true, floor: 0.5 / run.opening.held_out, reference: run.opening.teacher_error },
      { key: "losses", title: text.chart_losses, say: (v) => String(+v.toPrecision(2)), log: true, floor: 1e-3 },
      ...(run.points[0]?.recognised ? [{ key: "recognised", title: fill(text.chart_recognised, { digit: run.settings.left_out }), say: percent1, log: false }] : [])];
    const percent1 = (v) => `${+(100 * v).toPrecision(2)}%`;

    function draw() {
      if (!run.points.length || !root.isConnected) return;
      const W = Math.max(300, Math.min(760, Math.round(box.clientWidth || 640)));
      const { errors } = run.points.at(-1);
      plot = chart(run, specs(), W, text.axis, fill(text.chart_label, { step: run.points.at(-1).step, soft: percent(errors[0]), hard: percent(errors[1]) }));
      box.replaceChildren(plot.node);
      range.max = run.points.length - 1;
      mark();
    }
    function mark() {
      const index = at < 0 ? run.points.length - 1 : Math.min(at, run.points.length - 1);
      const point = run.points[index];
      if (at < 0) range.value = index;
      plot?.mark(at < 0 ? -1 : index);
      const said = fill(text.point, { step: point.step.toLocaleString(), seconds: point.seconds.toFixed(1), soft: percent(point.errors[0]), hard: percent(point.errors[1]) });
      shown.textContent = said;
      range.setAttribute("aria-valuetext", said);
    }

    function tell() {
      const { state, ahead, wait, drawn, settings, points } = run;
      const point = points?.at(-1);
      const running = ["waiting", "drawing", "running"].includes(state);
      bar.hidden = !running || state === "waiting";
      bar.value = state === "drawing" ? drawn[0] / Math.max(1, drawn[1]) : point ? Math.min(1, Math.max(point.seconds / settings.seconds, settings.steps ? point.step / settings.steps : 0)) : 0;
      status.textContent = !state ? "" : state === "waiting" ? (ahead ? fill(ahead === 1 ? text.line_one : text.line, { ahead, wait }) : text.starting)
        : state === "drawing" ? fill(text.drawing, { done: drawn[0], total: drawn[1] })
        : state === "running" ? (run.held ? text.held : point ? fill(text.running, { seconds: point.seconds.toFixed(1), budget: settings.seconds, step: point.step.toLocaleString() }) : text.starting)
        : state === "stopped" ? (point ? fill(text.stopped, { step: point.step.toLocaleString(), seconds: point.seconds.toFixed(1) }) : text.stopped_early)
        : fill(text.done, { step: point.step.toLocaleString(), seconds: point.seconds.toFixed(1) });
    }

    function drawFrame() {
      const key = (arm, name) => h("span.live-key", {}, h("i", { style: `background:${COLOURS[arm]}` }), name);
      legend.replaceChildren(key(0, fill(text.soft, { temperature: run.settings.temperature })), key(1, text.hard),
        h("span.live-key", {}, h("i.live-dots"), fill(text.teacher, { error: percent(run.opening.teacher_error) })));
      samples.show(run);
    }

    // `next`: what the server said, or that it will say no more.
    function adopt(next = epochs.read(props)) {
      const isNew = next.run !== run.run;
      run = next.run ? next : { points: [] };
      const running = ["waiting", "drawing", "running"].includes(run.state);
      runs.running.run = running;
      stop.hidden = !running;
      if (isNew && run.run) { at = -1; stop.renew(); epochs.withdrawFigure(demo); epochs.bringIntoView(root, demo); }
      head.hidden = !run.run;
      tell();
      empty.hidden = Boolean(run.points.length);
      body.hidden = !run.points.length;
      if (!run.points.length) return;
      if (framed !== run.run) { framed = run.run; drawFrame(); }
      draw();
      walk.hidden = run.points.length < 2;
      words.replaceChildren(...(run.words || []).map((sentence) => h("p", {}, sentence)));
      misread.show(run);
      root.dataset.run = run.run;
      root.dataset.state = run.state;
      if (!running) epochs.offerFigure(demo, () => epochs.live.figure(run, specs(), text));
    }
    runs.onEnded(() => adopt({ ...run, state: "stopped" }));
    new ResizeObserver(() => draw()).observe(box);
    watch("value", () => adopt());
    adopt();
  });
})();
