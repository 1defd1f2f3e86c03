// What the text costs without each expert: a bar each, the most needed first; a click disables it.
"use strict";
(() => {
  const { h, register, fill, read } = epochs;
  const SHOWN = 12;

  register("surgery_rank_wish", ({ props, trigger }) => { epochs.surgery.askRank = (value) => { props.value = value; trigger("select"); }; });
  register("surgery_ranked", ({ props, watch }) => { watch("value", () => epochs.surgery.adoptRank?.(read(props))); });

  // press(layer, expert): disable it, or take that back; isOff(layer, expert).
  epochs.surgery = Object.assign(epochs.surgery || {}, { ranking({ demo, text, press, isOff }) {
    const { signed } = epochs.surgery, runs = epochs.runs(demo);
    let ticket = 0, run = null, found = null, of = null, isWhole = false;
    const begin = h("button.small.primary", { type: "button", id: `${demo}-rank`, onclick: ask }, text.rank);
    const stop = epochs.runs.stopButton(demo, text.stop, "rank");
    const status = h("p.stage-note", { role: "status" }), list = h("ol.surg-ranks");
    const more = h("button.link", { type: "button", hidden: true, onclick: () => { isWhole = !isWhole; draw(); } });
    const node = h("div.surg-part.control-ranking", {}, h("h3.surg-title", {}, text.ranking), h("p.stage-note", {}, text.ranking_note), h("div.stage-tools", {}, begin, stop), status, list, more);
    runs.onEnded(() => { if (found?.state === "running") found.state = "stopped"; draw(); }, "rank");

    function ask() {
      if (!run) return;
      [found, of, isWhole] = [null, run, false];
      stop.renew();
      const { text: words, ops, model, seed } = run.settings;
      epochs.surgery.askRank({ ticket: ++ticket, text: words, ops, model, seed });
      runs.running.rank = true;                  // after it was asked for: a run that is on already would be followed by another
      draw();
    }
    epochs.surgery.adoptRank = (value) => {
      if (value.ticket !== ticket || !value.losses) return;
      found = value;
      if (value.state !== "running") runs.running.rank = false;
      draw();
    };

    function draw() {
      const isOn = Boolean(runs.running.rank);
      begin.disabled = isOn || !run;
      status.textContent = !found ? (isOn ? text.rank_on : "") : found.state === "running" ? fill(text.rank_running, { known: found.known, experts: found.experts })
        : fill(found.state === "done" ? text.rank_done : text.rank_stopped, { known: found.known, experts: found.experts, ms: found.milliseconds.toLocaleString("en"), base: found.base.toFixed(2) })
          + (of && run && (of.settings.text !== run.settings.text || of.settings.ops !== run.settings.ops || of.settings.model !== run.settings.model) ? text.after_sentence + text.rank_other : "");
      const losses = found?.losses ?? [], high = Math.max(0.001, ...losses.map(([, , v]) => Math.abs(v)));
      epochs.redraw(list, ...(isWhole ? losses : losses.slice(0, SHOWN)).map(([layer, expert, v, users]) => {
        const said = fill(text.rank_row, { layer: layer + 1, expert: expert + 1 });
        return h("li", {}, h("button.surg-rank", { type: "button", "aria-pressed": isOff(layer, expert), title: text.rank_press, "aria-label": fill(text.rank_label, { what: said, more: signed(v), n: users }), onclick: () => press(layer, expert) },
          h("span", {}, said), h("span.surg-track", {}, h(`i${v < 0 ? ".minus" : ""}`, { style: `width:${(100 * Math.abs(v) / high).toFixed(1)}%` })), h("b", {}, signed(v)), h("span.surg-note", {}, fill(text.rank_users, { n: users }))));
      }));
      more.hidden = losses.length <= SHOWN;
      more.textContent = isWhole ? text.rank_fewer : fill(text.rank_all, { n: losses.length });
    }
    return { node, show(next) { run = next; draw(); }, record: () => (found && of ? { ...found, of: of.settings } : null), leave() { if (runs.running.rank) runs.stop("rank"); } };
  } });
})();
