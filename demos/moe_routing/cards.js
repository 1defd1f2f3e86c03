// Below the grid: the load of a layer's experts with the room they may be given, and the card about one expert.
"use strict";
epochs.moeRouting = {};
(() => {
  const { h, fill, percent } = epochs;
  const own = epochs.moeRouting, routes = epochs.routes;
  const ROOM = 1.25;                             // the scale goes at least so far beyond an even share

  own.card = (title, ...children) => h("section.mix-card", { "aria-label": title }, h("h3.mix-heading", {}, title), ...children);
  own.sum = (values) => values.reduce((all, v) => all + v, 0);
  own.badge = (badge) => badge && h("span.badge." + badge.kind, { title: badge.detail }, badge.label);

  // `select(change)`: an expert or another limit was chosen; `factors`: the slider's ends.
  own.load = ({ text, select, factors, demo, live }) => {
    const [low, high] = factors, none = high + 0.05;
    const bars = h("div.mix-load-bars"), even = h("span.mix-line"), cap = h("span.mix-line.mix-cap", { hidden: true });
    const said = h("p.mix-said", { role: "status" }), turned = h("p.mix-said", { role: "status" }), ownLimit = h("p.mix-said");
    const shown = h("output", { for: `${demo}-capacity` });
    const range = h("input", { type: "range", id: `${demo}-capacity`, min: low, max: none.toFixed(2), step: 0.05, value: none.toFixed(2),
      oninput: () => select({ factor: +range.value > high ? null : +range.value }) });
    const stop = epochs.roving(bars);
    const node = own.card(text.load, h("p.mix-note", {}, own.badge(live), text.load_note), h("div.mix-load", {}, bars, h("div.mix-lines", {}, even, cap)), said,
      h("div.stage-tools.mix-capacity", {}, h("label", { for: `${demo}-capacity` }, text.capacity), range, shown), turned, ownLimit, h("p.mix-note", {}, text.capacity_note));

    function show({ run, at, expert, factor, limits }) {
      const counts = routes.counts(run, at), total = own.sum(counts), share = 1 / counts.length, limit = limits?.[at];
      const top = Math.max(ROOM * share, limit ? 1.1 * limit.capacity / total : 0, ...counts.map((n) => n / total)) * 1.04;
      const place = (v) => `${(100 * v / top).toFixed(2)}%`;
      epochs.redraw(bars, ...counts.map((count, one) => h("button.mix-load-bar", { type: "button", "aria-pressed": expert === one, onclick: () => select({ expert: expert === one ? -1 : one }),
        "aria-label": fill(text.load_bar, { expert: one + 1, count, total, share: percent(count / total) }), title: fill(text.load_bar, { expert: one + 1, count, total, share: percent(count / total) }) },
        h("span.mix-load-track", {}, h("i", { style: `height:${place(count / total)};background:${run.colours[one]}` }),
          limit && count > limit.taken[one] ? h("u", { style: `bottom:${place(limit.taken[one] / total)};height:${place((count - limit.taken[one]) / total)}` }) : null),
        h("b", {}, String(one + 1)))));
      bars.classList.toggle("many", counts.length > 12);
      stop(bars.children[Math.max(0, expert)]);
      even.style.bottom = place(share);
      even.replaceChildren(h("span", {}, fill(text.load_even, { share: percent(share) })));
      cap.hidden = !limit;
      if (limit) cap.style.bottom = place(limit.capacity / total);
      const most = Math.max(...counts), busy = counts.indexOf(most);
      said.textContent = fill(text.load_said, { n: run.length - run.marks, total, expert: busy + 1, share: percent(most / total), ratio: (most / total / share).toFixed(2), idle: counts.filter((n) => !n).length, experts: counts.length });
      range.value = factor ?? none;
      shown.textContent = factor === null ? text.capacity_none : fill(text.capacity_some, { factor: factor.toFixed(2), capacity: limit.capacity });
      range.setAttribute("aria-valuetext", shown.textContent);
      turned.textContent = limit ? fill(text.capacity_said, { turned: limit.turned, total, all: own.sum(limits.map((one) => one.turned)), whole: own.sum(run.layers.map((_, layer) => own.sum(routes.counts(run, layer)))) }) : "";
      turned.hidden = !limit;
      const itself = own.sum(run.layers.map(({ dropped }) => (dropped ? own.sum([...dropped]) : 0)));
      ownLimit.hidden = !itself;
      ownLimit.textContent = fill(text.capacity_own, { n: itself });
    }
    return { node, show };
  };

  // One expert: what it read of the text, what it reads most in a corpus.
  own.follow = ({ text, select }) => {
    const body = h("div.mix-follow"), node = own.card(text.follow, body);
    let tokens = null;

    function favourites({ run, at, expert, corpus }) {
      if (!run.pocket) return [h("p.mix-note", {}, text.follow_missing)];
      if (!corpus) return [];
      const found = corpus.favourites?.layers[at]?.[expert];
      if (!found) return [h("p.mix-note", {}, text.unmeasured)];
      const title = h("h4.mix-small", {}, fill(text.follow_favourites, { n: corpus.favourites.tokens.toLocaleString("en") }), own.badge(corpus.badge));
      if (!found.length) return [title, h("p.mix-note", {}, text.follow_favourites_none)];
      return [title, h("ul.mix-favourites", {}, found.map(([word, here, count]) => {
        const shown = epochs.tokens.answer(word);
        return h("li", { "aria-label": fill(text.follow_favourite_label, { token: epochs.tokens.isolate(shown), here: here.toLocaleString("en"), count: count.toLocaleString("en") }) },
          h("b", { dir: "auto" }, shown), h("span.mix-track", {}, h("i", { style: `width:${(100 * here / count).toFixed(1)}%;background:${run.colours[expert]}` })),
          h("span", {}, fill(text.follow_favourite, { share: percent(here / count), count: count.toLocaleString("en") })));
      })), h("p.mix-note", {}, text.follow_note)];
    }
    function show(state) {
      const { run, at, token, expert } = state;
      if (expert < 0) { body.replaceChildren(h("p.mix-note", {}, text.follow_none)); tokens = null; return; }
      const mine = routes.own(run).filter((place) => routes.has(run, at, place, expert));
      const chips = mine.map((place) => {
        const { weight } = routes.chosen(run, at, place).find((one) => one.expert === expert);
        const label = fill(text.follow_yours_token, { token: routes.told(run, place), weight: percent(weight) });
        return h("button.mix-token", { type: "button", dir: "auto", title: label, "aria-label": label, "aria-pressed": place === token, style: `--mix-colour:${run.colours[expert]};--mix-weight:${Math.min(1, weight).toFixed(3)}`, onclick: () => select({ token: place }) }, routes.nameOf(run, place));
      });
      tokens = h("div.mix-tokens", { role: "group", "aria-label": text.follow_yours }, chips);
      epochs.redraw(body, h("div.mix-follow-head", {}, h("span.mix-number", { style: `background:${run.colours[expert]};color:${routes.ink(run.colours[expert])}` }, String(expert + 1)),
        h("strong", {}, fill(text.follow_title, { expert: expert + 1, layer: run.layers[at].layer + 1 })), h("button.small", { type: "button", onclick: () => select({ expert: -1 }) }, text.follow_close)),
        h("h4.mix-small", {}, text.follow_yours), mine.length ? tokens : null,
        h("p.mix-note", {}, mine.length ? fill(text.follow_said, { n: mine.length, all: run.length - run.marks }) : text.follow_yours_none), ...favourites(state));
      epochs.roving(tokens)();
    }
    return { node, show };
  };
})();
