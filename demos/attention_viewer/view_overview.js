// All heads of a stack as small maps: one picture, drawn once, and above it a sheet for frames and lines.
"use strict";
(() => {
  const { h, fill } = epochs;
  const TALLEST = 572, WIDEST = 110;             // of the whole picture; of one map
  const SHARES = ["previous", "next", "self", "sink", "induction"];
  const MARKS = { previous: "#5368e9", induction: "#c911cb", next: "#1d8a5c", self: "#8d6f16", sink: "#3a3f4b", broad: "#6c7284" };

  // Where each map stands. Sizes are whole device pixels, so that cells stay sharp.
  function layout(stack, width, ratio) {
    const wide = width >= 480;
    const [left, top] = wide ? [34, 20] : [18, 17];
    const gap = width / stack.heads >= 60 ? 4 : 2;
    const aspect = Math.min(1.5, Math.max(0.5, stack.q / stack.k));
    const most = Math.min(WIDEST, (width - left - gap * (stack.heads - 1) - 3) / stack.heads,
      (TALLEST - top - gap * (stack.layers - 1) - 3) / stack.layers / aspect);
    const whole = (size) => Math.max(3, Math.floor(size * ratio) / ratio);
    const [w, t] = [whole(most), whole(most * aspect)];
    const spare = width - left - 3 - stack.heads * (w + gap) + gap;
    const begin = left + Math.max(0, Math.floor(spare / 2));
    const x = (head) => begin + head * (w + gap), y = (layer) => top + layer * (t + gap);
    const hit = (px, py) => {
      const [head, layer] = [Math.floor((px - begin + gap / 2) / (w + gap)), Math.floor((py - top + gap / 2) / (t + gap))];
      return head >= 0 && layer >= 0 && head < stack.heads && layer < stack.layers ? { layer, head } : null;
    };
    return { wide, gap, w, t, x, y, hit, width, begin, top, height: Math.ceil(top + stack.layers * (t + gap) - gap + 3) };
  }

  // Every map side by side, one pixel a cell. Where a map has more cells than the screen has pixels for it,
  // each pixel is the largest of its cells: a thin diagonal would vanish otherwise. It is grey where a mask hides all of them.
  function atlas(stack, fold, table, grey, masked) {
    const [rows, columns] = [Math.ceil(stack.rows / fold), Math.ceil(stack.columns / fold)];
    const canvas = h("canvas", { width: stack.heads * columns, height: stack.layers * rows });
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    const most = new Int16Array(rows * columns);     // -1: masked
    for (let i = 0; i < stack.layers * stack.heads; i++) {
      const map = stack.maps.subarray(i * stack.rows * stack.columns, (i + 1) * stack.rows * stack.columns);
      most.fill(-1);
      for (let r = 0, from = 0; r < stack.rows; r++)
        for (let c = 0, row = Math.floor(r / fold) * columns; c < stack.columns; c++, from++) {
          const to = row + Math.floor(c / fold);
          if (map[from] > most[to] && !masked(r, c, map[from])) most[to] = map[from];
        }
      for (let k = 0; k < pixels.length; k++) pixels[k] = most[k] < 0 ? grey : table[most[k]];
      pen.putImageData(image, (i % stack.heads) * columns, Math.floor(i / stack.heads) * rows);
    }
    return { canvas, rows, columns };
  }

  epochs.attention.views.overview = ({ text, select }) => {
    const own = epochs.attention;
    const { headName, className, tokenTold, index, canvas: tools } = own;
    const { box, base, over } = tools.sheet();
    const reading = h("p.att-view-reading");
    const legend = h("div.att-view-legend");
    const line = h("span.att-view-key", { hidden: true });
    const blocks = h("p.stage-note", {}, text.note_blocks);      // of a long text, as long as its maps are on the stage
    const node = h("div.att-overview", {}, box, reading, h("div.att-view-foot", {}, line, legend), blocks);
    const atlases = new Map();
    let run = null, chosen = null, stack = null, plan = null, drawn = "", explained = "";
    let cursor = null;                           // the head below the hand or the keyboard

    const isOff = (layer, head) => own.isOff(run, stack, layer, head);
    const kindOf = (layer, head) => { const kind = stack.classes?.[index(stack, layer, head)]; return kind in MARKS ? kind : ""; };

    function sentence({ layer, head }) {
      const i = index(stack, layer, head);
      const value = (key) => stack.stats?.[key]?.[i];
      const told = SHARES.filter((key) => Number.isFinite(value(key)) && value(key) >= 0.1).sort((a, b) => value(b) - value(a)).slice(0, 3)
        .map((key) => fill(text[`overview_${key}`], { value: value(key).toFixed(2) }));
      if (Number.isFinite(value("entropy"))) told.push(fill(text.overview_entropy, { value: value("entropy").toFixed(1) }));
      if (Number.isFinite(value("distance"))) told.push(fill(text.overview_distance, { value: value("distance").toFixed(1) }));
      if (isOff(layer, head)) told.push(text.overview_off);
      const kind = kindOf(layer, head);
      const values = { head: headName(stack, layer, head, text), class: kind && className(text, kind), stats: told.join(text.overview_joint) };
      return fill(!told.length ? text.overview_reading_bare : kind ? text.overview_reading_class : text.overview_reading, values);
    }

    function sheetOf() {
      const pixels = tools.ratio();
      const fold = Math.max(1, Math.ceil(stack.columns / (plan.w * pixels)), Math.ceil(stack.rows / (plan.t * pixels)));
      const key = [run.key, chosen.stack, fold].join(" ");
      if (!atlases.has(key)) {
        if (atlases.size >= 6) atlases.delete(atlases.keys().next().value);
        atlases.set(key, atlas(stack, fold, tools.levels(run.colours), tools.pack([tools.MASKED])[0], tools.masker(run, stack, stack.rows, stack.columns)));
      }
      return atlases.get(key);
    }

    function drawBase() {
      const pen = tools.fit(base, plan.width, plan.height);
      const { ink, soft, font } = tools.look(node);
      const { canvas, rows, columns } = sheetOf();
      pen.imageSmoothingEnabled = false;
      pen.font = `12px ${font}`;
      pen.fillStyle = ink;
      pen.textBaseline = "middle";
      const [everyRow, everyColumn] = [Math.ceil(11 / plan.t), Math.ceil(15 / plan.w)];
      pen.textAlign = "center";
      for (let head = 0; head < stack.heads; head += everyColumn) pen.fillText(head + 1, plan.x(head) + plan.w / 2, plan.top / 2);
      pen.textAlign = "right";
      for (let layer = 0; layer < stack.layers; layer += everyRow) pen.fillText(layer + 1, plan.begin - 5, plan.y(layer) + plan.t / 2);
      if (plan.wide) {
        pen.font = `11px ${font}`;
        pen.fillStyle = soft;
        pen.fillText(text.overview_head, plan.begin - 5, plan.top / 2);
        pen.save();
        pen.textAlign = "center";
        pen.translate(plan.begin - 26, (plan.top + plan.height) / 2);
        if (tools.isUpright(text.overview_layer)) { pen.translate(0, 6 * text.overview_layer.length); tools.stackUp(pen, text.overview_layer); }
        else { pen.rotate(-Math.PI / 2); pen.fillText(text.overview_layer, 0, 0); }
        pen.restore();
      }
      for (let layer = 0; layer < stack.layers; layer++)
        for (let head = 0; head < stack.heads; head++) {
          const [x, y, off] = [plan.x(head), plan.y(layer), isOff(layer, head)];
          pen.globalAlpha = off ? 0.3 : 1;
          pen.drawImage(canvas, head * columns, layer * rows, columns, rows, x, y, plan.w, plan.t);
          pen.globalAlpha = 1;
          if (off) cross(pen, x, y, soft);
          else if (kindOf(layer, head)) mark(pen, x, y, kindOf(layer, head), font);
        }
    }

    function cross(pen, x, y, colour) {
      pen.strokeStyle = colour;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.moveTo(x, y); pen.lineTo(x + plan.w, y + plan.t);
      pen.moveTo(x + plan.w, y); pen.lineTo(x, y + plan.t);
      pen.stroke();
    }

    // In the upper right corner, which is empty where a mask hides what comes later.
    function mark(pen, x, y, kind, font) {
      const r = Math.min(8, Math.max(3, plan.w * 0.14));
      const [cx, cy] = [x + plan.w - r - 1.5, y + r + 1.5];
      pen.fillStyle = MARKS[kind];
      pen.strokeStyle = "#fff";
      pen.lineWidth = 1;
      pen.beginPath();
      pen.arc(cx, cy, r, 0, 2 * Math.PI);
      pen.fill();
      pen.stroke();
      if (r < 6) return;
      pen.font = `bold ${Math.round(1.4 * r)}px ${font}`;
      pen.fillStyle = "#fff";
      pen.textAlign = "center";
      pen.fillText(text[`overview_mark_${kind}`], cx, cy + 0.5);
    }

    function drawOver() {
      const pen = tools.fit(over, plan.width, plan.height);
      const { ink, accent } = tools.look(node);
      if (chosen.token >= 0 && chosen.token < stack.q) {
        const tall = plan.t / stack.q;
        const from = tall * chosen.token;
        pen.fillStyle = pen.strokeStyle = tools.QUERY;
        pen.lineWidth = 1;
        for (let layer = 0; layer < stack.layers; layer++)
          for (let head = 0; head < stack.heads; head++) {
            const [x, y] = [plan.x(head), plan.y(layer) + from];
            if (tall >= 5) pen.strokeRect(x + 0.5, y + 0.5, plan.w - 1, tall - 1);   // around the cells, which stay to be read
            else pen.fillRect(x, y + Math.max(0, tall / 2 - 0.5), plan.w, 1);
          }
      }
      const frame = ({ layer, head }, colour, thick) => {
        pen.strokeStyle = colour;
        pen.lineWidth = thick;
        pen.strokeRect(plan.x(head) - thick / 2, plan.y(layer) - thick / 2, plan.w + thick, plan.t + thick);
      };
      if (chosen.layer < stack.layers && chosen.head < stack.heads) frame(chosen, accent, plan.gap >= 4 ? 3 : 2);
      if (cursor) frame(cursor, ink, 1.5);
      reading.textContent = sentence(cursor || chosen);
    }

    // Of each name that is marked, how many heads have it.
    function counts() {
      const count = {};
      for (let layer = 0; layer < stack.layers; layer++)
        for (let head = 0; head < stack.heads; head++) { const kind = !isOff(layer, head) && kindOf(layer, head); if (kind) count[kind] = (count[kind] || 0) + 1; }
      return Object.fromEntries(Object.keys(MARKS).filter((kind) => count[kind]).map((kind) => [kind, count[kind]]));
    }

    function explain() {
      legend.replaceChildren(...Object.entries(counts()).map(([kind, n]) => h("span.att-view-key", {},
        h("span.att-view-dot", { "aria-hidden": true, style: `background:${MARKS[kind]}` }, text[`overview_mark_${kind}`]),
        fill(text.overview_key, { class: className(text, kind), n }))), ...tools.keys(run, stack, text));
    }

    function draw() {
      const width = box.clientWidth;
      if (!stack || !width) return;
      const key = [run.key, chosen.stack, width, tools.ratio(), tools.theme()].join(" ");
      if (key !== drawn) {
        drawn = key;
        plan = layout(stack, width, tools.ratio());
        if (cursor && (cursor.layer >= stack.layers || cursor.head >= stack.heads)) cursor = null;
        drawBase();
      }
      drawOver();
    }

    function show(nextRun, nextChosen) {
      [run, chosen] = [nextRun, nextChosen];
      stack = tools.stackOf(run, chosen);
      node.hidden = !stack;
      if (!stack) { drawn = explained = ""; return; }
      const key = [run.run, chosen.stack].join(" ");
      if (key !== explained) { explained = key; explain(); }
      blocks.hidden = !stack.pooled;
      over.setAttribute("aria-label", fill(text.overview_label, { layers: stack.layers, heads: stack.heads, head: headName(stack, chosen.layer, chosen.head, text) }));
      line.hidden = !(chosen.token >= 0 && chosen.token < stack.q);
      if (!line.hidden) line.replaceChildren(h("span.att-view-line", { "aria-hidden": true, style: `border-color:${tools.QUERY}` }),
        fill(text.overview_query, { token: tokenTold(run, stack.queries, chosen.token, text) }));
      draw();
    }

    const move = (next) => {
      if (next?.layer === cursor?.layer && next?.head === cursor?.head) return;
      cursor = next;
      if (stack && plan) drawOver();
    };
    const under = (event) => (stack && plan ? plan.hit(...tools.at(event, over)) : null);
    over.addEventListener("pointermove", (event) => { const next = under(event); over.style.cursor = next ? "pointer" : ""; move(next); });
    over.addEventListener("pointerleave", () => move(null));
    over.addEventListener("click", (event) => { const next = under(event); if (next) select(next); });
    over.addEventListener("focus", () => { if (stack && over.matches(":focus-visible")) move({ layer: chosen.layer, head: chosen.head }); });
    over.addEventListener("blur", () => move(null));
    over.addEventListener("keydown", (event) => {
      if (!stack || !plan) return;
      const from = cursor || chosen;
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); select({ layer: from.layer, head: from.head }); return; }
      const step = tools.ARROWS[event.key];
      if (!step) return;
      event.preventDefault();
      const [layer, head] = [from.layer + step[0], from.head + step[1]];
      if (layer < 0 || head < 0 || layer >= stack.layers || head >= stack.heads) return;
      move({ layer, head });
      epochs.say(reading.textContent);
    });
    tools.watch(box, draw);
    // What a drawing to take along shows beside the maps.
    const shot = () => ({ isOff, kindOf, counts, marks: MARKS });
    return { node, show, shot };
  };
})();
