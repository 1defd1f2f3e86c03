// The strip under the slider: x_t through the decoder and what the network believes, at a few t.
"use strict";
(() => {
  const { h, fill } = epochs;
  const ROWS = ["sunk", "prompted", "unprompted"];

  // `move(t)` is called with the t of a column that is chosen.
  function strip(text, move) {
    const list = h("div.forward-strip", { role: "group", "aria-label": text.strip });
    const scroller = h("div.forward-scroller", {}, list);
    const edges = epochs.edges(scroller);
    const note = h("p.stage-note.forward-takeover");
    const node = h("div.forward-strip-box", {}, scroller, note);
    let columns = [], marked = null;

    const names = (value) => ({ sunk: text.sunk, prompted: value.conditional && value.settings.prompt ? text.prompted : text.believed, unprompted: text.unprompted });
    const rowsOf = (value) => ROWS.filter((row) => row !== "unprompted" || value.guided);
    // A belief needs noise, so the column of t = 0 has none.
    const uriOf = (value, row, i) => (row === "sunk" ? value.sunk[i] : i ? value[row][i - 1] : null);

    function show(value) {
      const rows = rowsOf(value);
      const said = names(value);
      list.style.setProperty("--forward-columns", value.stops.length);
      columns = value.stops.map((stop, i) => h("button.forward-column", { type: "button", "aria-label": fill(text.go, { t: stop }), onclick: () => move(stop),
        "data-after": value.takeover !== null && value.takeover !== undefined && stop >= value.takeover ? "" : null },
        h("span.forward-time", {}, String(stop)), rows.map((row) => {
          const uri = uriOf(value, row, i);
          return uri ? h("img", { src: uri, alt: "" }) : h("span.forward-blank", {}, row !== "sunk" && !i ? "" : "…");
        })));
      list.replaceChildren(h("div.forward-names.edges-held", {}, h("span.forward-time", {}, "t"), rows.map((row) => h("span.forward-name", {}, said[row]))), ...columns);
      note.textContent = value.takeover === undefined ? "" : value.takeover === null ? text.takeover_never
        : fill(value.conditional && value.settings.prompt ? text.takeover : text.takeover_free, { t: value.takeover, percent: Math.round(100 * value.takeover / value.length) });
    }

    const nearest = (value, time) => value.stops.reduce((best, stop, i) => (Math.abs(stop - time) < Math.abs(value.stops[best] - time) ? i : best), 0);
    function mark(place) {
      columns.forEach((column, i) => column.setAttribute("aria-pressed", i === place));
      if (place !== marked) edges.bring(columns[place]);   // not at every picture that arrives: a finger may be scrolling
      marked = place;
    }
    return { node, show, mark, nearest, rowsOf, uriOf, names };
  }
  Object.assign(epochs.forward ??= {}, { strip });
})();
