// The probe's stage: examples named by a probe that has not seen them, the few-shot curve, what it would sort in.
"use strict";
(() => {
  const { h, register, fill, percent } = epochs;
  const PAGE = { ink: "var(--e-ink)", soft: "var(--e-soft)", line: "var(--e-line)",
    probe: "var(--epochs-series-1)", zero: "var(--epochs-series-5)" };
  const PAPER = { ink: "#1d1d1f", soft: "#60646c", line: "#dfe3ea", probe: "#5368e9", zero: "#af8e32" };
  const { clean } = epochs.sheet;
  const cut = (s, most) => { const letters = [...clean(s)]; return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : letters.join(""); };

  // The paper's figure 6: zero-shot at no examples, the probe from one on; each doubling is one step.
  function curve({ shots, mean, low, high, zero_shot, chance }, text, colours, { x0, y0, width, height }) {
    const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 13, fill: colours.soft, ...more }, s);
    const steps = Math.max(1, Math.log2(shots.at(-1) || 1) + 1);
    const x = (k) => x0 + (k ? Math.log2(k) + 1 : 0) * width / steps;
    const y = (p) => y0 + height * (1 - p);
    const trace = (values) => values.map((p, i) => `${i ? "L" : "M"}${x(shots[i]).toFixed(1)} ${y(p).toFixed(1)}`).join("");
    const band = trace(high) + trace(low).split(/(?=[ML])/).reverse().join("").replaceAll("M", "L") + "Z";
    return h("g", {},
      [0, 0.25, 0.5, 0.75, 1].map((p) => [h("line", { x1: x0, x2: x0 + width, y1: y(p), y2: y(p), stroke: colours.line }),
        t(x0 - 8, y(p) + 4.5, `${100 * p}%`, { "text-anchor": "end" })]).flat(),
      h("line", { x1: x0, x2: x0 + width, y1: y(chance), y2: y(chance), stroke: colours.soft, "stroke-dasharray": "1 4" }),
      t(x0 + width + 8, y(chance) + 4.5, text.chance),
      [0, ...shots].map((k) => t(x(k), y0 + height + 20, k, { "text-anchor": "middle" })),
      t(x0 + width, y0 + height + 38, text.curve_x, { "text-anchor": "end" }), t(x0 - 40, y0 - 14, text.curve_y),
      shots.length > 1 ? h("path", { d: band, fill: colours.probe, opacity: 0.16 }) : [],
      h("line.zero-line", { x1: x0, x2: x0 + width, y1: y(zero_shot), y2: y(zero_shot), stroke: colours.zero, "stroke-width": 2.5, "stroke-dasharray": "7 5" }),
      h("path", { d: star(x(0), y(zero_shot), 9), fill: colours.zero }),
      h("path.probe-line", { d: trace(mean) || "M0 0", fill: "none", stroke: colours.probe, "stroke-width": 3, "stroke-linejoin": "round" }),
      shots.map((k, i) => h("circle", { cx: x(k), cy: y(mean[i]), r: 4.5, fill: colours.probe })),
      endNames([[zero_shot, text.zero_shot], ...(shots.length ? [[mean.at(-1), text.probe]] : [])], chance).map(([p, name]) =>
        t(x0 + width + 8, y(p) + 4.5, name, { fill: colours.ink, "font-weight": 600 })));
  }

  // Names at the lines' ends, moved apart where they would touch, the chance line's among them.
  function endNames(ends, chance) {
    const gap = 0.09;
    const sorted = ends.sort((a, b) => a[0] - b[0]).map(([p, name]) => [Math.abs(p - chance) < gap ? chance + gap : p, name]);
    if (sorted.length > 1 && sorted[1][0] - sorted[0][0] < gap) sorted[1][0] = sorted[0][0] + gap;
    return sorted;
  }

  const star = (x, y, r) => Array.from({ length: 10 }, (_, i) => {
    const [angle, radius] = [Math.PI * (i / 5 - 0.5), i % 2 ? r * 0.45 : r];
    return `${i ? "L" : "M"}${(x + radius * Math.cos(angle)).toFixed(1)} ${(y + radius * Math.sin(angle)).toFixed(1)}`;
  }).join("") + "Z";

  function curveWords(value, text) {
    const points = value.shots.map((k, i) => fill(text.curve_point, { k, accuracy: percent(value.mean[i]) })).join("; ");
    return fill(text.curve_alt, { zero: percent(value.zero_shot), points });
  }

  register("probe_stage", ({ root, config, props, watch, text }) => {
    const { demo } = config;
    const seen = () => (epochs.probe.seen[demo] ??= {});
    let result = {};

    function score(kind, name, right) {
      return h(`div.probe-score.${kind}`, {}, h("b", {}, fill(text.of, { right, of: result.right.of })), h("span", {}, name));
    }

    function mark(kind, said, own) {
      const what = said === own ? "✓" : said < 0 ? "–" : "✗";
      return h(`span.probe-mark.${kind}` + (said === own ? "" : ".off"), {}, what);
    }

    const judged = (said, own) => (said < 0 ? text.untested : said === own ? text.right : fill(text.wrong, { name: result.names[said] }));

    function example(one, i) {
      const what = one.emoji || fill(text.number, { n: i + 1 });
      const words = fill(text.example, { what, probe_name: text.probe, probe: judged(one.probe, one.class),
        zero_name: text.zero_shot, zero: judged(one.zero_shot, one.class) });
      return h("li.probe-example", { title: words }, h("span.sr-only", {}, words),
        h("span.probe-glyph" + (one.emoji ? "" : ".numbered"), { "aria-hidden": true }, one.emoji || i + 1),
        h("span.probe-marks", { "aria-hidden": true }, mark("probe", one.probe, one.class), mark("zero", one.zero_shot, one.class)));
    }

    function heldOut() {
      const { examples, names, right } = result;
      return h("section.probe-part.probe-held-out", {}, h("h3", {}, text.held_out),
        right.of ? h("div.probe-scores", {}, score("probe", text.probe, right.probe), score("zero", text.zero_shot, right.zero_shot))
          : h("p.stage-note", {}, text.held_out_none),
        names.map((name, c) => h("div.probe-class", {}, h("span.name", { dir: "auto" }, name),
          h("ol.probe-examples", { "aria-label": name }, examples.map((one, i) => (one.class === c ? example(one, i) : null))))),
        h("p.stage-note", {}, text.legend));
    }

    function fewShot() {
      // On a phone the same figure with less room between its letters, which stay as large.
      const width = Math.min(680, Math.max(320, root.clientWidth - 34));
      const picture = h("svg", { viewBox: `0 0 ${width} 270`, role: "img", "aria-label": curveWords(result.curve, text), class: "probe-curve" },
        curve(result.curve, text, PAGE, { x0: 46, y0: 30, width: width - 46 - 112, height: 190 }));
      return h("section.probe-part", {}, h("h3", {}, text.curve), h("p.probe-verdict", {}, result.curve.sentence),
        result.curve.shots.length ? picture : "",
        result.curve.shots.length ? h("p.stage-note", {}, fill(text.curve_note, { splits: result.curve.splits })) : "");
    }

    function learned() {
      if (!result.learned.length) return "";
      return h("section.probe-part", {}, h("h3", {}, text.learned), h("p.stage-note", {}, text.learned_note),
        result.names.map((name, c) => h("div.probe-class", {}, h("span.name", { dir: "auto" }, name),
          h("div.probe-glyphs", {}, result.learned[c].map((found) => h("button.emoji", { type: "button",
            title: `${found.name} · ${percent(found.probability)}`, "aria-label": fill(text.try_emoji, { name: found.name }),
            onclick: () => document.dispatchEvent(new CustomEvent("epochs-emoji", { detail: { demo, emoji: found.emoji } })) }, found.emoji))))));
    }

    // -- to take along: test picture, held-out score and curve in one figure ---------------------------
    function rows() {
      const { trial } = seen();
      const { shots, mean, low, high, zero_shot } = result.curve;
      const row = (part, item, probe, zero, more = {}) => ({ part, item, linear_probe: probe, zero_shot: zero, low: more.low ?? "", high: more.high ?? "" });
      return [...(trial?.names || []).map((name, i) => row("test picture", name, trial.probe[i], trial.zero_shot[i])),
        ...result.examples.map((one, i) => row(`left out: ${result.names[one.class]}`, one.emoji || i + 1,
          one.probe < 0 ? "" : result.names[one.probe], result.names[one.zero_shot])),
        ...shots.map((k, i) => row("few-shot curve", k, mean[i], zero_shot, { low: low[i], high: high[i] }))];
    }

    function figure() {
      const record = { demo, checkpoint: result.checkpoint, names: result.names, ...result.settings, ...result.provenance,
        right: result.right, curve: result.curve, learned: result.learned, rows: rows() };
      return { name: "epochs-linear-probe", rows: rows(), svg: svg(), record };
    }

    function svg() {
      const { trial } = seen();
        const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 14, fill: PAPER.ink, ...more }, clean(String(s)));
      const top = trial ? 84 + trial.names.length * 30 : 50;
      const H = top + 330;
      const bar = (p, x, y, colour) => [h("rect", { x, y, width: 170, height: 16, rx: 4, fill: "#eef0f4" }),
        h("rect", { x, y, width: Math.max(1, 170 * p), height: 16, rx: 4, fill: colour }), t(x + 234, y + 13, percent(p), { "text-anchor": "end" })];
      return epochs.sheet.write({ width: 720, height: H, title: text.figure_title, desc: curveWords(result.curve, text) },
        t(16, 28, `${text.figure_title} · ${result.name}`, { "font-weight": 600 }),
        trial ? [t(206, 58, text.probe, { fill: PAPER.probe, "font-weight": 600 }), t(466, 58, text.zero_shot, { fill: PAPER.zero, "font-weight": 600 }),
          ...trial.names.map((name, i) => h("g", {}, t(192, 84 + i * 30, cut(name, 22), { "text-anchor": "end" }),
            bar(trial.probe[i], 206, 71 + i * 30, PAPER.probe), bar(trial.zero_shot[i], 466, 71 + i * 30, PAPER.zero)))] : [],
        t(16, top + 8, `${text.held_out}: ${text.probe} ${fill(text.of, { right: result.right.probe, of: result.right.of })}, ${text.zero_shot} ${fill(text.of, { right: result.right.zero_shot, of: result.right.of })}`,
          { "font-size": 13 }),
        curve(result.curve, text, PAPER, { x0: 60, y0: top + 50, width: 540, height: 190 }),
        t(16, H - 10, result.footer || "", { "font-size": 11, fill: PAPER.soft }));
    }

    function draw() {
      result = epochs.read(props);
      seen().stage = result;
      if (!result.names) {
        root.replaceChildren(h("section.stage", { "aria-label": text.stage }, h("div.stage-empty", {}, h("p", {}, text.stage_empty))));
        epochs.withdrawFigure(demo);
        return;
      }
      epochs.redraw(root, h("section.stage.probe-stage", { "aria-label": text.stage, "data-run": result.run },
        ...epochs.probe.notes(result.notes), heldOut(), fewShot(), learned()));
      epochs.offerFigure(demo, figure);
      bringIntoView();
    }

    // On a phone the answer lies below the controls; a hand that still collects examples is left alone.
    function bringIntoView() {
      const column = root.closest(".stage-column") || root;
      const busy = document.activeElement?.closest(".tray, .picture");
      if (!busy && column.getBoundingClientRect().top > innerHeight * 0.5)
        column.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    }
    watch("value", draw);
    draw();
  });
})();
