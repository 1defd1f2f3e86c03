// One head in full as a heat map: queries down, keys across.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const APART = 22;                              // pixels of a cell from which names are apart by themselves
  const TALLEST = 640, LARGEST = 34, NAMED = 40; // pixels of the picture and of a cell; tokens that get a name at the edge

  // The next number of two digits that is not smaller.
  function above(value) {
    const step = 10 ** (Math.floor(Math.log10(value)) - 1);
    return +(Math.ceil(value / step) * step).toPrecision(2);
  }

  epochs.attention.views.matrix = ({ text, select, detail }) => {
    const { tokenName, tokenTold, headName, index, shareAt, canvas: tools } = epochs.attention;
    const { box, base, over } = tools.sheet();
    const reading = h("p.att-view-reading");
    const note = h("p.stage-note");
    const foot = h("div.att-view-foot");
    const node = h("div.att-matrix", {}, box, reading, foot, note);
    let run = null, chosen = null, stack = null, exact = null, plan = null, drawn = "", painted = "", picture = null, keyed = "";
    let cursor = null;                           // [query, key] below the hand or the keyboard
    const ask = tools.asker(detail, () => draw());

    const query = (q) => tokenName(run, stack.queries, q, text);
    const key = (k) => tokenName(run, stack.keys, k, text);

    function layout(width) {
      const [tq, tk] = exact ? [exact.tq, exact.tk] : [stack.q, stack.k];
      const pen = base.getContext("2d");
      const { font } = tools.look(node);
      const size = (left, top) => {
        const cell = Math.min((width - left - 4) / tk, (TALLEST - top - 4) / tq, LARGEST);
        return cell >= 8 ? Math.floor(cell) : cell;
      };
      if (Math.max(tq, tk) <= NAMED) {
        pen.font = `12px ${font}`;
        const most = width >= 480 ? 120 : 76;
        const side = Array.from({ length: tq }, (_, q) => tools.short(pen, query(q), most));
        const head = Array.from({ length: tk }, (_, k) => tools.short(pen, key(k), most));
        const wide = (names) => Math.ceil(Math.max(...names.map((name) => pen.measureText(name).width))) + 8;
        const [left, top] = [wide(side), wide(head)];
        const cell = size(left, top);
        if (cell >= 11) return { tq, tk, cell, left, top, side, head, font };
      }
      return { tq, tk, cell: size(2, 2), left: 2, top: 2, side: [], head: [], font };
    }

    // One pixel a cell; until the exact map is here, the overview's, which may be coarser.
    function paint() {
      const table = tools.levels(run.colours);
      const [grey] = tools.pack([tools.MASKED]);
      if (exact) {
        const { tq, tk, p } = exact, masked = tools.masker(run, stack);
        return tools.cells(tq, tk, (pixels) => {
          for (let q = 0, i = 0; q < tq; q++) for (let k = 0; k < tk; k++, i++) pixels[i] = masked(q, k, p[i]) ? grey : table[tools.levelOf(p[i])];
        });
      }
      const n = stack.rows * stack.columns;
      const map = stack.maps.subarray(n * index(stack, chosen.layer, chosen.head), n * (index(stack, chosen.layer, chosen.head) + 1));
      const masked = tools.masker(run, stack, stack.rows, stack.columns);
      return tools.cells(stack.rows, stack.columns, (pixels) => map.forEach((level, i) => {
        pixels[i] = masked(Math.floor(i / stack.columns), i % stack.columns, level) ? grey : table[level];
      }));
    }

    function drawBase(width) {
      const { cell, left, top, side, head, tq, tk, font } = plan;
      const pen = tools.fit(base, width, plan.height);
      // Cells finer than the screen's pixels are averaged rather than dropped.
      pen.imageSmoothingEnabled = cell * tools.ratio() < 1;
      pen.drawImage(picture, left, top, tk * cell, tq * cell);
      const { ink, soft } = tools.look(node);
      pen.strokeStyle = soft;
      pen.lineWidth = 1;
      pen.strokeRect(left - 0.5, top - 0.5, tk * cell + 1, tq * cell + 1);
      pen.fillStyle = ink;
      pen.font = `12px ${font}`;
      pen.textBaseline = "middle";
      pen.textAlign = "right";
      side.forEach((name, q) => pen.fillText(name, left - 5, top + (q + 0.5) * cell));
      pen.textAlign = "left";
      head.forEach((name, k) => {
        pen.save();
        pen.translate(left + (k + 0.5) * cell, top - 5);
        if (tools.isUpright(name)) tools.stackUp(pen, name);
        else { pen.rotate(-Math.PI / 2); pen.fillText(name, 0, 0); }
        pen.restore();
      });
      if (head.length && cell < APART) drawRules(pen, head.length, soft);
    }

    // Names as close as the letters of a word are kept apart.
    function drawRules(pen, count, colour) {
      const { cell, left, top } = plan;
      pen.strokeStyle = colour;
      pen.globalAlpha = 0.35;
      pen.beginPath();
      for (let k = 0; k <= count; k++) { pen.moveTo(Math.round(left + k * cell) + 0.5, 4); pen.lineTo(Math.round(left + k * cell) + 0.5, top - 2); }
      pen.stroke();
      pen.globalAlpha = 1;
    }

    function drawOver() {
      const { cell, left, top, tq, tk } = plan;
      const pen = tools.fit(over, plan.width, plan.height);
      const frame = (x, y, w, t, thick, colour) => { pen.lineWidth = thick; pen.strokeStyle = colour; pen.strokeRect(x, y, w, t); };
      if (chosen.token >= 0 && chosen.token < tq)
        frame(left, top + chosen.token * cell, tk * cell, Math.max(2, cell), 1.5, tools.QUERY);
      if (cursor) {
        const [x, y, w] = [left + cursor[1] * cell, top + cursor[0] * cell, Math.max(3, cell)];
        frame(x, y, w, w, 4, "#fff");
        frame(x, y, w, w, 2, "#000");
      }
      reading.textContent = sentence();
    }

    function sentence() {
      if (!cursor) return text.matrix_hint;
      const [q, k] = cursor;
      const values = { query: tokenTold(run, stack.queries, q, text), key: tokenTold(run, stack.keys, k, text) };
      if (!exact) return fill(text.matrix_waiting, values);
      const p = shareAt(exact, q, k);
      if (tools.masker(run, stack)(q, k, p)) return fill(text.matrix_masked, values);
      return fill(exact.rounded > 1 ? text.matrix_reading_about : text.matrix_reading, { ...values, p: p === 0 ? "0%" : percent(p) });
    }

    function draw() {
      const width = box.clientWidth;
      if (!stack || !width) return;
      exact = ask(run, chosen);
      const now = `${tools.headKey(run, chosen)} ${Boolean(exact)}`;
      if (now !== painted) { painted = now; picture = paint(); }
      const sized = [now, width, tools.ratio(), tools.theme()].join(" ");
      if (sized !== drawn) {
        drawn = sized;
        plan = layout(width);
        plan.width = width;
        plan.height = Math.ceil(plan.top + plan.tq * plan.cell + 4);
        if (cursor && (cursor[0] >= plan.tq || cursor[1] >= plan.tk)) cursor = null;
        drawBase(width);
      }
      note.textContent = exact ? fill(text.matrix_rounded, { percent: above(exact.rounded), least: +(100 * exact.least).toPrecision(1) }) : text.matrix_loading;
      drawOver();
    }

    function show(nextRun, nextChosen) {
      [run, chosen] = [nextRun, { ...nextChosen }];
      stack = tools.stackOf(run, chosen);
      node.hidden = !stack;
      if (!stack) { drawn = painted = ""; plan = null; return; }
      const key = [run.run, chosen.stack].join(" ");
      if (key !== keyed) { keyed = key; foot.replaceChildren(...tools.keys(run, stack, text)); }
      over.setAttribute("aria-label", fill(text.matrix_label, { head: headName(stack, chosen.layer, chosen.head, text) }));
      draw();
    }

    const under = (event) => {
      if (!stack || !plan) return null;
      const [x, y] = tools.at(event, over);
      const [q, k] = [Math.floor((y - plan.top) / plan.cell), Math.floor((x - plan.left) / plan.cell)];
      return q >= 0 && k >= 0 && q < plan.tq && k < plan.tk ? [q, k] : null;
    };
    const move = (next) => {
      if (next?.[0] === cursor?.[0] && next?.[1] === cursor?.[1]) return;
      cursor = next;
      if (stack && plan) drawOver();
    };
    over.addEventListener("pointermove", (event) => move(under(event)));
    over.addEventListener("pointerdown", (event) => move(under(event)));
    over.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") move(null); });
    over.addEventListener("click", (event) => { const cell = under(event); if (cell) select({ token: cell[0] }); });
    over.addEventListener("keydown", (event) => {
      if (!stack || !plan) return;
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        if (cursor) select({ token: cursor[0] });
        return;
      }
      const step = tools.ARROWS[event.key];
      if (!step) return;
      event.preventDefault();
      const next = cursor ? [cursor[0] + step[0], cursor[1] + step[1]] : [Math.min(Math.max(0, chosen.token), plan.tq - 1), 0];
      if (next[0] < 0 || next[1] < 0 || next[0] >= plan.tq || next[1] >= plan.tk) return;
      move(next);
      epochs.say(reading.textContent);
    });
    tools.watch(box, draw);
    return { node, show };
  };
})();
