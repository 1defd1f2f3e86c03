// Taking something away: heads are switched off, tokens hidden, and the answer before and after is compared.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const WAIT = 80;                               // ms: several changes in a row are one question


  // Two sentences with what differs between them marked: what stands between their common beginning and end.
  function compare(before, after) {
    const [a, b] = [[...before], [...after]];
    const least = Math.min(a.length, b.length);
    let [start, end] = [0, 0];
    while (start < least && a[start] === b[start]) start++;
    while (end < least - start && a.at(-1 - end) === b.at(-1 - end)) end++;
    const parts = (all, kind) => {
      const middle = all.slice(start, all.length - end).join("");
      return [all.slice(0, start).join(""), middle && h(`mark.${kind}`, {}, middle), all.slice(all.length - end).join("")];
    };
    return { before: parts(a, "att-switch-gone"), after: parts(b, "att-switch-come"), isSame: a.length === b.length && start === a.length };
  }

  epochs.attention.views.switch = ({ text, demo, link, select, ask, redraw, isBusy, hide }) => {
    const { hasHead, headName, signed, isolate } = epochs.attention;
    const { words, tokenAt, tokenTold, share, nats, told, isGrowing, question, effectGrid } = epochs.attention.panel;
    let run = null, chosen = null, drawn = null, grid = null, gridOf = null;
    let off = [], hidden = [];                   // [stack's name, layer, head]; places in the source
    let picked = -1;                             // the place whose answer a hand chose
    const spoken = new Map();                    // place -> the token that was hidden there: a masked model's run shows a gap

    const knock = question({ ask, demo }, "knock", WAIT, () => { drawAnswer(); epochs.say(answer.querySelector(".att-panel-lead")?.textContent ?? ""); });
    const ranking = question({ ask, demo }, "ranking", 0, () => drawRanking());
    const state = () => ({ off: off.map((each) => [...each]), hidden: [...hidden] });

    const headTitle = h("p.att-panel-title");
    const tokenTitle = h("p.att-panel-title");
    const headToggle = h("button.small.att-panel-toggle", { type: "button", onclick: () => toggleHeads([[stack().name, chosen.layer, chosen.head]]) }, text.switch_off);
    const layerToggle = h("button.small.att-panel-toggle", { type: "button", onclick: () => toggleHeads(layerOf(stack(), chosen.layer)) }, text.switch_layer);
    const tokenToggle = h("button.small.att-panel-toggle", { type: "button", onclick: () => {
      const place = sourcePlace();
      if (!spoken.has(place)) spoken.set(place, tokenAt(run.tokens.source, place));
      set(off, hidden.includes(place) ? hidden.filter((p) => p !== place) : [...hidden, place].sort((a, b) => a - b));
    } }, text.switch_hide);
    const tokenHint = h("p.stage-note");
    const hider = h("div.att-panel-part", {}, tokenTitle, h("div.chips", {}, tokenToggle), tokenHint);
    const list = h("div.chips.att-switch-list", { role: "group", "aria-label": text.switch_list });
    const drawAll = h("button.small", { type: "button", onclick: () => redraw(state().off, state().hidden) });
    const drawing = h("p.stage-note", { role: "status" });
    const answer = h("div.att-panel-part");
    const tryAll = h("button.small", { type: "button", onclick: () => {
      if (ranking.busy || isGrowing(demo)) return;
      ranking.drop();
      ranking.put(rankingKey(), { stack: stack().name });
      drawRanking();
    } }, text.switch_try);
    const trying = h("p.stage-note", { role: "status" });
    const ranked = h("div.att-panel-part");
    const live = h("div.att-panel-part", {}, headTitle, h("div.chips", {}, headToggle, layerToggle), hider, list, h("div.chips.att-switch-draw", {}, drawAll), drawing, answer,
      h("div.att-switch-rank", {}, tryAll, trying, ranked));
    const hint = h("p.stage-note");
    const node = h("div.att-panel-node", {}, live, hint);

    const stack = () => run.stacks?.[chosen.stack];
    const rankingKey = () => `${run.key} ${stack()?.name}`;
    const layerOf = (of, layer) => Array.from({ length: of.heads }, (_, head) => [of.name, layer, head]);
    const isListed = (head) => hasHead(off, ...head);
    const isText = () => run.kind !== "vision" && (run.tokens?.source?.length ?? 0) > 0;
    // The token to hide is one that a hand has chosen: the one that looks before that is often the one that answers.
    const sourcePlace = () => (stack()?.queries === "source" ? chosen.token : -1);
    // Why a token cannot be hidden: "" where it can.
    function refusal(place) {
      if (stack().queries !== "source") return text.switch_token_source;
      if (place < 0) return text.switch_token_choose;
      if (hidden.includes(place)) return "";
      if (run.tokens.source[place]?.special ?? true) return text.switch_token_special;
      return run.kind !== "masked" && hidden.length + 1 >= run.tokens.source.length ? text.switch_token_last : "";
    }
    const shownToken = (place) => isolate(spoken.get(place) ?? tokenAt(run.intact?.[place] ? run.intact : run.tokens.source, place));
    const ofStack = (name, what) => epochs.attention.ofStack(run, name, what, text);

    function set(nextOff, nextHidden) {
      [off, hidden] = [nextOff, nextHidden];
      hide(hidden);
      link.list(run, off, hidden);
      draw();
    }

    // The views too get back what they were drawn without.
    function clear() {
      const { off: gone, hidden: covered } = run.asked;
      set([], []);
      if (gone.length || covered.length) redraw([], []);
    }

    // What is not wholly off goes off; what is wholly off comes on again.
    function toggleHeads(heads) {
      const others = off.filter((each) => !hasHead(heads, ...each));
      set(heads.every(isListed) ? others : [...others, ...heads], hidden);
    }

    // A new run of the same model keeps what is off; its hidden places mean nothing in another text. One that was drawn
    // without heads and tokens says itself which.
    function adopt(next) {
      const former = run;
      run = next;
      if (former && former.run === next.run) return;
      const isSameModel = Boolean(former) && former.asked.model === next.asked.model;
      const isSameText = isSameModel && former.asked.text === next.asked.text;
      if (!isSameText) spoken.clear();
      if (!former) ({ off, hidden } = link.listed(next));
      else if (!isSameModel || next.isRedrawn) [off, hidden] = [next.asked.off, next.asked.hidden];
      else if (!isSameText) hidden = [];
      off = off.filter(([name, layer, head]) => next.stacks?.some((s) => s.name === name && layer < s.layers && head < s.heads));
      hidden = isText() ? hidden.filter((place) => place < next.tokens.source.length) : [];
      link.list(next, off, hidden);
      knock.drop();
      ranking.drop();
      picked = -1;
    }

    // One chip for each head that is off, or for a layer that is wholly off.
    function chips() {
      const chip = (label, remove) => h("button.chip.att-panel-chip", { type: "button", "aria-label": fill(text.switch_remove, { what: label }), onclick: remove }, label, h("span", { "aria-hidden": true }, " ×"));
      const found = [];
      for (const each of run.stacks) for (let layer = 0; layer < each.layers; layer++) {
        const heads = layerOf(each, layer);
        const those = heads.filter(isListed);
        if (those.length === heads.length && heads.length > 1) found.push(chip(ofStack(each.name, fill(text.switch_whole_layer, { layer: layer + 1 })), () => toggleHeads(heads)));
        else found.push(...those.map((one) => chip(ofStack(each.name, headName(each, layer, one[2], text)), () => toggleHeads([one]))));
      }
      found.push(...hidden.map((place) => chip(fill(text.switch_hidden, { n: place + 1, token: shownToken(place) }), () => set(off, hidden.filter((p) => p !== place)))));
      return found;
    }

    function drawControls() {
      const { layer, head } = chosen;
      headTitle.textContent = ofStack(stack().name, headName(stack(), layer, head, text));
      headToggle.setAttribute("aria-pressed", isListed([stack().name, layer, head]));
      layerToggle.setAttribute("aria-pressed", layerOf(stack(), layer).every(isListed));
      const place = isText() ? sourcePlace() : -1;
      hider.hidden = !isText();
      tokenTitle.textContent = place < 0 ? text.switch_token_none : fill(text.switch_token, { n: place + 1, token: shownToken(place) });
      const refused = isText() ? refusal(place) : "";
      tokenToggle.disabled = Boolean(refused);
      tokenToggle.setAttribute("aria-pressed", hidden.includes(place));
      tokenHint.textContent = refused || text.switch_token_hint;
      const isDrawn = link.isDrawn(run);
      if (isDrawn && document.activeElement === drawAll) headToggle.focus({ preventScroll: true });
      drawAll.hidden = isDrawn;
      drawAll.textContent = off.length || hidden.length ? text.switch_draw : text.switch_draw_all;
      drawAll.setAttribute("aria-disabled", isBusy());
      drawing.textContent = isBusy() && !isGrowing(demo) ? text.switch_drawing : "";
    }

    function drawList() {
      const held = list.contains(document.activeElement);
      const found = chips();
      epochs.redraw(list, ...(found.length ? [h("span.att-panel-title", {}, text.switch_list), ...found,
        h("button.small", { type: "button", onclick: clear }, text.switch_clear)] : []));
      if (held && !found.length) headToggle.focus({ preventScroll: true });
    }

    const thin = (kind, p) => h(`span.att-switch-thin.${kind}`, { style: `width:${(100 * share(p)).toFixed(2)}%` });
    const pair = (row) => h("li.att-switch-row", {}, h("span.att-panel-name", { dir: "auto" }, words(row.text)),
      h("span.att-switch-pair", { "aria-hidden": true }, thin("att-switch-before", row.before), thin("att-switch-after", row.after)),
      h("span.att-panel-value", {}, fill(text.switch_shift, { before: percent(row.before), after: percent(row.after) })));
    const klWords = (kl) => klWord(told(kl));
    const klWord = (kl) => text[kl < 0.01 ? "switch_kl_none" : kl < 0.1 ? "switch_kl_little" : kl < 1 ? "switch_kl_clear" : "switch_kl_much"];
    const legend = () => h("p.att-switch-legend", {}, ["before", "after"].map((side) =>
      h("span.att-view-key", {}, h(`span.att-switch-swatch.att-switch-${side}`, { "aria-hidden": true }), text[`switch_${side}`])));

    function answerParts(reply) {
      const parts = [];
      const answers = reply.answers || [];
      const tokens = run.kind === "translation" ? run.tokens?.target : run.tokens?.source;
      const name = (one) => fill(text.switch_place, { n: one.place + 1, token: tokenTold(tokens, one.place) });
      const most = answers.reduce((best, one) => (one.kl > (best?.kl ?? -1) ? one : best), null);
      const meant = answers.find((one) => one.place === picked) || most;
      if (answers.length > 1) parts.push(h("div.chips", { role: "group", "aria-label": text.switch_places }, answers.map((one) =>
        h("button.chip.att-panel-chip", { type: "button", "aria-pressed": one === meant, onclick: () => { picked = one.place; drawAnswer(); } },
          `${name(one)} · ${fill(text.switch_nats, { kl: nats(one.kl) })}`))));
      if (meant && answers.length === 1 && ["masked", "translation"].includes(run.kind)) parts.push(h("p.att-panel-title", {}, fill(text.switch_at, { place: name(meant) })));
      if (meant) parts.push(h("p.att-panel-lead", {}, h("strong", {}, fill(text.switch_nats, { kl: nats(meant.kl) })), " ", klWords(meant.kl)),
        legend(), h("ol.att-switch-rows", { "aria-label": text.switch_rows }, (meant.rows || []).map(pair)), h("p.stage-note", {}, text.switch_kl_note));
      if (reply.written) {
        const { before, after, isSame } = compare(reply.written.before || "", reply.written.after || "");
        const line = (label, shown) => [h("dt", {}, label), h("dd", { dir: "auto" }, shown.filter(Boolean))];
        parts.push(h("dl.att-switch-written", {}, line(text.switch_before, before), line(text.switch_after, after)));
        if (isSame) parts.push(h("p.stage-note", {}, text.switch_written_same));
      }
      if (Number.isFinite(reply.cosine)) parts.push(h("p.att-panel-lead", {}, fill(text.switch_cosine, { cosine: signed(reply.cosine, 4) })), h("p.stage-note", {}, text.switch_cosine_note));
      if (Number.isFinite(reply.milliseconds)) parts.push(h("p.stage-note", {}, fill(text.switch_milliseconds, { ms: Math.round(reply.milliseconds) })));
      return parts;
    }

    function drawAnswer() {
      answer.classList.toggle("att-panel-busy", knock.busy);
      answer.setAttribute("aria-busy", knock.busy);
      const isAsked = knock.busy || knock.key !== null;
      if (!isAsked) answer.replaceChildren(h("p.stage-note", {}, isText() ? text.switch_hint : text.switch_hint_picture));
      else if (knock.reply) epochs.redraw(answer, ...answerParts(knock.reply));
      else answer.replaceChildren(h("p.stage-note", {}, knock.busy ? text.switch_working : text.switch_no_answer));
    }

    function drawRanking() {
      const isMine = ranking.key === rankingKey();
      tryAll.setAttribute("aria-disabled", ranking.busy);
      trying.textContent = !isMine ? "" : ranking.busy ? text.switch_trying : ranking.reply ? "" : text.switch_no_answer;
      const reply = isMine && !ranking.busy && ranking.reply?.effect ? ranking.reply : null;
      if (reply !== gridOf) {
        gridOf = reply;
        grid = reply && effectGrid(run, stack(), reply, { text, select });
        ranked.replaceChildren(...(grid ? [grid.node] : []));
      }
      grid?.mark(chosen.layer, chosen.head);
    }

    function draw() {
      if (!run || !chosen || !stack()) return;
      drawControls();
      const now = JSON.stringify([run.key, state()]);
      const asked = knock.key;
      if (off.length || hidden.length) knock.put(now, state());
      else knock.drop();
      if (now !== drawn) drawList();
      if (now !== drawn || asked !== knock.key) drawAnswer();
      drawn = now;
      drawRanking();
    }

    function show(newRun, newChosen) {
      chosen = newChosen;
      adopt(newRun);
      const isEmpty = !stack();
      live.hidden = isEmpty;
      hint.textContent = isEmpty ? text.switch_none : "";
      draw();
    }

    return { node, show };
  };
})();
