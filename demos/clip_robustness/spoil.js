// The stage: the picture as the model gets it, the sliders that spoil it, and the ranking that follows.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const own = (epochs.robustness ??= {});
  const listeners = new Set();
  own.listen = (listener) => { listeners.add(listener); };
  const tell = () => listeners.forEach((listener) => listener());

  // The server's answer to a moved slider; the stage takes it from here.
  register("clip_spoilt", ({ props, watch }) => { watch("value", () => own.adoptReply?.(epochs.read(props))); });

  register("clip_spoil", ({ root, config, props, trigger, watch, text }) => {
    const { demo, sliders, corruptions } = config;
    let run = null, after = null, base = null, adopted = null;   // the last run's value; scores now; its picture's pixels
    let ticket = 0, flying = false, again = false, waiting = 0, places = {}, frame = 0;

    const canvas = h("canvas.spoil-canvas", { width: 8, height: 8, role: "img" });
    const hint = h("p.drag-hint");
    const verdict = h("p.verdict");
    const ranking = own.makeRanking(text);
    const panel = own.makePanel({ config, text, change, offer });
    const { values } = panel;
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const live = h("div.stage-live", { hidden: true },
      h("div.spoil-top", {}, h("div.spoil-picture", {}, canvas, hint), h("div.spoil-answer", {}, verdict, ranking.node)), panel.node);
    root.append(h("section.stage.spoil", { "aria-label": text.stage }, empty, live));

    own.stage = { values, set: panel.set, get run() { return run; }, get base() { return base; }, get after() { return after; },
      curve: epochs.state.asked(demo, "curve") };
    const said = () => own.describe(values, corruptions, text);

    function change(name) {
      if (name) choose(own.curveOf(name));
      else choose(corruptions.filter((c) => values[c]).at(-1) ?? own.stage.curve);
      if (!frame) frame = requestAnimationFrame(() => { frame = 0; paint(); ask(); tell(); });
    }
    function choose(name) {
      own.stage.curve = name;
      epochs.state.set(demo, "curve", name);
    }
    own.stage.choose = (name) => { choose(name); tell(); };

    function paint() {
      if (!base) return;
      places = own.paint(canvas, base, values);
      canvas.setAttribute("aria-label", fill(text.canvas, { what: said() || text.untouched }));
      const draggable = draggedThing();
      canvas.classList.toggle("draggable", Boolean(draggable));
      hint.textContent = draggable ? text["drag_" + draggable] : "";
    }

    // One question at a time; of those asked meanwhile, the newest follows.
    function ask() {
      if (!base) return;
      if (flying) { again = true; return; }
      flying = true;
      waiting = setTimeout(() => live.classList.add("waiting"), 300);
      props.value = { ticket: ++ticket, pictures: [canvas.toDataURL("image/png")], settings: { ...values },
        labels: run.labels, templates: run.templates, checkpoint: run.checkpoint };
      trigger("input");
    }
    own.landed = () => {                         // however it ended
      flying = false;
      clearTimeout(waiting);
      live.classList.remove("waiting");
      if (again) { again = false; ask(); }
    };
    own.idle = () => !flying && !frame && own.curveIdle();
    own.adoptReply = (reply) => { if (reply.ticket === ticket && reply.probabilities) settle(reply); };

    function settle(scores) {
      after = scores;
      draw();
      tell();
    }

    function draw() {
      ranking.draw(run, after);
      const [first] = own.order(run), [now] = own.order(after), { percent } = epochs;
      const words = { label: run.labels[first], other: run.labels[now], before: percent(run.probabilities[first]),
        after: percent(after.probabilities[first]), share: percent(after.probabilities[now]) };
      const state = !said() ? "clean" : now === first ? "same" : "flip";
      verdict.textContent = fill(text["verdict_" + state], words);
      verdict.dataset.state = state;
      canvas.dataset.ticket = ticket;
    }

    // -- the hand on the picture: the patch or the word follows it -----------------------------------
    const draggedThing = () => (own.stage.curve === "word_size" && places.word ? "word" : places.cover ? "cover" : places.word ? "word" : null);
    function drag(e) {
      const thing = draggedThing(), box = canvas.getBoundingClientRect();
      if (!thing) return;
      const { width, height } = places[thing];
      const place = (at, size, whole) => (whole - size < 1 ? 50 : Math.round(Math.min(100, Math.max(0, 100 * (at * whole - size / 2) / (whole - size)))));
      panel.set(thing + "_x", place((e.clientX - box.left) / box.width, width, canvas.width));
      panel.set(thing + "_y", place((e.clientY - box.top) / box.height, height, canvas.height));
      e.preventDefault();
    }
    canvas.addEventListener("pointerdown", (e) => { if (draggedThing()) { canvas.setPointerCapture(e.pointerId); drag(e); } });
    canvas.addEventListener("pointermove", (e) => { if (canvas.hasPointerCapture?.(e.pointerId)) drag(e); });

    // One click to a model that can read: the picker's own way from a banner's offer.
    function offer(id) {
      props.value = { picked: id };
      trigger("select");
    }

    async function adopt() {
      const value = epochs.read(props);
      if (!value.picture || value.run === adopted) return;     // what was asked from here comes by, too
      adopted = value.run;
      const picture = new Image();
      picture.src = value.picture;
      await picture.decode();
      if (value.run !== adopted) return;         // a newer one has come meanwhile
      const sheet = h("canvas", { width: picture.naturalWidth, height: picture.naturalHeight });
      const pen = sheet.getContext("2d", { willReadFrequently: true });
      pen.drawImage(picture, 0, 0);
      base = pen.getImageData(0, 0, sheet.width, sheet.height);
      run = value;
      after = { probabilities: run.probabilities, cosines: run.cosines };
      ticket++;                                  // answers on the way are about another picture
      [live.hidden, empty.hidden] = [false, true];
      panel.allowWord(run.reader, run.labels);
      paint();
      draw();
      if (said()) ask();
      tell();
      epochs.bringIntoView(root, demo);
      epochs.offerFigure(demo, () => own.figure({ demo, run, after, values, what: said(), canvas, sheet, text }));
    }
    watch("value", adopt);
    adopt();
  });
})();
