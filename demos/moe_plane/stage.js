// The stage: both mixtures side by side as they learn, each expert's share of the points, the curves; one place asked of both.
"use strict";
(() => {
  const { h, register, fill, percent } = epochs;
  const PACE = 45;                               // milliseconds a moment stays while a run is shown: it was computed faster
  const STRIDE = 0.05;                           // of the plane, for an arrow key

  register("plane_stage", ({ root, config, props, watch, text }) => {
    const { demo, colours } = config;
    const runs = epochs.runs(demo);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let run = { points: [] };
    let at = 0;                                  // the moment one looks at
    let playing = false, timer = 0;
    let following = false;                       // whoever wants no motion sees the newest moment, until a hand takes over
    let picked = [-1, -1], cross = null, plot = null, framed = null;

    const stop = epochs.runs.stopButton(demo, text.stop);
    const status = h("p.plane-status", { role: "status" });
    const head = h("div.stage-tools.plane-head", {}, stop, status);
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const id = `${demo}-moment`;
    const play = h("button.small.plane-play", { type: "button", onclick: () => (playing ? pause() : begin(at >= run.points.length - 1 ? 0 : at)) }, text.play);
    const range = h("input", { type: "range", min: 0, max: 0, value: 0, id, oninput: () => { pause(); following = false; look(+range.value); } });
    const shown = h("output.plane-shown", { for: id });
    const walk = h("div.stage-tools.plane-walk", {}, play, h("label", { for: id }, text.look), range, shown);
    const sides = [0, 1].map((place) => makeSide(place));
    const probe = h("div.plane-probe", { role: "status" }, text.probe_empty);
    const box = h("div.plane-box");
    const legend = h("div.plane-legend", {}, epochs.plane.STROKES.map((stroke, place) => h("span.plane-key", {}, h("svg", { width: 34, height: 6, viewBox: "0 0 34 6", "aria-hidden": true }, h("line", { x1: 0, x2: 34, y1: 3, y2: 3, "stroke-width": 2.4, ...stroke })), place ? text.balanced_short : text.free)));
    const body = h("div.plane-body", { hidden: true }, walk, h("div.plane-sides", {}, sides.map(({ node }) => node)), probe, legend, box);
    root.append(h("section.stage", { "aria-label": text.stage }, head, empty, body));

    function makeSide(place) {
      const title = h("p.plane-title"), bars = h("ul.plane-bars"), line = h("p.plane-line");
      const drawn = epochs.plane.plane({ label: "", colours });
      const { canvas } = drawn;
      canvas.addEventListener("pointermove", (event) => aim(drawn.place(event)));
      canvas.addEventListener("pointerdown", (event) => aim(drawn.place(event)));
      canvas.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
        if (event.key === "Escape" && cross) aim(null);
        if (!by) return;
        event.preventDefault();
        const { REACH } = epochs.plane;
        aim((cross || [0, 0]).map((v, i) => Math.max(-REACH, Math.min(REACH, v + STRIDE * by[i]))));
      });
      return { node: h("div.plane-side", {}, title, canvas, bars, line), title, bars, line, drawn, place };
    }
    function aim(to) {
      cross = to;
      if (run.points.length) { for (const side of sides) paint(side); tellProbe(); }
    }
    function tellProbe() {
      if (!cross) { probe.textContent = text.probe_empty; return; }
      probe.replaceChildren(h("b", {}, fill(text.probe_place, { x: cross[0].toFixed(2), y: cross[1].toFixed(2) })),
        ...sides.map(({ place }) => h("p", {}, `${name(place)}: ${epochs.plane.tell(run.points[at].arms[place], run.settings.gate, cross, text)}`)));
    }
    const name = (place) => (place ? fill(text.balanced, { balance: run.settings.balance }) : text.free);
    const number = (v) => String(+v.toPrecision(2));
    function paint(side) { side.drawn.show(run.points[at].arms[side.place], run, { picked: picked[side.place], cross }); }

    function drawSide(side) {
      const arm = run.points[at].arms[side.place], even = 1 / arm.shares.length, most = Math.max(0.5, ...arm.shares);
      side.title.textContent = name(side.place);
      side.line.textContent = fill(text.working, { working: arm.working, experts: arm.shares.length, error: number(arm.error) });
      side.drawn.canvas.setAttribute("aria-label", fill(text.plane_label, { name: name(side.place), line: side.line.textContent }));
      if (side.bars.childElementCount !== arm.shares.length) side.bars.replaceChildren(...arm.shares.map((_, i) => h("li", {}, h("button.plane-bar", { type: "button", title: text.pick, "aria-pressed": false,
        onclick: () => { picked[side.place] = picked[side.place] === i ? -1 : i; drawSide(side); } },
        h("b", { style: `border-color:${colours[i]}` }, String(i + 1)), h("span.plane-track", {}, h("i", { style: `background:${colours[i]}` }), h("u")), h("span.plane-share")))));
      [...side.bars.querySelectorAll("button")].forEach((button, i) => {
        const share = arm.shares[i], idle = share < run.opening.working_from;
        button.querySelector("i").style.width = `${(100 * share / most).toFixed(1)}%`;
        button.querySelector("u").style.left = `${(100 * even / most).toFixed(1)}%`;
        button.querySelector(".plane-share").textContent = idle && share === 0 ? text.idle : percent(share);
        button.classList.toggle("idle", idle);
        button.setAttribute("aria-pressed", picked[side.place] === i);
        button.setAttribute("aria-label", fill(text.bar_label, { expert: i + 1, share: percent(share) }));
      });
      paint(side);
    }
    function look(index) {
      at = Math.max(0, Math.min(index, run.points.length - 1));
      const point = run.points[at];
      range.value = at;
      const said = fill(text.at, { step: point.step.toLocaleString() });
      shown.textContent = said;
      range.setAttribute("aria-valuetext", said);
      sides.forEach(drawSide);
      plot?.mark(at);
      if (cross) tellProbe();
    }
    function pause() { clearTimeout(timer); playing = false; play.textContent = text.play; }
    function begin(from) {
      pause();
      playing = true;
      play.textContent = text.pause;
      look(from);
      const tick = () => {
        if (at < run.points.length - 1) look(at + 1);
        else if (!running()) { pause(); return; }
        timer = setTimeout(tick, PACE);
      };
      timer = setTimeout(tick, PACE);
    }

    const specs = () => [
      { title: run.settings.gate === "top1" ? text.chart_squared : run.settings.loss === "competition" ? text.chart_competition : text.chart_likelihood, of: (arm) => arm.loss, say: number, log: true },
      { title: fill(run.opening.fresh ? text.chart_error : text.chart_error_same, { n: run.opening.tested.toLocaleString() }), of: (arm) => arm.error, say: number, log: true },
      { title: text.chart_working, of: (arm) => arm.working, say: (v) => String(Math.round(v)), most: run.settings.experts }];
    function drawChart() {
      const W = Math.max(290, Math.min(760, Math.round(box.clientWidth || 640)));
      const { arms, step } = run.points.at(-1);
      plot = epochs.plane.chart(run, specs(), W, text.axis, fill(text.chart_label, { step, free: number(arms[0].error), balanced: number(arms[1].error), free_working: arms[0].working, balanced_working: arms[1].working }));
      box.replaceChildren(plot.node);
      plot.mark(at);
    }
    const running = () => ["waiting", "running"].includes(run.state);
    function tell() {
      const { state, ahead, wait, settings } = run, last = run.points.at(-1);
      status.textContent = !state ? "" : state === "waiting" ? (ahead ? fill(ahead === 1 ? text.line_one : text.line, { ahead, wait }) : text.starting)
        : state === "running" ? (run.held ? text.held : fill(text.running, { step: last?.step ?? 0, steps: settings.steps }))
        : !last ? text.stopped_early : fill(state === "done" ? text.done : text.stopped, { step: last.step.toLocaleString(), ms: Math.round(1000 * last.seconds).toLocaleString() });
    }

    // `next`: what the server said, or that it will say no more.
    function adopt(next = epochs.read(props)) {
      const isNew = next.run !== run.run;
      run = next.run ? next : { points: [] };
      runs.running.run = running();
      stop.hidden = !running();
      if (isNew) { pause(); at = 0; picked = [-1, -1]; plot = null; for (const side of sides) side.bars.replaceChildren(); }
      if (isNew && run.run) { stop.renew(); epochs.withdrawFigure(demo); epochs.bringIntoView(root, demo); }
      head.hidden = !run.run;
      tell();
      const some = run.points.length > 0;
      empty.hidden = some;
      body.hidden = !some;
      root.dataset.state = run.state ?? "";
      root.dataset.run = run.run ?? "";
      if (!some) return;
      range.max = run.points.length - 1;
      if (framed !== run.run) {
        framed = run.run;
        following = calm;
        if (!calm) begin(0);
      }
      if (following) look(run.points.length - 1);
      drawChart();
      if (!running()) epochs.offerFigure(demo, () => epochs.plane.figure(run, specs(), at, [0, 1].map(name), colours, text));
    }
    runs.onEnded(() => adopt({ ...run, state: "stopped" }));
    let width = 0;
    new ResizeObserver(() => { if (!run.points.length || box.clientWidth === width) return; width = box.clientWidth; drawChart(); sides.forEach(paint); }).observe(box);
    watch("value", () => adopt());
    adopt();
  });
})();
