// One head as lines between two lists: queries on the left, keys on the right.
"use strict";
(() => {
  const { h, fill, redraw } = epochs;
  const WINDOW = 80, LEAST = 0.02;               // tokens shown at once; no line for a smaller share
  const coarse = matchMedia("(pointer: coarse)");

  epochs.attention.views.arcs = ({ text, select, detail }) => {
    const { tokenName, tokenTold, headName, queryOf, level, p: shareOf, shareAt, roughly, canvas: tools } = epochs.attention;
    const earlier = h("button.small", { type: "button", onclick: () => move(-WINDOW / 2) }, text.arcs_earlier);
    const later = h("button.small", { type: "button", onclick: () => move(WINDOW / 2) }, text.arcs_later);
    const places = h("span.att-arcs-places", { role: "status" });
    const bar = h("div.att-arcs-window", { hidden: true }, earlier, places, later);
    const reading = h("p.att-view-reading");
    const list = (side) => h("div.att-arcs-list", { role: "group", "aria-label": text[`arcs_${side}`], "data-side": side });
    const lists = { queries: list("queries"), keys: list("keys") };
    const lines = h("canvas.att-arcs-lines", { "aria-hidden": true });
    const middle = h("div.att-arcs-middle", {}, lines);
    const body = h("div.att-arcs-body", {}, lists.queries, middle, lists.keys);
    const titles = h("div.att-arcs-titles", { "aria-hidden": true }, h("span", {}, text.arcs_queries), h("span", {}), h("span", {}, text.arcs_keys));
    const node = h("div.att-arcs", { role: "group" }, bar, titles, body, reading);

    let run = null, chosen = null, stack = null, exact = null;
    let first = 0;                               // where the window begins, counted on the longer side
    let listed = "", seen = "", rows = { queries: [], keys: [] }, high = 34;
    let hovered = null, focused = null;          // { side, place }: the token whose lines are alone
    const ask = tools.asker(detail, () => draw());

    const longest = () => Math.max(stack.q, stack.k);
    // The shorter side's window begins in proportion.
    const begin = (n) => (n <= WINDOW ? 0 : Math.round(first * (n - WINDOW) / (longest() - WINDOW)));
    const windows = () => ({ queries: [begin(stack.q), Math.min(stack.q, WINDOW)], keys: [begin(stack.k), Math.min(stack.k, WINDOW)] });
    const side = (which) => (which === "queries" ? stack.queries : stack.keys);
    const name = (which, place) => tokenName(run, side(which), place, text);
    const told = (which, place) => tokenTold(run, side(which), place, text);

    function share(q, k) {                       // from the overview until the exact map is here
      if (exact) return q < exact.tq && k < exact.tk ? shareAt(exact, q, k) : 0;
      if (stack.pooled) return 0;
      return shareOf(level(stack, chosen.layer, chosen.head, q, k));
    }
    const said = (p) => (exact || p === 0 ? tools.share(p) : roughly(p));
    const picked = () => (chosen.token >= 0 && chosen.token < stack.q ? { side: "queries", place: chosen.token } : null);
    const alone = () => hovered || focused;

    function row(which, place) {
      const special = run.tokens?.[side(which)]?.[place]?.special;
      return h(`button.att-arcs-token${special ? ".special" : ""}`, { type: "button", tabindex: "-1", "data-place": place, title: name(which, place),
        "aria-pressed": which === "queries" ? false : undefined }, h("span.att-arcs-name", { dir: "auto" }, name(which, place)), h("span.att-arcs-share"));
    }

    function makeRows() {
      const shown = windows();
      const key = [run.key, chosen.stack, shown.queries, shown.keys, coarse.matches].join(" ");
      if (key === listed) return;
      listed = key;
      hovered = focused = null;
      const count = Math.max(shown.queries[1], shown.keys[1]);
      high = coarse.matches ? 44 : count > 20 ? 26 : 34;
      body.style.setProperty("--att-row", `${high}px`);
      for (const which of ["queries", "keys"]) {
        const [from, n] = shown[which];
        redraw(lists[which], ...Array.from({ length: n }, (_, i) => row(which, from + i)));
        rows[which] = [...lists[which].children];
        const stop = which === "queries" && picked() ? chosen.token - from : 0;
        (rows[which][stop] || rows[which][0]).tabIndex = 0;
      }
      bar.hidden = longest() <= WINDOW;
      if (bar.hidden) return;
      const [from, n] = stack.q >= stack.k ? shown.queries : shown.keys;
      places.textContent = fill(text.arcs_window, { first: from + 1, last: from + n, n: longest() });
      earlier.disabled = first <= 0;
      later.disabled = first >= longest() - WINDOW;
    }

    function drawLines() {
      const width = middle.clientWidth;
      const shown = windows();
      if (!width) return;
      const pen = tools.fit(lines, width, high * Math.max(shown.queries[1], shown.keys[1]));
      pen.strokeStyle = tools.look(node).accent;
      pen.lineCap = "round";
      const [only, mine] = [alone(), picked()];
      const [[q0, nq], [k0, nk]] = [shown.queries, shown.keys];
      const draw = (q, strength) => {
        for (let k = k0; k < k0 + nk; k++) {
          if (only?.side === "keys" && only.place !== k) continue;
          const p = share(q, k);
          if (p < LEAST) continue;
          const [from, to] = [(q - q0 + 0.5) * high, (k - k0 + 0.5) * high];
          pen.globalAlpha = strength * Math.min(1, 0.12 + 0.88 * p);
          pen.lineWidth = 0.75 + 2.75 * p;
          pen.beginPath();
          pen.moveTo(0, from);
          pen.bezierCurveTo(width * 0.35, from, width * 0.65, to, width, to);
          pen.stroke();
        }
      };
      if (only?.side === "queries") draw(only.place, 1);
      else for (let q = q0; q < q0 + nq; q++) if (only || q !== mine?.place) draw(q, only || !mine ? 1 : 0.3);
      if (!only && mine) { if (mine.place >= q0 && mine.place < q0 + nq) draw(mine.place, 1); }
    }

    // Beside the other side's tokens: what the one that is alone, or else the chosen one, gives or gets.
    function drawShares() {
      const now = alone() || picked();
      const known = Boolean(exact) || !stack.pooled;
      for (const which of ["queries", "keys"]) rows[which].forEach((item) => {
        const place = +item.dataset.place;
        const p = !now || !known || now.side === which ? null : which === "keys" ? share(now.place, place) : share(place, now.place);
        item.style.setProperty("--att-p", p === null ? "0%" : `${(100 * p).toFixed(1)}%`);
        item.lastChild.textContent = p === null ? "" : said(p);
        item.classList.toggle("now", now?.side === which && now.place === place);
        if (which === "queries") item.setAttribute("aria-pressed", place === chosen.token);
      });
      reading.textContent = !known ? text.arcs_loading : now ? sentence(now) : text.arcs_hint;
    }

    function sentence({ side: which, place }) {
      const other = which === "queries" ? "keys" : "queries";
      const n = which === "queries" ? stack.k : stack.q;
      const p = Array.from({ length: n }, (_, i) => (which === "queries" ? share(place, i) : share(i, place)));
      const best = [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, 3).filter((i) => p[i] >= 0.005);
      const parts = best.map((i) => fill(text.arcs_item, { token: told(other, i), p: said(p[i]) }));
      return fill(!parts.length ? text.arcs_reading_nothing : which === "queries" ? text.arcs_reading_query : text.arcs_reading_key,
        { token: told(which, place), list: parts.join(text.arcs_joint) });
    }

    function draw() {
      if (!stack || !node.clientWidth) return;
      exact = ask(run, chosen);
      makeRows();
      drawLines();
      drawShares();
    }

    function centre() {                          // the token that looks into the window
      const [from, n] = windows().queries, query = queryOf(stack, chosen);
      if (query >= from && query < from + n) return;
      const start = Math.min(Math.max(0, query - WINDOW / 2), stack.q - WINDOW);
      first = Math.round(start * (longest() - WINDOW) / (stack.q - WINDOW));
    }

    function move(by) {
      if (!stack || longest() <= WINDOW) return;
      first = Math.min(Math.max(0, first + by), longest() - WINDOW);
      draw();
    }

    function show(nextRun, nextChosen) {
      [run, chosen] = [nextRun, { ...nextChosen }];
      stack = tools.stackOf(run, chosen);
      node.hidden = !stack;
      if (!stack) { listed = ""; return; }
      const key = [run.key, chosen.stack, chosen.token].join(" ");
      if (key !== seen) {                        // a window that a hand moved stays until another token is chosen
        seen = key;
        first = Math.min(first, Math.max(0, longest() - WINDOW));
        centre();
      }
      node.setAttribute("aria-label", fill(text.arcs_label, { head: headName(stack, chosen.layer, chosen.head, text) }));
      draw();
    }

    const found = (event) => {
      const item = event.target.closest?.(".att-arcs-token");
      return item ? { side: item.parentNode.dataset.side, place: +item.dataset.place } : null;
    };
    const same = (a, b) => a?.side === b?.side && a?.place === b?.place;
    const isolate = (next) => { if (stack && !same(next, hovered)) { hovered = next; drawLines(); drawShares(); } };
    for (const box of Object.values(lists)) {
      box.addEventListener("pointerover", (event) => isolate(found(event)));
      box.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") isolate(null); });
      box.addEventListener("focusin", (event) => {
        if (!stack || !event.target.matches(":focus-visible")) return;
        focused = found(event);
        drawLines();
        drawShares();
        epochs.say(reading.textContent);
      });
      box.addEventListener("focusout", () => { if (stack && focused) { focused = null; drawLines(); drawShares(); } });
      box.addEventListener("click", (event) => {
        const item = found(event);
        if (stack && item && (item.side === "queries" || stack.queries === stack.keys)) select({ token: item.place });
      });
      box.addEventListener("keydown", (event) => {
        const item = found(event);
        if (!stack || !item) return;
        const here = rows[item.side], other = item.side === "queries" ? "keys" : "queries";
        const i = here.indexOf(event.target.closest(".att-arcs-token"));
        const next = { ArrowUp: here[i - 1], ArrowDown: here[i + 1], Home: here[0], End: here.at(-1),
          ArrowLeft: item.side === "keys" && (rows.queries[i] || rows.queries.at(-1)), ArrowRight: other === "keys" && (rows.keys[i] || rows.keys.at(-1)) }[event.key];
        if (next === undefined || next === false) return;
        event.preventDefault();
        for (const one of rows[next.parentNode.dataset.side]) one.tabIndex = one === next ? 0 : -1;
        next.focus();
      });
    }
    // A finger leaves no list when it lifts: the next touch elsewhere ends what it isolated.
    document.addEventListener("pointerdown", (event) => { if (hovered && !body.contains(event.target)) isolate(null); });
    coarse.addEventListener("change", () => draw());
    tools.watch(node, draw);
    // What is drawn, for the figure to take along.
    const shot = () => (stack && (exact || !stack.pooled) ? { windows: windows(), share, only: alone() || picked() } : null);
    return { node, show, shot };
  };
})();
