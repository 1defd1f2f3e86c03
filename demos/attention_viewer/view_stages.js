// How one head comes to its values: scores, mask, softmax, and what each share fetches.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const FEW = 20, WIDEST = 210;                  // keys in the table at first; pixels of a small map
  const STAGES = ["scores", "mask", "softmax", "norm"];
  const few = (v) => (v === 0 ? "0" : v < 0.005 ? "<0.01" : v >= 99.95 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2));

  epochs.attention.views.stages = ({ text, select, detail }) => {
    const { tokenName, tokenTold, headName, signed, shareAt, withGaps, canvas: tools } = epochs.attention;
    const stages = STAGES.map((name, i) => {
      const map = h("canvas.att-st-map", { role: "img" });
      return { name, map, range: h("p.att-st-range"), note: h("p.att-st-note"), title: h("p.att-st-title", {}, `${i + 1}. ${text[`stages_${name}`]}`), picture: null };
    });
    const row = h("div.att-st-row", {}, stages.map((stage) => h("div.att-st-stage", {}, stage.title, h("div.att-st-box", {}, stage.map, stage.range), stage.note)));
    const reading = h("p.att-view-reading");
    const long = h("p.stage-note", {}, text.stages_long);
    const picker = h("select.att-st-select", { "aria-label": text.stages_query, onchange: () => select({ token: +picker.value }) });
    const choice = h("div.stage-tools.att-st-choice", {}, h("span", {}, text.stages_query), picker);
    const table = h("div.att-st-table");
    const more = h("button.small", { type: "button", hidden: true, onclick: () => { open = !open; draw(); } });
    const body = h("div.att-st-body", {}, row, reading, long, choice, table, more);
    const wait = h("p.stage-note", { role: "status" });
    const node = h("div.att-stages", { role: "group" }, wait, body);
    let run = null, chosen = null, stack = null, exact = null, painted = null, drawn = "", listed = "", shownRun = null, open = false;
    let cursor = null;                           // { name, cell: [query, key] }: the value that is told, until a hand leaves
    let masked = () => false;
    const ask = tools.asker(detail, () => draw());

    const key = (k) => tokenName(run, stack.keys, k, text);
    const picked = () => (chosen.token >= 0 && chosen.token < stack.q ? chosen.token : stack.q - 1);
    const weight = (i) => exact.p[i] * exact.norms[i % exact.tk];

    // -- the four maps --------------------------------------------------------------------------------
    function paint() {
      if (painted === exact) return;
      painted = exact;
      const { tq, tk, p, scores } = exact;
      const [ramp, signs, [grey]] = [tools.levels(run.colours), tools.pack(run.signed), tools.pack([tools.MASKED])];
      const middle = (signs.length - 1) / 2;
      const size = tq * tk;
      let [low, high, lowSeen, highSeen, most] = [Infinity, -Infinity, Infinity, -Infinity, 0];
      const seen = (i) => !masked(Math.floor(i / tk), i % tk, p[i]);
      for (let i = 0; i < size; i++) {
        [low, high] = [Math.min(low, scores[i]), Math.max(high, scores[i])];
        if (seen(i)) [lowSeen, highSeen] = [Math.min(lowSeen, scores[i]), Math.max(highSeen, scores[i])];
        most = Math.max(most, weight(i));
      }
      const end = Math.max(Math.abs(low), Math.abs(high)) || 1;
      const score = (i) => signs[Math.round(middle * (1 + scores[i] / end))];
      const colours = { scores: score, mask: (i) => (seen(i) ? score(i) : grey), softmax: (i) => (seen(i) ? ramp[tools.levelOf(p[i])] : grey),
        norm: (i) => (seen(i) ? ramp[tools.levelOf(weight(i) / (most || 1))] : grey) };
      const ranges = { scores: [signed(low, 1), signed(high, 1)], mask: [signed(lowSeen, 1), signed(highSeen, 1)], softmax: ["0%", "100%"], norm: ["0", few(most)] };
      for (const stage of stages) {
        stage.picture = tools.cells(tq, tk, (pixels) => { for (let i = 0; i < size; i++) pixels[i] = colours[stage.name](i); });
        stage.range.textContent = ranges[stage.name].join(" … ");
      }
    }

    function drawMap({ name, map, picture }, query) {
      const { tq, tk } = exact;
      const width = Math.min(map.parentNode.clientWidth, WIDEST);
      if (!width) return;
      const height = Math.round(width * Math.min(1.6, Math.max(0.4, tq / tk)));
      map.style.width = `${width}px`;
      const pen = tools.fit(map, width, height);
      const [w, t] = [width / tk, height / tq];
      pen.imageSmoothingEnabled = false;
      pen.drawImage(picture, 0, 0, width, height);
      if (name === "mask") hatch(pen, w, t, width, height);
      pen.lineWidth = 1.5;
      pen.strokeStyle = tools.QUERY;
      pen.strokeRect(0.75, query * t, width - 1.5, Math.max(2, t));
    }

    function hatch(pen, w, t, width, height) {
      pen.save();
      pen.beginPath();
      for (let q = 0; q < exact.tq; q++) for (let k = 0, from = -1; k <= exact.tk; k++) {   // one box for each stretch of a row
        const out = k < exact.tk && masked(q, k, exact.p[q * exact.tk + k]);
        if (out && from < 0) from = k;
        if (!out && from >= 0) { pen.rect(from * w, q * t, (k - from) * w, t); from = -1; }
      }
      pen.clip();
      pen.beginPath();
      for (let x = -height; x < width; x += 6) { pen.moveTo(x, height); pen.lineTo(x + height, 0); }
      pen.strokeStyle = "#5f6675";
      pen.lineWidth = 1;
      pen.stroke();
      pen.restore();
    }

    const cellOf = (event, map) => {
      if (!exact?.scores) return null;
      const area = map.getBoundingClientRect();
      const [q, k] = [Math.floor((event.clientY - area.top) / area.height * exact.tq), Math.floor((event.clientX - area.left) / area.width * exact.tk)];
      return q >= 0 && k >= 0 && q < exact.tq && k < exact.tk ? [q, k] : null;
    };
    function read() {
      if (cursor && (cursor.cell[0] >= exact.tq || cursor.cell[1] >= exact.tk)) cursor = null;
      if (!cursor) { reading.textContent = text.stages_hint; return; }
      const { name, cell: [q, k] } = cursor, i = q * exact.tk + k;
      const hidden = name !== "scores" && masked(q, k, exact.p[i]);
      const value = hidden ? text.stages_masked : name === "softmax" ? said(shareAt(exact, q, k)) : name === "norm" ? few(weight(i)) : signed(exact.scores[i], 2);
      reading.textContent = fill(text.stages_reading, { query: tokenTold(run, stack.queries, q, text), key: tokenTold(run, stack.keys, k, text), value });
    }
    const point = (name, cell) => { cursor = cell && { name, cell }; if (exact?.scores) read(); };
    const said = (p) => (p === 0 ? "0%" : percent(p));

    // -- the table of one query -----------------------------------------------------------------------
    // The query's numbers; its scores are null while they are on their way.
    function numbers(query) {
      const { tk, p, scores, rows } = exact;
      if (rows.query === query) return rows;      // sent with more digits than the maps
      return { p: p.subarray(query * tk, (query + 1) * tk), scores: scores?.subarray(query * tk, (query + 1) * tk) ?? null };
    }

    function bar(value, most, words) {
      const width = `${(100 * Math.min(1, value / (most || 1))).toFixed(1)}%`;
      return h("div.att-st-amount", {}, h("span.att-st-number", {}, words), h("span.att-st-bar", { "aria-hidden": true }, h("span", { style: `width:${width}` })));
    }

    function drawTable(query) {
      const { p, scores } = numbers(query);
      const all = Array.from({ length: exact.tk }, (_, k) => k);
      const shown = open || all.length <= FEW + 1 ? all : all.slice().sort((a, b) => p[b] - p[a]).slice(0, FEW).sort((a, b) => a - b);
      const most = all.reduce((high, k) => Math.max(high, p[k] * exact.norms[k]), 0);
      const line = (k) => {
        const out = masked(query, k, p[k]);
        const score = scores ? signed(scores[k], 2) : "…";
        return h(`tr${out ? ".masked" : ""}`, {}, h("th", { scope: "row", dir: "auto", title: key(k) }, key(k)),
          h("td", {}, out ? [h("s", {}, score), " ", h("span.att-st-out", {}, text.stages_masked)] : score),
          h("td", {}, bar(p[k], 1, said(p[k]))), h("td", {}, few(exact.norms[k])), h("td", {}, bar(p[k] * exact.norms[k], most, few(p[k] * exact.norms[k]))));
      };
      const head = ["key", "score", "share", "length", "weight"].map((name) => h("th", { scope: "col" }, text[`stages_column_${name}`]));
      table.replaceChildren(h("table", {}, h("caption", {}, fill(text.stages_table, { query: tokenTold(run, stack.queries, query, text) })),
        h("thead", {}, h("tr", {}, head)), h("tbody", {}, withGaps(shown, all.length, line, head.length, text))));
      more.hidden = all.length <= FEW + 1;        // one more takes no more room than saying so
      more.textContent = open ? fill(text.stages_fewer, { n: FEW }) : fill(text.stages_all, { n: all.length });
      more.setAttribute("aria-expanded", open);
    }

    function listQueries() {
      const now = [run.key, chosen.stack].join(" ");
      if (now !== listed) {
        listed = now;
        picker.replaceChildren(...Array.from({ length: stack.q }, (_, q) => h("option", { value: q }, `${q + 1} · ${tokenName(run, stack.queries, q, text)}`)));
      }
      picker.value = String(picked());
    }

    function draw() {
      if (!stack || !node.clientWidth) return;
      // Of a long text only one query's scores are sent: a new query is a new question.
      exact = ask(run, { ...chosen, token: picked() }, stack.q > 128 || stack.k > 128 ? picked() : "");
      if (shownRun !== run.run) { shownRun = run.run; body.hidden = true; cursor = null; }   // the last text's numbers are not this one's
      wait.textContent = exact ? "" : text.stages_loading;
      body.classList.toggle("waiting", !exact);
      body.setAttribute("aria-busy", !exact);
      if (!exact) { drawn = ""; return; }
      body.hidden = false;
      const query = Math.min(picked(), exact.tq - 1);
      const maps = Boolean(exact.scores);
      for (const { map } of stages) map.parentNode.hidden = !maps;
      long.hidden = maps;
      reading.hidden = !maps;
      if (maps) {
        paint();
        for (const stage of stages) drawMap(stage, query);
        read();
      }
      const now = [tools.headKey(run, chosen), query, open, maps].join(" ");
      if (now !== drawn) { drawn = now; drawTable(query); }
    }

    function show(nextRun, nextChosen) {
      [run, chosen] = [nextRun, { ...nextChosen }];
      stack = tools.stackOf(run, chosen);
      node.hidden = !stack;
      if (!stack) { drawn = listed = ""; return; }
      masked = tools.masker(run, stack);
      const head = headName(stack, chosen.layer, chosen.head, text);
      node.setAttribute("aria-label", fill(text.stages_label, { head }));
      for (const { name, map, note } of stages) {
        map.setAttribute("aria-label", fill(text.stages_map, { stage: text[`stages_${name}`], head }));
        note.textContent = name === "mask" && !masked.any ? text.stages_mask_none : text[`stages_${name}_note`];
      }
      listQueries();
      draw();
    }

    for (const { name, map } of stages) {
      // A finger that lifts leaves what it has pointed at to be read.
      for (const type of ["pointerdown", "pointermove"]) map.addEventListener(type, (event) => point(name, cellOf(event, map)));
      map.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") point(name, null); });
      map.addEventListener("click", (event) => { const cell = cellOf(event, map); if (cell) select({ token: cell[0] }); });
    }
    tools.watch(node, draw);
    // What is drawn, for the figure to take along.
    const shot = () => (exact?.scores && painted === exact ? { query: Math.min(picked(), exact.tq - 1),
      stages: stages.map(({ picture, title, range }) => ({ picture, title: title.textContent, range: range.textContent })) } : null);
    return { node, show, shot };
  };
})();
