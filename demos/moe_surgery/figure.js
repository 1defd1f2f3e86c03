// The figure to take along: every token's loss before and after, what comes next, both continuations; a row a token.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const W = 820, LEFT = 20, PANEL = 120, MOST = 90;
  const PLAIN = "#5368e9", OPERATED = "#d23a2e";

  epochs.surgery = Object.assign(epochs.surgery || {}, { figure(run, ranked, text) {
    const { line, small, short, write } = epochs.sheet, { signed, nats } = epochs.surgery;
    const { opening, settings, points } = run, { tokens, plain, operated } = opening;
    const told = epochs.surgery.told(epochs.surgery.parse(settings.ops, opening.shape), opening.shape, text);
    const shown = tokens.slice(0, MOST), wide = (W - 2 * LEFT) / Math.max(12, shown.length), high = Math.max(1, ...plain.nats.map((v) => v ?? 0), ...operated.nats.map((v) => v ?? 0));
    const bar = (v, x, colour) => (v === null ? [] : [h("rect", { x, y: 70 + PANEL * (1 - Math.max(0, v) / high), width: Math.max(1, wide / 2 - 1), height: Math.max(0.5, PANEL * Math.max(0, v) / high), fill: colour })]);
    const columns = shown.flatMap((token, place) => {
      const x = LEFT + place * wide;
      return [...bar(plain.nats[place], x, PLAIN), ...bar(operated.nats[place], x + wide / 2, OPERATED),
        h("text", { x: 0, y: 0, "font-size": Math.min(12, Math.max(7, wide - 2)), fill: "#1d1d1f", transform: `translate(${x + wide / 2} ${76 + PANEL}) rotate(60)` }, short(epochs.tokens.show(token), 14))];
    });
    const top = 70 + PANEL + 110;
    const bars = opening.next.slice(0, 8).flatMap((row, place) => {
      const y = top + 22 + 30 * place;
      return [line(LEFT, y + 14, short(epochs.tokens.answer(row.text), 18), { "font-weight": 600 }), ...["plain", "operated"].flatMap((side, at) =>
        [h("rect", { x: 190, y: y + 12 * at, width: Math.max(0.5, 420 * row[side]), height: 10, fill: at ? OPERATED : PLAIN }), small(200 + 420 * row[side], y + 9 + 12 * at, percent(row[side]))])];
    });
    const below = top + 40 + 30 * Math.min(8, opening.next.length);
    const written = ["plain", "operated"].map((side) => epochs.tokens.join(points.map((point) => point[side]).filter(Boolean)));
    const wrap = (words) => { const all = [...epochs.sheet.clean(words)], rows = []; while (all.length) rows.push(all.splice(0, 110).join("")); return rows.slice(0, 4); };
    let y = below;
    const lines = ["plain", "operated"].flatMap((side, at) => {
      const rows = wrap(written[at]);
      const found = rows.length ? [line(LEFT, y, text[side], { "font-weight": 600, fill: at ? OPERATED : PLAIN }), ...rows.map((row, n) => line(LEFT, y + 18 * (n + 1), row, { "font-size": 12 }))] : [];
      y += rows.length ? 18 * (rows.length + 1) + 8 : 0;
      return found;
    });
    const height = y + 34, lead = plain.mean === null ? text.no_loss : fill(text.lead, { plain: nats(plain.mean), operated: nats(operated.mean), more: signed(operated.mean - plain.mean) });
    const svg = write({ width: W, height, title: text.stage, desc: (run.words || []).join(" ") },
      line(LEFT, 26, short(`${settings.name} \u00b7 ${told}`, 110), { "font-weight": 600 }), line(LEFT, 48, lead), ...columns,
      line(LEFT, top + 8, text.next, { "font-weight": 600 }), ...bars, ...lines,
      small(LEFT, height - 12, `Epochs \u00b7 ${run.date} \u00b7 ${opening.device}`));
    const rows = tokens.map((token, place) => ({ token: place + 1, text: token.text, nats_plain: plain.nats[place], nats_operated: operated.nats[place] }));
    return { name: "epochs-moe-surgery", svg, rows, record: { demo: "moe_surgery", ...settings, operation: told, state: run.state, date: run.date, words_said: run.words, ...opening,
      continuations: { plain: points.map((point) => point.plain), operated: points.map((point) => point.operated) }, written, ranking: ranked } };
  } });
})();
