// The templates' table to take along: as a drawing, as rows, as a record.
"use strict";
(() => {
  const { h, fill } = epochs;
  const MOST = 8;                                // columns of the drawing; the rows hold every label
  const [LEFT, CELL, LINE, TOP] = [248, 78, 27, 74];
  const INK = "#1d1d1f", SOFT = "#60646c", ACCENT = "68,87,214";

  const { clean } = epochs.sheet;
  const cut = (s, most) => { const letters = [...clean(s)]; return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : letters.join(""); };
  // Chinese characters are twice as wide.
  const room = (s, most) => (/[\u2e80-\u9fff]/.test(s) ? Math.ceil(most * 0.58) : most);
  const words = (x, y, s, more = {}) => h("text", { x, y, "font-size": 13, fill: INK, ...more }, clean(s));

  function lines({ result, now, off, text }) {
    const { percent, brief } = epochs.templates;
    const templates = result.templates.map((template, t) => ({ name: template, out: off.has(t), ranks: now.ranks[t],
      heat: now.each[t], words: now.each[t].map(brief) }));
    const placed = (scores) => scores.map((s) => 1 + scores.filter((other) => other > s).length);
    return [...templates,
      { name: text.row_majority, together: true, heat: now.votes.map((v) => v / now.n), ranks: placed(now.votes), words: now.votes.map((v) => v || "·") },
      { name: text.row_mean_probability, together: true, heat: now.share, ranks: placed(now.share), words: now.share.map(brief) },
      { name: text.row_mean_vector, together: true, verdict: true, heat: now.p, ranks: placed(now.cosine), words: now.p.map(percent) }];
  }

  function drawLine(line, columns, y) {
    return h("g", { opacity: line.out ? 0.4 : 1 },
      words(16, y + 18, cut(line.name, room(line.name, 32)), { "font-weight": line.together ? 600 : 400, "text-decoration": line.out ? "line-through" : "none" }),
      columns.map((l, k) => {
        const [x, first] = [LEFT + k * CELL, line.ranks[l] === 1];
        return h("g", {},
          h("rect", { x: x + 1, y: y + 1, width: CELL - 2, height: LINE - 2, rx: 4, fill: `rgba(${ACCENT},${(0.06 + 0.94 * line.heat[l]).toFixed(3)})`,
            stroke: first ? INK : "none", "stroke-width": first ? 1.5 : 0 }),
          words(x + CELL / 2, y + 18, line.words[l], { "text-anchor": "middle", "font-weight": first ? 700 : 400, fill: line.heat[l] > 0.8 ? "#fff" : INK }));
      }));
  }

  function svg(state) {
    const { result, now, text } = state;
    const columns = state.columns.slice(0, MOST);
    const all = lines(state);
    const gap = (i) => (i >= result.templates.length ? 10 : 0);
    const [W, H] = [LEFT + columns.length * CELL + 16, TOP + all.length * LINE + 10 + 40];
    const some = columns.length < result.labels.length ? " · " + fill(text.figure_columns, { k: columns.length, n: result.labels.length }) : "";
    return epochs.sheet.write({ width: W, height: H, title: text.figure_title, desc: all.slice(-3).map((line) => `${clean(line.name)}: ${columns.map((l) => `${clean(result.labels[l])} ${line.words[l]}`).join(", ")}`).join("; ") },
      words(16, 28, `${result.name} · ${text.figure_title}`, { "font-weight": 600, "font-size": 15 }),
      columns.map((l, k) => words(LEFT + (k + 0.5) * CELL, TOP - 10, cut(result.labels[l], room(result.labels[l], 11)), { "text-anchor": "middle" })),
      all.map((line, i) => drawLine(line, columns, TOP + i * LINE + gap(i))),
      words(16, H - 12, (result.footer || "") + some, { "font-size": 11, fill: SOFT }));
  }

  function rows({ result, now, off }) {
    const row = (kind, template, counts, l, rest) => ({ kind, template, counts, label: result.labels[l], ...rest });
    const labels = [...result.labels.keys()];
    return [
      ...result.templates.flatMap((template, t) => labels.map((l) => row("template", template, !off.has(t), l,
        { rank: now.ranks[t][l], cosine: result.cosines[t][l], probability: now.each[t][l], votes: "" }))),
      ...labels.map((l) => row("mean_vector", "", true, l, { rank: 1 + now.cosine.filter((c) => c > now.cosine[l]).length,
        cosine: now.cosine[l], probability: now.p[l], votes: "" })),
      ...labels.map((l) => row("majority", "", true, l, { rank: 1 + now.votes.filter((v) => v > now.votes[l]).length, cosine: "", probability: "", votes: now.votes[l] })),
      ...labels.map((l) => row("mean_probability", "", true, l, { rank: 1 + now.share.filter((s) => s > now.share[l]).length,
        cosine: "", probability: now.share[l], votes: "" })),
    ];
  }

  epochs.templates.figure = (state) => {
    const { demo, result, now, off } = state;
    const named = Object.fromEntries(Object.entries(now.verdict).map(([way, l]) => [way, result.labels[l]]));
    return { name: "epochs-clip-templates", svg: svg(state), rows: rows(state), record: { demo, checkpoint: result.checkpoint,
      logit_scale: result.logit_scale, logit_bias: result.logit_bias, ...result.provenance, labels: result.labels, templates: result.templates,
      switched_off: [...off].map((t) => result.templates[t]), cosines: result.cosines, verdict: named, votes: now.votes,
      mean_vector: { cosines: now.cosine, probabilities: now.p, mean_of_cosines: now.mean, length_of_mean: now.length }, mean_probability: now.share } };
  };
})();
