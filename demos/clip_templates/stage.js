// The templates' stage: templates by labels, each row's winner, and what the rows decide together.
"use strict";
epochs.register("templates_stage", ({ root, config, props, watch, text }) => {
  const { h, fill } = epochs;
  const { ensemble, unpack, percent, brief } = epochs.templates;
  const { demo } = config;
  const WAYS = ["mean_vector", "majority", "mean_probability"];
  let result = {};
  let off = new Set();                           // indices of templates that do not count
  let show = epochs.state.asked(demo, "cells") === "cosine" ? "cosine" : "probability";
  let columns = [];                              // indices of labels, the ones that matter first
  let now = null;                                // what `ensemble` said
  let rows = [];                                 // {row, cells}; the templates', then the three ensembles'
  let cursor = [0, 0];
  const iso = (label) => `\u2068${[...label].length > 40 ? [...label].slice(0, 39).join("") + "…" : label}\u2069`;

  const cards = h("div.ways");
  const sentence = h("p.votes-sentence", { role: "status" });
  const choices = ["probability", "cosine"].map((kind) => h("button.segment", { type: "button", role: "radio", onclick: () => {
    show = kind;
    epochs.state.set(demo, "cells", kind);
    draw();
  } }, text["cells_" + kind]));
  const allOn = h("button.small", { type: "button", onclick: () => { off.clear(); remember(); draw(); rows[0].button.focus({ preventScroll: true }); } }, text.all_on);
  const table = h("table.votes", { role: "grid", "aria-label": text.table });
  const scroller = h("div.votes-scroll", {}, table);
  const scale = h("p.axis");
  const detail = h("p.votes-detail", { role: "status" });
  const tools = h("div.stage-tools", {}, h("span.segments.control-cells", { role: "radiogroup", "aria-label": text.cells }, choices), allOn);
  const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
  const live = h("div.stage-live", { hidden: true }, cards, sentence, tools, scroller, detail, scale);
  root.append(h("section.stage.templates-stage", { "aria-label": text.stage }, empty, live));

  const remember = () => epochs.state.set(demo, "off", [...off].sort((a, b) => a - b).join(","));
  const isOn = () => result.templates.map((_, t) => !off.has(t));

  function toggle(t) {
    if (!off.has(t) && off.size === result.templates.length - 1) { detail.textContent = text.one_must_stay; return; }
    off.has(t) ? off.delete(t) : off.add(t);
    remember();
    draw();
  }

  // The mean vector's first choice, then what any template votes for, then the mean vector's order. It
  // holds until the next run: columns that jump at every switch cannot be followed.
  function orderColumns() {
    const all = ensemble(result, result.templates.map(() => true));
    const chosen = (l) => l === all.verdict.mean_vector;
    columns = [...all.votes.keys()].sort((a, b) => chosen(b) - chosen(a) || all.votes[b] - all.votes[a] || all.cosine[b] - all.cosine[a] || a - b);
  }

  function makeRow(head, place) {
    const cells = columns.map((label, k) => {
      const cell = h("td", { role: "gridcell", tabindex: "-1" }, h("span.rank", { "aria-hidden": true }), h("span.value"));
      cell.dataset.at = `${place},${k}`;
      return cell;
    });
    const row = h("tr", {}, head, cells);
    return { row, cells };
  }

  function makeTable() {
    const names = columns.map((label) => h("th", { scope: "col", title: result.labels[label] }, h("span.column", { dir: "auto" }, result.labels[label])));
    const templates = result.templates.map((template, t) => {
      const button = h("button.switch", { type: "button", dir: "auto", onclick: () => toggle(t) }, h("span.tick", { "aria-hidden": true }), h("span.template", {}, template));
      return { ...makeRow(h("th", { scope: "row" }, button), t), button };
    });
    const T = templates.length;
    const ensembles = ["majority", "mean_probability", "mean_vector"].map((way, i) =>
      ({ ...makeRow(h("th", { scope: "row" }, h("span.way-row", {}, text["row_" + way])), T + i), way }));
    ensembles.forEach((made) => made.row.classList.add("together", made.way));
    rows = [...templates, ...ensembles];
    table.replaceChildren(h("thead", {}, h("tr", {}, h("th.corner", { scope: "col" }, text.template), names)),
      h("tbody", {}, templates.map((made) => made.row)), h("tfoot", {}, ensembles.map((made) => made.row)));
    cursor = [0, 0];
    rows[0].cells[0].tabIndex = 0;
  }

  const painted = new WeakMap();                 // cell -> what it shows: 2,000 cells, of which a switch changes few
  function paint(cell, { words, heat, rank, dissent }) {
    const looks = [words, heat.toFixed(3), Math.min(rank, 4), dissent].join("|");
    if (painted.get(cell) === looks) return;
    painted.set(cell, looks);
    cell.style.setProperty("--heat", heat.toFixed(3));
    cell.className = (rank === 1 ? "first" : rank <= 3 ? "placed" : "") + (heat > 0.8 ? " hot" : heat > 0.6 ? " warm" : "") + (dissent ? " dissent" : "");
    cell.firstChild.textContent = rank <= 3 ? rank : "";
    cell.lastChild.textContent = words;
  }

  const signed = (c, digits) => { const s = c.toFixed(digits); return +s === 0 ? s.replace("-", "") : s.replace("-", "\u2212"); };
  const rankOf = (scores, l) => 1 + scores.filter((s) => s > scores[l]).length;

  function draw() {
    if (!result.labels) return;
    now = ensemble(result, isOn());
    const every = result.cosines.flat();
    const [low, high] = [Math.min(...every), Math.max(...every)];
    const warm = (c) => Math.min(1, Math.max(0, (c - low) / (high - low || 1)));
    const cosines = show === "cosine";
    rows.forEach((made, place) => made.cells.forEach((cell, k) => {
      const l = columns[k];
      if (made.way === "majority") paint(cell, { words: now.votes[l] || "·", heat: now.votes[l] / now.n, rank: now.votes[l] ? rankOf(now.votes, l) : 9 });
      else if (made.way === "mean_probability") paint(cell, { words: brief(now.share[l]), heat: now.share[l], rank: rankOf(now.share, l) });
      else {
        const [c, p] = made.way ? [now.cosine[l], now.p[l]] : [result.cosines[place][l], now.each[place][l]];
        const rank = made.way ? rankOf(now.cosine, l) : now.ranks[place][l];
        paint(cell, { words: cosines ? signed(c, 3) : brief(p), heat: cosines ? warm(c) : p, rank,
          dissent: !made.way && rank === 1 && l !== now.verdict.mean_vector });
      }
    }));
    result.templates.forEach((template, t) => {
      rows[t].row.classList.toggle("out", off.has(t));
      rows[t].button.setAttribute("aria-pressed", String(!off.has(t)));
      rows[t].button.title = fill(off.has(t) ? text.switch_on : text.switch_off, { template });
    });
    choices.forEach((button, i) => button.setAttribute("aria-checked", String((i === 1) === cosines)));
    allOn.hidden = off.size === 0;
    scale.textContent = cosines ? fill(text.scale_cosine, { low: signed(low, 3), high: signed(high, 3) })
      : result.logit_bias === null ? text.scale_probability : text.scale_sigmoid;
    drawCards();
    sentence.textContent = say();
    describe();
    table.dataset.drawn = String(Math.round(performance.now()));
  }

  function drawCards() {
    cards.replaceChildren(...WAYS.map((way) => {
      const label = now.verdict[way];
      const value = way === "majority" ? fill(now.tied.length > 1 ? text.votes_tied_of : text.votes_of, { votes: now.votes[label], n: now.n })
        : percent(way === "mean_vector" ? now.p[label] : now.share[label]);
      return h(`div.way.${way}` + (label === now.verdict.mean_vector ? "" : ".differs"), {}, h("span.way-name", {}, text["way_" + way]),
        h("strong.way-label", { dir: "auto", title: result.labels[label] }, result.labels[label]), h("span.way-value", {}, value));
    }));
  }

  // In words: how the votes fell, then whether the ways of ensembling agree.
  function say() {
    const name = (l) => iso(result.labels[l]);
    if (result.labels.length === 1) return text.one_label;
    if (result.templates.length === 1) return fill(text.one_template, { label: name(now.verdict.mean_vector) });
    if (now.n === 1) return fill(text.one_left, { label: name(now.verdict.mean_vector) });
    const { mean_vector, majority, mean_probability } = now.verdict;
    const agree = mean_vector === majority && majority === mean_probability;
    const ways = agree ? fill(now.most === now.n ? text.ways_idle : text.ways_agree, { label: name(mean_vector) })
      : fill(text.ways_differ, { vector: name(mean_vector), majority: name(majority), probability: name(mean_probability) });
    return fill(text.both, { votes: sayVotes(name), ways });
  }

  const listed = (items, one) => items.slice(0, 3).map(one).join(text.comma) + (items.length > 3 ? fill(text.more, { n: items.length - 3 }) : "");

  function sayVotes(name) {
    if (now.most === now.n) return fill(text.votes_all, { n: now.n, label: name(now.tied[0]) });
    if (now.most === 1) return fill(text.votes_scattered, { n: now.n });
    if (now.tied.length > 1) return fill(text.votes_tied, { labels: listed(now.tied, (l) => fill(text.quoted, { label: name(l) })), votes: now.most });
    const others = now.kept.filter((t) => now.ranks[t][now.tied[0]] !== 1);
    const one = (t) => fill(text.other, { template: iso(result.templates[t]), label: name(now.ranks[t].indexOf(1)) });
    return fill(text.votes_split, { votes: now.most, n: now.n, label: name(now.tied[0]), others: listed(others, one) });
  }

  // The cell under the pointer or the keyboard, in full.
  function describe(at = null) {
    if (!at) { detail.textContent = text.detail_hint; return; }
    const [place, k] = at;
    const [l, way] = [columns[k], rows[place].way];
    const label = iso(result.labels[l]);
    const count = { n: now.n, L: result.labels.length, label };
    if (way === "majority") detail.textContent = fill(text.detail_majority, { ...count, votes: now.votes[l] });
    else if (way === "mean_probability") detail.textContent = fill(text.detail_mean_probability, { ...count, p: percent(now.share[l]) });
    else if (way) detail.textContent = fill(text.detail_mean_vector, { ...count, mean: signed(now.mean[l], 4), length: now.length[l].toFixed(4),
      cosine: signed(now.cosine[l], 4), p: percent(now.p[l]) });
    else detail.textContent = fill(text.detail_prompt, { ...count, prompt: iso(result.templates[place].replaceAll("{}", result.labels[l])),
      cosine: signed(result.cosines[place][l], 4), p: percent(now.each[place][l]), rank: now.ranks[place][l] });
  }

  const cellAt = (event) => event.target.closest("td")?.dataset.at?.split(",").map(Number);
  table.addEventListener("pointerover", (event) => { const at = cellAt(event); if (at) describe(at); });
  table.addEventListener("pointerleave", () => describe(table.contains(document.activeElement) && document.activeElement.tagName === "TD" ? cursor : null));
  table.addEventListener("focusin", (event) => {
    const at = cellAt(event);
    if (!at) return;
    rows[cursor[0]].cells[cursor[1]].tabIndex = -1;
    cursor = at;
    rows[at[0]].cells[at[1]].tabIndex = 0;
    describe(at);
  });
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -99], End: [0, 99] };
  table.addEventListener("keydown", (event) => {
    const [at, step] = [cellAt(event), STEPS[event.key]];
    if (!at) return;
    if ((event.key === " " || event.key === "Enter") && at[0] < result.templates.length) { event.preventDefault(); toggle(at[0]); describe(at); }
    if (!step) return;
    event.preventDefault();
    const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
    rows[within(at[0] + step[0], rows.length)].cells[within(at[1] + step[1], columns.length)].focus();
  });

  function adopt() {
    const [first, before] = [!result.labels, new Set([...off].map((t) => result.templates[t]))];
    const sent = epochs.read(props);
    const ok = Boolean(sent.labels);
    live.hidden = !ok;
    empty.hidden = ok;
    if (!ok) { result = {}; epochs.withdrawFigure(demo); return; }
    result = { ...sent, labels: [...sent.labels], templates: [...sent.templates],
      cosines: unpack(sent.cosines, sent.templates.length), gram: unpack(sent.gram, sent.labels.length) };
    const asked = first ? (epochs.state.asked(demo, "off") || "").split(",").filter(Boolean).map(Number) : [];
    // What a visitor switched off stays off in the next run, by its words.
    off = new Set([...result.templates.keys()].filter((t) => before.has(result.templates[t]) || asked.includes(t)));
    if (off.size === result.templates.length) off.clear();
    orderColumns();
    makeTable();
    draw();
    table.dataset.run = result.run;
    epochs.bringIntoView(root, demo);
    epochs.offerFigure(demo, () => epochs.templates.figure({ demo, result, now, off, columns, text }));
  }
  watch("value", adopt);
  adopt();
});
