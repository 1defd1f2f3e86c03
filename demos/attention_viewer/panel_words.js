// Which words, or patches, the answer hangs on: attention beside three other measures, and how far they agree.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const METHODS = ["occlusion", "gradient", "attention", "rollout"];
  const LEVELS = [[0.6, "much"], [0.3, "some"], [0.1, "little"], [-0.1, "none"], [-0.3, "apart"], [-2, "against"]];   // of Kendall's tau
  const [MOST, LARGEST, WAIT] = [40, 3, 300];    // rows; figures told by name; ms, so that a text that grows is not asked about at every token

  epochs.attention.views.words = ({ text, demo, ask, select }) => {
    const { signed, isolate, withGaps } = epochs.attention;
    const isHidden = (place) => run.asked.hidden.includes(place) || (run.gaps || []).some((gap) => gap.place === place);
    const { wordsTold, tokenAt, tokenTold, amount, question, patchMaps } = epochs.attention.panel;
    let run = null, chosen = null, place = -1, drawn = null, maps = null;
    let isWanted = false;                        // asked once: from then on every answer is compared
    const attribution = question({ ask, demo }, "attribution", WAIT, () => draw());

    const meant = h("p.att-panel-lead");
    const compare = h("button.small.primary", { type: "button", onclick: () => {
      if (attribution.busy) return;
      isWanted = true;
      attribution.drop();
      consult();
      draw();
    } }, text.words_compare);
    const status = h("p.stage-note", { role: "status" });
    const found = h("div.att-panel-part");
    const live = h("div.att-panel-part", {}, meant, h("div.chips", {}, compare), status, found);
    const hint = h("p.stage-note");
    const warning = h("p.stage-note.att-words-warning", {}, text.words_warning);
    const node = h("div.att-panel-node", {}, live, hint, warning);

    const consult = () => { if (isWanted && place >= 0) attribution.put(`${run.key} ${place}`, { place }); };

    // Each method on a scale of its own, from its least (or 0) to its largest value in the whole text.
    function scaleOf(values) {
      const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v || 0), Math.max(b, v || 0)], [0, 0]);
      const whole = high - low || 1;
      return (v) => ({ left: 100 * (Math.min(0, v) - low) / whole, width: 100 * Math.abs(v) / whole, zero: -100 * low / whole });
    }

    // What was not measured is no zero: it was hidden already, or the text was too long for this model.
    function bar(method, v, scale, place) {
      if (!Number.isFinite(v)) {
        const why = isHidden(place) ? text.words_hidden : text.words_untried;
        return h("td", { title: why }, h("span", { "aria-hidden": true }, "–"), h("span.sr-only", {}, why));
      }
      const { left, width, zero } = scale(v);
      return h("td", {}, h("div.att-words-cell", {}, h("span.att-words-bar", { "aria-hidden": true, style: `--att-zero:${zero.toFixed(2)}%` },
        h(v < 0 ? "span.att-words-fill.att-words-against" : "span.att-words-fill", { style: `left:${left.toFixed(2)}%;width:${width.toFixed(2)}%` })),
      h("span.att-words-number", {}, amount(method, v))));
    }

    // By name, what counts most by each method: the bars stand in the order of the text.
    const largest = (reply, methods, tokens) => h("ul.att-words-largest", { "aria-label": fill(text.words_largest, { n: LARGEST }) }, methods.map((method) => {
      const values = reply.methods[method];
      const best = [...values.keys()].filter((i) => Number.isFinite(values[i])).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a])).slice(0, LARGEST);
      const list = best.map((i) => fill(text.words_largest_token, { n: i + 1, token: tokenTold(tokens, i), value: amount(method, values[i]) })).join(text.words_map_joint);
      return h("li", {}, h("strong", {}, text[`words_${method}`]), " ", list);
    }));

    // The chosen token's own figures: its row may be one of those left out.
    const told = h("p.att-reading", { role: "status" });
    function tell() {
      const tokens = run.tokens.source, place = run.stacks[chosen.stack].queries === "source" ? chosen.token : -1;
      const methods = tokens && drawn ? METHODS.filter((method) => place in (drawn.methods?.[method] ?? [])) : [];
      const value = (v, method) => (Number.isFinite(v) ? amount(method, v) : isHidden(place) ? text.words_hidden : text.words_untried);
      const list = methods.map((method) => fill(text.words_map_value, { method: text[`words_${method}`], value: value(drawn.methods[method][place], method) }));
      const sentence = list.length ? fill(text.words_reading, { n: place + 1, token: tokenTold(tokens, place), list: list.join(text.words_map_list) }) : text.words_hint;
      if (told.textContent !== sentence) told.textContent = sentence;
      found.querySelectorAll(".att-words-table tr").forEach((row) => row.classList.toggle("att-words-chosen", row.dataset.place === String(place)));
    }

    function table(reply, methods) {
      const tokens = run.tokens.source;
      const all = [...tokens.keys()].slice(0, reply.methods[methods[0]].length);
      const strength = reply.methods[methods[0]];     // occlusion, where it was measured
      const kept = all.length <= MOST ? all
        : [...all].sort((a, b) => Math.abs(strength[b]) - Math.abs(strength[a])).slice(0, MOST).sort((a, b) => a - b);
      const scales = methods.map((method) => scaleOf(reply.methods[method]));
      const row = (i) => h("tr", { "data-place": i }, h(run.asked.hidden.includes(i) ? "th.gone" : "th", { scope: "row", dir: "auto" }, tokenAt(tokens, i)),
        methods.map((method, m) => bar(method, reply.methods[method][i], scales[m], i)));
      const box = h("div.att-words-box", {}, h("table.att-words-table", {}, h("caption.sr-only", {}, text.words_table),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, text.words_token), methods.map((method) => h("th", { scope: "col" }, text[`words_${method}`])))),
        h("tbody", {}, withGaps(kept, all.length, row, methods.length + 1, text))));
      epochs.edges(box);
      return [h("p.att-panel-title", {}, fill(text.words_largest, { n: LARGEST })), largest(reply, methods, tokens), box, told,
        kept.length < all.length ? h("p.stage-note", {}, fill(text.words_cut, { n: kept.length, all: all.length })) : null,
        h("p.stage-note", {}, text.words_scale)];
    }

    function agreement(pairs) {
      const counted = pairs.filter((pair) => Number.isFinite(pair.tau));
      if (!counted.length) return [];
      const name = (method) => text[`words_${method}`] ?? method;
      const sorted = [...counted].sort((a, b) => b.tau - a.tau);
      // Several pairs may agree equally far, as far as the digits shown tell.
      const [high, low] = [sorted[0], sorted.at(-1)].map((pair) => signed(pair.tau, 2));
      const tied = (tau) => sorted.filter((pair) => signed(pair.tau, 2) === tau).map(({ a, b }) => fill(text.words_pair, { a: name(a), b: name(b) })).join(text.words_pairs);
      const both = counted.find(({ a, b }) => [a, b].includes("attention") && [a, b].includes("occlusion"));
      const level = (tau) => text[`words_tau_${LEVELS.find(([least]) => +tau.toFixed(2) >= least)[1]}`];
      return [h("p.att-panel-title", {}, text.words_agreement),
        both ? h("p.att-panel-lead", {}, fill(level(both.tau), { tau: signed(both.tau, 2) })) : null,
        h("table.att-words-agreement", {}, h("caption.sr-only", {}, text.words_agreement), h("tbody", {}, sorted.map((pair) => h("tr", {},
          h("th", { scope: "row" }, fill(text.words_pair, { a: name(pair.a), b: name(pair.b) })), h("td", {}, signed(pair.tau, 2)))))),
        high !== low ? h("p.stage-note", {}, fill(text.words_extremes, { most: tied(high), high, least: tied(low), low })) : null,
        h("p.stage-note", {}, text.words_tau_note)];
    }

    const isPicture = () => run.kind === "vision";
    const ofPicture = (key) => text[isPicture() ? `${key}_picture` : key];

    function pictures(reply, methods) {
      maps = patchMaps(run, reply, methods, { text, select });
      return [maps.node, reply.left ? h("p.stage-note", {}, fill(text.words_uncovered, { n: reply.left })) : null, h("p.stage-note", {}, text.words_scale_picture)];
    }

    function parts(reply) {
      const methods = METHODS.filter((method) => reply.methods?.[method]?.length);
      if (!methods.length) return [h("p.stage-note", {}, text.words_no_answer)];
      const answer = reply.answer ? fill(text.words_answer, { token: wordsTold(reply.answer.text), p: percent(reply.answer.p ?? 0) })
        : fill(text.words_answer_picture, { length: (reply.length ?? 0).toPrecision(3) });
      return [h("p.att-panel-lead", {}, answer), ...(isPicture() ? pictures(reply, methods) : table(reply, methods)),
        h("p.stage-note", {}, fill(ofPicture("words_methods"), { answer: reply.answer ? text.words_drop_label : text.words_drop_vector })), ...agreement(reply.agreement || []),
        Number.isFinite(reply.milliseconds) ? h("p.stage-note", {}, fill(text.words_milliseconds, { ms: Math.round(reply.milliseconds) })) : null];
    }

    function draw() {
      compare.setAttribute("aria-disabled", attribution.busy);
      found.classList.toggle("att-panel-busy", attribution.busy);
      found.setAttribute("aria-busy", attribution.busy);
      status.textContent = attribution.busy ? ofPicture("words_working") : attribution.key !== null && !attribution.reply ? text.words_no_answer : "";
      if (attribution.reply !== drawn) {
        [drawn, maps] = [attribution.reply, null];
        found.replaceChildren(...(drawn ? parts(drawn).filter(Boolean) : []));
      }
      maps?.mark(chosen.token);
      if (!isPicture()) tell();
    }

    function meantBy() {
      if (isPicture()) return run.label ? fill(text.words_of_label, { name: isolate(run.label.text) }) : text.words_of_picture;
      if (run.kind === "translation") return fill(text.words_of_written, { n: place + 1, token: tokenTold(run.tokens.target, place) });
      return run.kind === "masked" ? fill(text.words_of_gap, { n: place + 1 }) : text.words_of_next;
    }

    function show(next, at) {
      if (run?.key !== next.key) attribution.drop();    // its numbers belong to another text or picture
      [run, chosen] = [next, at];
      const length = run.tokens?.source?.length ?? 0;
      place = isPicture() ? 0 : length ? chosen.answer : -1;
      if (place < 0) attribution.drop();
      live.hidden = place < 0;
      hint.textContent = place >= 0 ? "" : length && run.kind === "masked" ? text.words_no_gap : text.words_none;
      if (place >= 0) {
        meant.textContent = meantBy();
        consult();
      }
      draw();
    }

    return { node, show };
  };
})();
