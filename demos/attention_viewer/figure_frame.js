// What stands around a drawing to take along, so that it stands alone on a slide: what was read and by which model, what
// it was computed without, and how to read the colours.
"use strict";
(() => {
  const own = epochs.attention;
  const { h, fill, sheet: { line, small, short, clean, FONT } } = epochs;
  const [EDGE, HIGH, LEAST, DRAWN_FROM] = [14, 18, 420, 44];    // pixels; where the sheets' own drawings begin
  const [MOST_LETTERS, MOST_NAMES, THUMB] = [300, 12, 56];
  const SCALED = ["overview", "matrix", "alignment"];            // their colours go by the share, from 0 to 100%
  const pen = h("canvas").getContext("2d");

  const wide = (words, size = 13, weight = "") => { pen.font = `${weight} ${size}px ${FONT}`; return pen.measureText(words).width; };

  // Lines of at most so many pixels; Chinese may break anywhere, but not before a mark that closes.
  function wrap(words, most, size = 13) {
    const lines = [""];
    for (const piece of clean(words).match(/[\u3000-\uffff][\u3001\u3002\uff0c\uff1a\uff1b\uff09\u201d]*|[^\s\u3000-\uffff]+\s*|\s+/g) || []) {
      if (lines.at(-1) && wide(lines.at(-1) + piece.trimEnd(), size) > most) lines.push("");
      lines.push(lines.pop() + piece);
    }
    return lines;
  }

  // What the run went without, by name: whole layers as one.
  function takenAway(run, text) {
    const named = (stack, what) => own.ofStack(run, stack.name, what, text);
    const { off, hidden } = run.asked;
    const heads = run.stacks.flatMap((stack) => Array.from({ length: stack.layers }, (_, layer) => {
      const gone = off.filter(([name, at]) => name === stack.name && at === layer);
      return gone.length === stack.heads ? [named(stack, fill(text.switch_whole_layer, { layer: layer + 1 }))]
        : gone.map(([, , head]) => named(stack, own.headName(stack, layer, head, text)));
    }).flat());
    const all = [...heads, ...hidden.map((place) => fill(text.switch_hidden, { n: place + 1, token: own.tokenTold(run, "source", place, text) }))];
    return [...all.slice(0, MOST_NAMES), ...(all.length > MOST_NAMES ? ["…"] : [])].join(text.words_map_joint);
  }

  function told({ run, view, stack, map, text }) {
    const { asked, grown, tokens } = run;
    const gone = takenAway(run, text);
    const letters = (words) => short(words, MOST_LETTERS);
    return [asked.text && fill(text.figure_text, { text: letters(asked.text) }),
      grown && fill(text.figure_own, { n: grown, text: letters(own.panel.sentence(tokens.source.slice(-grown)).trim()) }),
      run.written && fill(text.figure_translation, { text: letters(run.written) }),
      gone && fill(text.figure_without, { list: gone }),
      { overview: text[run.kind === "vision" ? "figure_axes_picture" : "figure_axes"], matrix: text.figure_rows, alignment: text.figure_rows, arcs: text.note_arcs,
        picture: text.figure_stretched }[view], SCALED.includes(view) && (view === "overview" ? stack.pooled : map.blocks) && text.note_blocks].filter(Boolean);
  }

  // Coloured by the root of the share, as on the page; below it the grey of what a mask hides.
  function scale(run, y, isMasked, text) {
    const WIDE = 220, step = WIDE / run.colours.length, from = EDGE + wide(text.figure_scale) + 20;
    return [line(EDGE, y + 10, text.figure_scale), ...run.colours.map((fill, i) => h("rect", { x: from + i * step, y, width: step + 0.5, height: 12, fill })),
      ...[0, 0.01, 0.1, 0.5, 1].map((p) => line(from + WIDE * Math.sqrt(p), y + 26, `${100 * p}%`, { "font-size": 11, "text-anchor": "middle" })),
      ...(isMasked ? [h("rect", { x: from, y: y + 36, width: 18, height: 12, fill: own.canvas.MASKED }), line(from + 26, y + 47, text.masked_key)] : [])];
  }

  // ({run, view, map, text}, a sheet) -> {width, height, title, children}.
  own.framed = (on, sheet) => {
    const { run, view, map, text } = on;
    const caption = `${sheet.title} · ${run.name}`;
    const width = Math.ceil(Math.max(sheet.width, LEAST, 2 * EDGE + wide(caption, 15, "600")));
    const thumb = run.kind === "vision" && view !== "picture";
    const lines = told(on).flatMap((words) => wrap(words, width - 2 * EDGE));
    const below = 34 + HIGH * lines.length + (thumb ? THUMB + 12 : 0);
    const shift = Math.max(0, below - DRAWN_FROM + 10), end = sheet.height + shift, isScaled = SCALED.includes(view);
    const isMasked = own.canvas.masker(run, map.stack).any, foot = end + (isScaled ? (isMasked ? 70 : 44) : 0);
    return { width, height: foot, title: sheet.title, children: [
      line(EDGE, 24, caption, { "font-weight": 600, "font-size": 15 }),
      ...lines.map((words, n) => line(EDGE, 46 + HIGH * n, words)),
      ...(thumb ? [h("image", { x: EDGE, y: below - THUMB - 6, width: THUMB, height: THUMB, href: run.picture, style: "image-rendering:pixelated" }),
        line(EDGE + THUMB + 10, below - THUMB / 2 - 2, text.figure_picture)] : []),
      h("g", { transform: `translate(0 ${shift})` }, ...sheet.body),
      ...(isScaled ? scale(run, end - 18, isMasked, text) : []),
      small(EDGE, foot - 10, "Epochs")] };
  };
  Object.assign(own, { wrap, wide });
})();
