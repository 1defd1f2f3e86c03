// What the stage says of its own state: what the model cannot read, what it is computed without, what is listed but not drawn yet, and that the
// controls no longer hold what it answers.
"use strict";
epochs.attention.marks = ({ demo, text, link, modelNow, isBusy, redraw, leave }) => {
  const { h, fill } = epochs;
  const STILL = 900;                             // ms: a chip changes the controls a moment before it runs
  let run = null, picture = "", timer = 0;

  const line = (name, label, act, more = {}) => {
    const [words, button] = [h("span"), h("button.small", { type: "button", onclick: act }, label)];
    return { words, button, box: h(`div.att-mark.att-${name}`, { hidden: true, ...more }, words, button) };
  };
  const foreign = h("div.att-mark", { role: "status", hidden: true });
  const without = line("without", text.switch_clear, () => redraw([], []), { role: "status" });
  const pending = line("pending", text.switch_draw, () => { const { off, hidden } = link.listed(run); redraw(off, hidden); });
  const stale = line("stale", text.stale_look, () => document.getElementById(`${demo}-run`)?.click());

  // A button that goes does not take the keyboard's focus with it.
  function put({ words, button, box }, said) {
    if (!said && document.activeElement === button) leave();
    box.hidden = !said;
    words.textContent = said;
    button.setAttribute("aria-disabled", isBusy());
  }

  const count = (n, what) => (n ? [n === 1 ? text[what] : fill(text[`${what}s`], { n })] : []);
  const counted = ({ off, hidden }) => [...count(off.length, "without_head"), ...count(hidden.length, "without_token")].join(text.without_and);

  // Under “Switch off” the list itself stands, with its button.
  function tellPending(panel) {
    const listed = link.listed(run), what = counted(listed);
    const said = panel === "switch" || link.isDrawn(run) ? "" : what ? fill(text.pending, { what }) : text.pending_none;
    put(pending, said && [said, ...(run.kind === "causal" ? [fill(text.pending_continue, { button: text.next_continue })] : [])].join(text.after_sentence));
    pending.button.textContent = what ? text.switch_draw : text.switch_draw_all;
  }

  const pictureNow = () => document.querySelector(`#${demo} .control-emoji .preview img`)?.src ?? "";
  const isRunning = () => document.getElementById(demo)?.classList.contains("busy");
  function staleNow() {
    const what = !run || isRunning() ? "" : link.changed(run, modelNow()) || (run.kind === "vision" && pictureNow() !== picture ? "picture" : "");
    return what && fill(text[`stale_${what}`], { model: epochs.attention.isolate(run.name) });
  }
  function tellStale() {
    const said = staleNow();
    if (said && said !== stale.words.textContent) epochs.say(said);
    put(stale, said);
  }
  // It goes at once and comes when the hand rests.
  function check() {
    clearTimeout(timer);
    if (staleNow()) timer = setTimeout(tellStale, STILL);
    else tellStale();
  }
  document.addEventListener("epochs-state", (event) => { if (event.detail.demo === demo) check(); });
  const eye = new MutationObserver(check);       // a run that has ended without an answer leaves the mark

  // `answered`: what the controls show by now is what this run was asked about.
  function show(nextRun, panel) {
    if (!run) eye.observe(document.getElementById(demo), { attributes: true, attributeFilter: ["class"] });
    run = nextRun;
    foreign.hidden = !run.foreign;
    foreign.textContent = run.foreign ? text.foreign : "";
    put(without, run.asked.off.length || run.asked.hidden.length ? fill(text.without, { what: counted(run.asked) }) : "");
    tellPending(panel);
    check();
  }
  const answered = () => { picture = pictureNow(); };
  return { foreign, without: without.box, pending: pending.box, stale: stale.box, show, answered };
};
