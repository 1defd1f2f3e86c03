// The labels by probability, each bar with a mark where the untouched picture stood.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const own = (epochs.robustness ??= {});
  const FEW = 6;

  own.order = ({ probabilities: p, cosines: c }) => [...p.keys()].sort((a, b) => p[b] - p[a] || c[b] - c[a] || a - b);

  own.makeRanking = (text) => {
    const list = h("ol.ranking.spoilt-ranking", { "aria-label": text.ranking });
    const more = h("button.link", { type: "button", "aria-expanded": false, onclick: () => { open = !open; draw(run, after); } });
    const axis = h("p.axis", {}, h("span"), h("span", {}, text.axis_before));
    const node = h("div.ranking-box", {}, axis, list, more);
    let open = false, run = null, after = null, rows = [], shownRun = null;

    function makeRows() {
      shownRun = run.run;
      axis.firstChild.textContent = text["axis_" + run.scoring];
      rows = run.labels.map((label, i) => {
        const parts = { place: h("span.place"), fill: h("span.bar-fill"), value: h("span.p"), shift: h("span.shift") };
        const before = percent(run.probabilities[i]);
        const ghost = h("span.ghost", { title: fill(text.before_mark, { percent: before }), style: `left:${100 * run.probabilities[i]}%` });
        const row = h("li.row", {}, parts.place, h("span.name", { dir: "auto", title: label }, label),
          h("span.bar", {}, parts.fill, ghost), parts.value, h("span.sr-only", {}, fill(text.before_mark, { percent: before })), parts.shift);
        return { row, ...parts };
      });
      list.replaceChildren(...rows.map((r) => r.row));
    }

    // run: the untouched picture's scores; now: those of the picture as it is.
    function draw(newRun, now) {
      [run, after] = [newRun, now];
      if (shownRun !== run.run) makeRows();
      const first = own.order(run), ranking = own.order(now), winner = first[0];
      ranking.forEach((i, place) => {
        const r = rows[i], moved = first.indexOf(i) - place;
        r.row.className = "row" + (place === 0 ? " first" : "") + (i === winner ? " winner" : "");
        // The untouched picture's first stays in sight, wherever it has fallen.
        r.row.hidden = !open && place >= FEW && i !== winner;
        r.place.textContent = place + 1;
        r.fill.style.transform = `scaleX(${now.probabilities[i]})`;
        r.value.textContent = percent(now.probabilities[i]);
        r.shift.textContent = moved ? (moved > 0 ? "▲" : "▼") + Math.abs(moved) : "";
        r.shift.className = "shift" + (moved > 0 ? " up" : moved < 0 ? " down" : "");
        r.shift.setAttribute("aria-label", moved ? fill(moved > 0 ? text.up : text.down, { n: Math.abs(moved) }) : "");
        if (list.children[place] !== r.row) list.insertBefore(r.row, list.children[place] || null);
      });
      more.hidden = rows.length <= FEW;
      more.textContent = fill(open ? text.show_few : text.show_all, { n: open ? FEW : rows.length });
      more.setAttribute("aria-expanded", open);
      list.dataset.run = run.run;
    }
    return { node, draw };
  };
})();
