// The stage: the operating table above, what came of the operation below. A change runs by itself.
"use strict";
(() => {
  const { h, register, fill, read, state } = epochs;

  register("surgery_wish", ({ props, trigger }) => { let asked = 0; epochs.surgery.ask = () => { props.value = { asked: ++asked }; trigger("select"); }; });

  register("surgery_stage", ({ root, config, props, watch, text }) => {
    const { demo, first, shapes, start } = config;
    const own = epochs.surgery, runs = epochs.runs(demo);
    let fromAfar = false;                        // a run that was not asked for on the stage
    let run = { points: [] }, words = state.asked(demo, "ops") || "", ops = own.nothing(), shape = null;

    const done = h("p.surg-done"), stop = epochs.runs.stopButton(demo, text.stop), status = h("p.surg-status", { role: "status" });
    const head = h("div.stage-tools.surg-top", { hidden: true }, stop, status);
    const empty = h("p.stage-note", {}, text.stage_empty), stale = h("p.stage-note.surg-stale", { role: "status", hidden: true }, text.stale);
    const table = own.table({ demo, text, changed: commit });
    const { strip, next, meters, texts } = Object.fromEntries(Object.entries(own.results).map(([name, make]) => [name, make({ text })]));
    const ranking = own.ranking({ demo, text, press: (layer, expert) => { own.toggle(ops, "off", layer, expert, shape); commit(); }, isOff: (layer, expert) => ops.off.has(own.place(layer, expert)) });
    const body = h("div.surg-body", { hidden: true }, strip.node, h("div.surg-two", {}, next.node, meters.node), texts.node, ranking.node);
    root.append(h("section.stage", { "aria-label": text.stage }, h("h3.surg-title", {}, text.table), table.node, done, head, stale, empty, body));

    function modelNow() {                        // a folder of this machine is not in the address
      const named = state.asked(demo, "model");
      return named && named !== first ? named : epochs.chosen[demo] ?? first;
    }
    const running = () => ["waiting", "running"].includes(run.state);

    // The words are what is kept: a model whose shape nobody knows yet may be the one that the link is of.
    function keep(value) {
      words = value;
      state.set(demo, "ops", words);
      runs.hold({ ops: words });
    }
    function commit() {
      fromAfar = false;
      keep(own.write(ops, shape));
      draw();
      ranking.leave();
      own.ask();
    }
    own.preset = (preset) => {
      const like = shape ?? shapes[first];
      if (!like) return;
      keep(own.ready(preset, like));
      if (shape) ops = own.parse(words, shape);
      draw();
      ranking.leave();
      own.ask();
    };

    // Of the model that is chosen now. Experts that it does not have are no longer operated on.
    function settle() {
      const model = modelNow(), found = shapes[model] ?? null;
      if (JSON.stringify(found) === JSON.stringify(shape)) return;
      const had = shape;
      shape = found;
      if (!shape) return;
      ops = own.parse(words, shape);
      if (had && ops.k > shape.experts) ops.k = null;
      if (had || own.write(ops, shape) !== words) keep(own.write(ops, shape));
      draw();
    }

    function draw() {
      const opening = run.opening && run.settings.model === modelNow() ? run.opening : null;
      table.show(ops, shape, opening);
      done.textContent = shape ? own.told(ops, shape, text) : "";
      if (run.opening) ranking.show(run);
      tellStale();
    }
    function tellStale() {
      const typed = state.asked(demo, "text") ?? start;
      stale.hidden = !run.opening || running() || (run.settings.text === typed && run.settings.model === modelNow());
    }
    function tell() {
      const last = run.points.at(-1);
      status.textContent = !run.state ? "" : run.state === "waiting" ? text.starting : run.state === "running" ? fill(text.running, { n: last?.words[0] ?? 0, words: run.settings.words })
        : run.state === "stopped" ? text.stopped : (run.words || []).join(text.after_sentence);
    }

    // `value`: what the server said, or that it will say no more.
    function adopt(value = read(props)) {
      const isNew = value.run !== run.run;
      run = value.run ? value : { points: [] };
      runs.running.run = running();
      stop.hidden = !running();
      if (isNew && run.run) { stop.renew(); epochs.withdrawFigure(demo); }
      tell();
      head.hidden = !run.run;
      root.dataset.state = run.state ?? "";
      root.dataset.run = run.run ?? "";
      empty.hidden = Boolean(run.opening);
      body.hidden = !run.opening;
      if (!run.opening) { draw(); return; }
      shapes[run.settings.model] ??= run.opening.shape;
      settle();
      if (body.dataset.run !== String(run.run)) {
        body.dataset.run = run.run;
        for (const part of [strip, next, meters]) part.show(run.opening);
        draw();
        if (fromAfar) epochs.bringIntoView(root, demo);
        fromAfar = false;
      }
      texts.show(run);
      if (!running()) { draw(); epochs.offerFigure(demo, () => own.figure(run, ranking.record(), text)); }
    }
    runs.onEnded(() => adopt({ ...run, state: "stopped" }));

    // Who looks at something else waits for no ranking of what was on the stage.
    document.addEventListener("click", (event) => { if (event.target.closest?.(`#${demo}-run, #${demo} :is(.control-examples, .control-presets) .chip`)) { ranking.leave(); fromAfar = true; } }, true);
    document.addEventListener("epochs-state", ({ detail }) => { if (detail.demo === demo && ["text", "model"].includes(detail.key)) { settle(); draw(); } });
    new MutationObserver(() => { settle(); draw(); }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-epochs"] });
    runs.hold({ ops: words });
    settle();
    watch("value", () => adopt());
    adopt();
  });
})();
