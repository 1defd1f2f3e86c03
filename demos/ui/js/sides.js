// What pages of a teacher and its student have alike: numbers as they are written, a colour for each, tiles, tables, chips.
"use strict";
epochs.sides = (() => {
  const { h } = epochs;
  const SIDES = ["teacher", "student"];

  const count = (v) => Math.round(v).toLocaleString("en");
  const milliseconds = (v) => (v < 10 ? v.toFixed(2) : v < 100 ? v.toFixed(1) : count(v));
  const millions = (v) => (v / 1e6 < 100 ? (v / 1e6).toFixed(2) : count(v / 1e6));

  // As the style sheet has them, for drawings that stand alone: the same in light and dark.
  const series = (n, otherwise) => () => getComputedStyle(document.documentElement).getPropertyValue(`--epochs-series-${n}`).trim() || otherwise;
  const colours = { teacher: series(1, "#5368e9"), student: series(5, "#af8e32"), control: series(3, "#2ba571") };

  // [[name, what is said, small print]] -> the children of a `dl.sides-tiles`.
  const tiles = (found) => found.map(([name, said, more]) => h("div.sides-tile", {}, h("dt", {}, name), h("dd", {}, said), h("dd.more", {}, more)));

  // A row: [its name, cell, ...]; what is no node or list of nodes is written as it is. `stacks`: on a phone each row is a
  // block of lines, each with its column's name; otherwise the table scrolls by itself.
  function table(caption, heads, rows, stacks = false) {
    const put = (cell) => [cell].flat().map((part) => (part instanceof Node ? part : String(part)));
    return h("div.sides-scroll" + (stacks ? ".stacks" : ""), {}, h("table.sides-table", {}, h("caption.sr-only", {}, caption),
      h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rows.map(([name, ...cells]) => h("tr", {}, h("th", { scope: "row" }, put(name)),
        cells.map((cell, i) => h("td", stacks ? { "data-label": heads[i + 1] } : {}, stacks ? h("span", {}, put(cell)) : put(cell))))))));
  }

  // Both models of a chip into the address at once: their pickers may be in a closed section, not on the page.
  // -> what the pickers hold then.
  function choose(demo, pair, teacher, student) {
    epochs.state.set(demo, "model", pair.teacher);
    epochs.state.set(demo, "student", pair.student);
    return [{ ...teacher, id: pair.teacher }, { ...student, id: pair.student }];
  }
  return { SIDES, count, milliseconds, millions, colours, tiles, table, choose };
})();
