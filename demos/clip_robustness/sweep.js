// One damage over its whole range: probability against strength, and where the answer changes.
"use strict";
(() => {
  const { h, register, fill, percent } = epochs;
  const own = (epochs.robustness ??= {});
  const HEIGHT = 244, PAD = { left: 44, right: 18, top: 34, bottom: 34 }, LINES = 5, STILL = 450;
  const colour = (k) => `var(--epochs-series-${k + 1})`;

  register("clip_sweep", ({ root, config, props, trigger, watch, text }) => {
    const { demo, sliders, corruptions, steps } = config;
    const byName = Object.fromEntries(sliders.map((s) => [s.name, s]));
    let curve = null;                            // {key, run, name, strengths, probabilities, labels, what}
    let pending = null, ticket = 0, flying = false, failed = false, timer = 0;

    const select = h("select", { id: `${demo}-curve`, onchange: () => own.stage.choose(select.value) });
    const button = h("button.small", { type: "button", onclick: () => measure() }, fill(text.measure, { n: steps }));
    const status = h("p.sweep-status", { role: "status" });
    const chart = h("div.sweep-chart"), legend = h("ul.sweep-legend", { "aria-label": text.legend });
    const note = h("p.sweep-flips");
    const save = h("div.take-row", {}, h("span.take-label", {}, text.save), epochs.saveButtons(() => curve && own.curveFigure(curve, marks(), text), text));
    const empty = h("p.sweep-empty", {}, text.empty);
    const live = h("div", { hidden: true }, h("div.sweep-tools", {}, h("label", { for: select.id }, text.choose), select, button),
      status, chart, legend, note, h("p.sweep-small", {}, text.strengths), save);
    root.append(h("section.sweep", { "aria-label": text.sweep }, h("p.control-title", {}, text.title), empty, live));

    const strengthsOf = ({ low, high }) => Array.from({ length: steps }, (_, i) => +(low + (high - low) * i / (steps - 1)).toFixed(3));
    // What a curve belongs to: the run, the damage, and where all other sliders stand.
    const keyOf = (name) => JSON.stringify([own.stage.run.run, name, Object.entries(own.stage.values).filter(([k]) => k !== name)]);

    function follow() {
      if (!own.stage?.base) return;
      [live.hidden, empty.hidden] = [false, true];
      const { run, values } = own.stage;
      const names = [...corruptions, ...(run.reader || !values.word ? [] : ["word_size"])];
      if (select.childElementCount !== names.length || select.dataset.names !== names.join())
        select.replaceChildren(...names.map((name) => h("option", { value: name }, text[name])));
      select.dataset.names = names.join();
      if (!names.includes(own.stage.curve)) own.stage.curve = names[0];
      select.value = own.stage.curve;
      draw();
      clearTimeout(timer);
      timer = run.automatic && stale() ? setTimeout(measure, STILL) : 0;
    }
    own.listen(follow);
    const stale = () => curve?.key !== keyOf(own.stage.curve);

    async function measure() {
      timer = 0;
      if (flying || !own.stage.base) return;
      const { run, base, values, curve: name } = own.stage;
      pending = { key: keyOf(name), run, name, strengths: strengthsOf(byName[name]), labels: run.labels };
      flying = true;
      failed = false;
      draw();
      const sheet = h("canvas"), settings = { ...values }, pictures = [];
      for (const strength of pending.strengths) {
        own.paint(sheet, base, { ...settings, [name]: strength });
        pictures.push(sheet.toDataURL("image/png"));
        await new Promise((done) => setTimeout(done));          // a hand on a slider goes first
      }
      props.value = { ticket: ++ticket, pictures, labels: run.labels, templates: run.templates, checkpoint: run.checkpoint };
      trigger("input");
    }
    watch("value", () => {
      const value = epochs.read(props);
      if (value.ticket === ticket && value.probabilities) curve = { ...pending, probabilities: value.probabilities };
    });
    own.curveLanded = () => {
      failed = !(curve && pending && curve.key === pending.key);
      flying = false;
      pending = null;
      if (failed) draw(); else follow();         // after a failure nothing is asked again by itself
    };

    own.curveIdle = () => !flying && !timer;

    // From where the damage does nothing outwards: the first strengths at which another label leads.
    function marks() {
      const { name, strengths, probabilities, run } = curve, { rest } = byName[name];
      const best = (row) => row.reduce((top, p, i) => (p > row[top] ? i : top), 0);
      const label = best(run.probabilities), start = strengths.findIndex((s) => s === strengths.reduce((a, b) => (Math.abs(b - rest) < Math.abs(a - rest) ? b : a)));
      const from = name === "word_size" ? 0 : start;
      const walk = (ks) => { const k = ks.find((k) => best(probabilities[k]) !== label); return k === undefined ? [] : [{ strength: strengths[k], other: best(probabilities[k]) }]; };
      if (best(probabilities[from]) !== label) return { label, already: best(probabilities[from]), flips: [] };
      const indices = [...strengths.keys()];
      return { label, already: null, flips: [...walk(indices.slice(from + 1)), ...walk(indices.slice(0, from).reverse())] };
    }

    function draw() {
      const { values, curve: name } = own.stage;
      button.hidden = own.stage.run.automatic && !failed;
      button.disabled = flying;
      const fits = curve && curve.name === name && curve.run.run === own.stage.run.run;
      status.textContent = flying ? fill(text.measuring, { n: steps }) : fits && stale() ? text.stale : "";
      for (const node of [chart, legend, note, save]) node.hidden = !fits;
      if (!fits) return;
      const flips = marks(), { labels } = curve;
      const shown = own.curveLines(curve, LINES);
      chart.replaceChildren(own.curveSvg(curve, flips, { width: Math.max(300, chart.clientWidth || 620), height: HEIGHT, pad: PAD, shown,
        colour, text, slider: values[name], now: own.stage.after.probabilities, ink: "currentColor", soft: "var(--e-soft)", line: "var(--e-line)" }));
      legend.replaceChildren(...shown.map((i, n) => h("li", {}, h("span.swatch", { style: `background:${colour(n)}` }),
        h("span.legend-name", { dir: "auto" }, labels[i]), h("span.legend-p", {}, percent(own.stage.after.probabilities[i])))));
      note.textContent = own.tellFlips(curve, flips, text);
    }

    // The vertical line follows a finger; the slider above is the same by keyboard.
    chart.addEventListener("pointerdown", (e) => { if (curve) { chart.setPointerCapture(e.pointerId); point(e); } });
    chart.addEventListener("pointermove", (e) => { if (chart.hasPointerCapture?.(e.pointerId)) point(e); });
    function point(e) {
      const box = chart.getBoundingClientRect(), { low, high, step } = byName[curve.name];
      const share = (e.clientX - box.left - PAD.left) / (box.width - PAD.left - PAD.right);
      own.stage.set(curve.name, +(Math.round((low + (high - low) * Math.min(1, Math.max(0, share))) / step) * step).toFixed(1));
      e.preventDefault();
    }
    new ResizeObserver(() => { if (curve && !live.hidden) draw(); }).observe(chart);
  });
})();
