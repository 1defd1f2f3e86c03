// What the panels beside the maps share: tokens as words, bars, and questions that something newer outdates.
"use strict";
(() => {
  const { h, percent } = epochs;

  // What a network answers, and a token of the text; either may stand inside a sentence.
  const words = (said) => epochs.attention.answerText(said ?? "");
  const tokenAt = (tokens, place) => (tokens?.[place] ? epochs.attention.tokenText(tokens[place]) : "");
  const wordsTold = (said) => epochs.attention.isolate(words(said));
  const tokenTold = (tokens, place) => epochs.attention.isolate(tokenAt(tokens, place));

  const share = (p) => Math.min(1, Math.max(0, p || 0));

  // A divergence: small ones keep the digits that tell them from nothing.
  const nats = (v) => (v > 0 && v < 0.0005 ? "<0.001" : !v ? "0" : v < 0.1 ? v.toFixed(3) : v.toFixed(2));

  // A number is judged as it is told: what is told as 0.10 does not count as less.
  const told = (v) => +v.toFixed(v < 0.1 ? 3 : 2);

  // How much a token or patch counts: shares as such, the others with three decimals.
  function amount(method, v) {
    if (["attention", "rollout"].includes(method)) return v === 0 ? "0%" : percent(v);
    const size = Math.abs(v), minus = v < 0 ? "\u2212" : "";
    if (size < 0.0005) return v === 0 ? "0" : v < 0 ? ">\u22120.001" : "<0.001";
    return minus + size.toFixed(size < 10 ? 3 : size < 100 ? 1 : 0);
  }

  // Ranked bars whose nodes stay while their numbers move. -> {node, show([{name, p}])}
  function bars(label) {
    const node = h("ol.att-panel-bars", { "aria-label": label });
    const rows = [];
    function show(entries) {
      while (rows.length < entries.length) {
        const [name, bar, value] = [h("span.att-panel-name", { dir: "auto" }), h("span.att-panel-fill"), h("span.att-panel-value")];
        const row = h("li.att-panel-row", {}, name, h("span.att-panel-bar", { "aria-hidden": true }, bar), value);
        rows.push({ row, name, bar, value });
        node.append(row);
      }
      rows.forEach(({ row, name, bar, value }, i) => {
        row.hidden = !entries[i];
        if (row.hidden) return;
        name.textContent = entries[i].name;
        bar.style.transform = `scaleX(${share(entries[i].p)})`;
        value.textContent = percent(entries[i].p);
      });
    }
    return { node, show };
  }

  // A translator's decoder looks from what it was given, the cross-attention from what it wrote: the same places.
  const isWritten = (run, chosen) => { const queries = run.stacks?.[chosen.stack]?.queries; return Boolean(queries) && queries !== "source"; };

  // -> (run, chosen) => the place whose answer is meant, -1 for none: the stage asks, and tells all panels as
  // `chosen.answer`. A gap, or a token that was written, stays meant while other tokens are looked at.
  function answerPlace() {
    let gap = -1, written = 0;
    return (run, chosen) => {
      if (run.kind === "causal") return (run.tokens?.source?.length ?? 0) - 1;
      if (run.kind === "masked") {
        const places = (run.gaps || []).map(({ place }) => place);
        gap = [chosen.token, gap, places[0] ?? -1].find((place) => places.includes(place)) ?? -1;
        return gap;
      }
      if (run.kind !== "translation" || !run.tokens?.target?.length) return -1;
      if (isWritten(run, chosen)) written = epochs.attention.queryOf(run.stacks[chosen.stack], chosen);
      written = Math.min(written, run.tokens.target.length - 1);
      return written;
    };
  }

  const isGrowing = (demo) => Boolean(epochs.runs(demo).running.continue);

  // A question put again and again: it is asked once for each `key`, after `wait` ms without a newer one, and a reply
  // to what is no longer asked is dropped. The last reply stays to be seen until the next one comes, or `drop`. While
  // the text is being continued it is not asked: the stage draws again at the end.
  function question({ ask, demo }, what, wait, answered) {
    let timer = 0, turn = 0;
    const now = {
      key: null, reply: null, busy: false,
      put(key, extra) {
        if (key === now.key) return;
        clearTimeout(timer);
        const mine = ++turn;
        const held = isGrowing(demo);
        Object.assign(now, { key: held ? null : key, busy: true });
        if (held) return;
        timer = setTimeout(async () => {
          const reply = await Promise.resolve(ask(what, extra)).catch(() => null);
          if (mine !== turn) return;
          Object.assign(now, { reply, busy: false });
          answered();
        }, wait);
      },
      drop() {
        clearTimeout(timer);
        turn++;
        Object.assign(now, { key: null, reply: null, busy: false });
      },
    };
    return now;
  }

  epochs.attention.panel = { words, tokenAt, wordsTold, tokenTold, sentence: epochs.tokens.join, isWritten, share, nats, told, amount, bars, answerPlace, isGrowing, question };
})();
