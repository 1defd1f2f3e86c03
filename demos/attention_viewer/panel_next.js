// The answer itself: what may come next at a temperature, what fills the gaps, or the sentence that was written.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const [LOW, HIGH, SHOWN, BEFORE] = [0.1, 3, 10, 16];

  // Of the first tokens; the others count in bins of [logit, how many]. The largest logit is taken off before exp.
  function probabilities({ top, tail }, temperature) {
    const bins = tail || [];
    const high = [...top.map((entry) => entry.logit), ...bins.map(([logit]) => logit)].reduce((a, b) => Math.max(a, b), -Infinity);
    const weigh = (logit) => Math.exp((logit - high) / temperature);
    const weights = top.map((entry) => weigh(entry.logit));
    const sum = weights.reduce((a, b) => a + b, 0) + bins.reduce((all, [logit, count]) => all + count * weigh(logit), 0);
    return weights.map((w) => w / sum);
  }

  epochs.attention.views.next = ({ text, demo, pocket, select, continueText, isBusy, stopButton }) => {
    const { bars, words, tokenAt, tokenTold, sentence, isWritten } = epochs.attention.panel;
    let run = null, chosen = null, drawn = null, isAwaited = false;
    let temperature = epochs.state.askedNumber(demo, "temperature", LOW, HIGH, 1);

    // The next token. The slider is made once: a hand may be on it while a new answer comes.
    const slider = h("input", { type: "range", min: LOW, max: HIGH, step: 0.05, value: temperature, id: `${demo}-heat` });
    const shown = h("output", { for: `${demo}-heat` });
    const next = bars(text.next_bars);
    const rest = h("p.stage-note");
    const stale = h("p.stage-note");
    const more = h("button.small.primary", { type: "button", id: `${demo}-continue`, onclick: goOn }, text.next_continue);
    const full = h("p.stage-note");
    const written = h("p.att-next-text", { dir: "auto" });
    const writer = h("p.att-panel-title");
    const grown = h("div.att-panel-part", { hidden: true }, writer, written);
    const ended = h("p.stage-note", { role: "status" });
    const causal = h("div.att-panel-part", {},
      h("div.stage-tools", {}, h("label", { for: `${demo}-heat` }, text.next_temperature), slider, shown),
      h("p.att-panel-title", {}, text.next_bars), next.node, rest, stale,
      h("div.stage-tools.att-next-more", {}, more, stopButton), full, grown, ended);
    slider.addEventListener("input", () => {
      temperature = +slider.value;
      epochs.state.set(demo, "temperature", temperature);
      drawNext();
    });

    // A word for each gap.
    const gapChips = h("div.chips.att-panel-part", { role: "group", "aria-label": text.next_gaps });
    const gapTitle = h("p.att-panel-title");
    const gap = bars(text.next_gap_bars);
    const masked = h("div.att-panel-part", {}, gapChips, gapTitle, gap.node);

    // A whole sentence.
    const whole = h("p.att-next-text", { dir: "auto" });
    const tokens = h("div.chips", { role: "group", "aria-label": text.next_tokens });
    const stop = epochs.attention.roving(tokens);
    const translation = h("div.att-panel-part", {}, h("p.att-panel-title", {}, text.next_sentence), whole,
      h("p.att-panel-title", {}, text.next_tokens), tokens, h("p.stage-note", {}, text.next_tokens_note));

    const hint = h("p.stage-note");
    const trust = h("p.stage-note.att-next-trust");
    const node = h("div.att-panel-node", {}, causal, masked, translation, trust, hint);

    function goOn() {
      isAwaited = document.activeElement === more;
      continueText({ temperature });
    }

    // One continuation at a time. A disabled button loses the keyboard's focus, and gets it back when nothing else has it.
    function drawMore() {
      const source = run.tokens?.source || [];
      const isFull = Boolean(run.limit) && source.length >= run.limit;
      more.disabled = isFull || !source.length || isBusy();
      if (isAwaited && !more.disabled) {
        isAwaited = false;
        if ([document.body, stopButton].includes(document.activeElement)) more.focus({ preventScroll: true });
      }
      full.textContent = isFull ? fill(text.next_full, { limit: run.limit }) : "";
    }

    function drawNext() {
      const value = temperature.toFixed(2);
      shown.textContent = value;
      slider.setAttribute("aria-valuetext", fill(text.next_temperature_value, { value }));
      if (!run?.next?.top?.length) { next.show([]); rest.textContent = ""; return; }
      const p = probabilities(run.next, temperature);
      const first = p.slice(0, SHOWN);
      next.show(first.map((share, i) => ({ name: words(run.next.top[i].text), p: share })));
      const share = first.reduce((a, b) => a + b, 0);
      rest.textContent = fill(text.next_rest, { n: first.length, share: percent(share), others: Math.max(0, run.next.vocabulary - first.length), rest: percent(Math.max(0, 1 - share)) });
    }

    function drawWritten() {
      const source = run.tokens?.source || [];
      const start = source.length - (run.grown || 0);
      const before = sentence(source.slice(Math.max(0, start - BEFORE), start).filter((token) => !token.special));
      grown.hidden = !run.grown;
      writer.textContent = run.linked ? text.next_linked : text.next_written;    // no one has seen the model write what a link holds
      written.replaceChildren(h("span.att-next-before", {}, (start > BEFORE ? "…" : "") + before), h("mark.att-next-grown", {}, sentence(source.slice(start))));
      ended.textContent = run.hasEnded ? text.next_ended : "";
      stale.textContent = run.next && run.next.place < source.length - 1 ? fill(text.next_stale, { n: run.next.place + 1 }) : "";
    }

    // How far to believe a pocket model, beside what it wrote.
    function drawTrust(isWritten) {
      const { words: said, badge } = (isWritten && pocket[run.asked.model]) || {};
      trust.hidden = !said;
      trust.replaceChildren(...(said ? [said, badge ? epochs.badge(badge, true) : ""] : []));
    }

    function drawGaps(isNew) {
      const gaps = run.gaps || [];
      const place = chosen.answer;
      if (isNew) epochs.redraw(gapChips, ...gaps.map((each, i) => h("button.chip.att-panel-chip", { type: "button", onclick: () => select({ token: each.place }) },
        fill(text.next_gap, { n: i + 1, before: tokenTold(run.tokens?.source, each.place - 1) }))));
      gapChips.hidden = gaps.length < 2;
      [...gapChips.children].forEach((chip, i) => chip.setAttribute("aria-pressed", gaps[i].place === place));
      const meant = gaps.findIndex((each) => each.place === place);
      gapTitle.textContent = meant < 0 ? "" : gaps.length > 1 ? fill(text.next_gap_title, { n: meant + 1 }) : text.next_gap_bars;
      gap.show((gaps[meant]?.top || []).slice(0, SHOWN).map((entry) => ({ name: words(entry.text), p: entry.p })));
    }

    function drawSentence(isNew) {
      const stacks = run.stacks || [];
      const cross = stacks.findIndex((each) => each.name === "cross");
      const stack = stacks[cross];
      if (isNew) {
        whole.textContent = run.written || "";
        epochs.redraw(tokens, ...(run.tokens?.target || []).slice(0, stack?.q ?? 0).map((token, i) => h("button.chip.att-panel-chip", { type: "button", dir: "auto", onclick: () =>
          select({ stack: cross, token: i, layer: Math.min(chosen.layer, stack.layers - 1), head: Math.min(chosen.head, stack.heads - 1) }) }, tokenAt(run.tokens.target, i))));
      }
      const meant = isWritten(run, chosen) ? epochs.attention.queryOf(stacks[chosen.stack], chosen) : -1;
      [...tokens.children].forEach((chip, i) => chip.setAttribute("aria-pressed", i === meant));
      stop(tokens.children[meant]);
    }

    function show(newRun, newChosen) {
      [run, chosen] = [newRun, newChosen];
      const now = `${run.key} ${run.next?.place} ${run.hasEnded}`;
      const isNew = drawn !== now;
      drawn = now;
      const empty = run.kind === "causal" ? !run.next?.top?.length && !run.tokens?.source?.length : run.kind === "masked" ? !run.gaps?.length : !run.tokens?.target?.length;
      causal.hidden = run.kind !== "causal" || empty;
      masked.hidden = run.kind !== "masked" || empty;
      translation.hidden = run.kind !== "translation" || empty;
      hint.textContent = run.kind === "vision" ? text.next_vision : !empty ? ""
        : run.kind === "masked" ? fill(text.next_no_gap, { button: text.switch_hide, panel: text.panel_switch }) : text.next_none;
      if (run.kind === "causal" && isNew) { drawNext(); drawWritten(); }
      if (run.kind === "causal") drawMore();
      drawTrust(!empty && (run.kind !== "causal" || run.grown > 0));
      if (run.kind === "masked") drawGaps(isNew);
      if (run.kind === "translation") drawSentence(isNew);
    }

    drawNext();
    return { node, show };
  };
})();
