// A demo's runs on this page: a name for each part that runs, so that it can be stopped; what the page holds.
"use strict";
epochs.runs = (() => {
  const { register } = epochs;
  const MOST_STOPPED = 8;
  const demos = {};
  // Unguessable: who knows a run's name can stop it.
  const fresh = () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join("-");

  // Keeps a component's value what `make` says. The page's opening resets what a component set when it was
  // mounted, so it is put back when the page is ready, and before any click or key can start something.
  function keep(props, make) {
    const put = () => { const wanted = make(); if (JSON.stringify(props.value) !== JSON.stringify(wanted)) props.value = wanted; };
    for (const type of ["click", "keydown", "change"]) document.addEventListener(type, put, true);
    new MutationObserver(put).observe(document.documentElement, { attributes: true, attributeFilter: ["data-epochs"] });
    put();
    return put;
  }

  // -> {running: {part: bool}, stop(part), hold(what), onEnded(act, part)}: made by whichever script asks first.
  // `running` is what the stage says. `act` is called however a run ended: a cut connection brings no last value.
  const of = (demo) => (demos[demo] ??= {
    running: {}, begun: {}, more: {}, held: {}, acts: {}, buttons: [], stop() {}, forget() {}, put() {},
    hold(what) { Object.assign(this.held, what); this.put(); },
    onEnded(act, part = "run") { this.acts[part] = act; },
    ended(part) {
      // What was asked for while it was on follows now.
      this.begun[part] = Boolean(this.more[part]);
      this.more[part] = false;
      this.show(part, this.begun[part]);
      if (!Object.values(this.begun).some(Boolean)) this.forget();
      if (!this.running[part]) return;           // refused: what stands on the stage is an earlier run's
      this.running[part] = false;
      this.acts[part]?.();
    },
    show(part, on) {
      for (const button of this.buttons) if (button.ofPart === part) { button.hidden = !on; button.disabled = false; }
    },
  });

  register("runs", ({ config, props, trigger }) => {
    const runs = of(config.demo);
    const names = Object.fromEntries(Object.keys(config.starts).map((part) => [part, fresh()]));
    // Names that were told to end, the newest last. Several, since Gradio reads this component a moment after the
    // event: with the newest alone, a second click in that moment would forget the first one's run.
    let stopped = [];
    runs.held = { ...config.held, ...runs.held };
    runs.put = keep(props, () => ({ names: { ...names }, held: { ...runs.held }, ...(stopped.length ? { stop: stopped } : {}) }));
    // A run takes its part's name when it begins; stopping retires the name, so that it never hits a later run.
    // `following`: also the run that Gradio holds back, which will take the fresh name.
    runs.stop = (part = "run", following = false) => {
      const former = names[part];
      names[part] = fresh();
      stopped = [...stopped, former, ...(following && runs.more[part] ? [names[part]] : [])].slice(-MOST_STOPPED);
      runs.put();
      trigger("select");
    };
    runs.forget = () => { stopped = []; runs.put(); };
    // A new run ends the one that is on: Gradio holds the click back until that has happened.
    const TYPES = { click: "click", keydown: "enter", change: "change" };
    function begins(event, part) {
      const type = TYPES[event.type] ?? event.detail;
      if (type === "enter" && (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches?.("input, textarea"))) return false;
      const starts = config.starts[part][type];
      return Boolean(starts?.length && event.target.closest?.(starts.join(",")));
    }
    for (const type of [...Object.keys(TYPES), "epochs:trigger"])
      document.addEventListener(type, (event) => {
        for (const part of Object.keys(names)) {
          if (!begins(event, part)) continue;
          // Always, once there was a run: one that Gradio held back may be under way without a sign of it here.
          if (part in runs.begun) runs.stop(part);
          runs.more[part] = Boolean(runs.running[part] || runs.begun[part]);
          runs.begun[part] = true;
          // On a phone the keyboard and the text would stay in front of what was asked for.
          if (event.type === "keydown" && matchMedia("(max-width: 640px)").matches)
            event.target.addEventListener("keyup", () => event.target.blur(), { once: true });   // Gradio hears the key press before
          runs.show(part, true);                 // from the click on, however long the queue or the model takes
        }
      }, true);
  });

  // Stop for a part, seen from the click that begins a run; it can be pressed once in a run, so `renew` it when
  // the next one begins.
  function stopButton(demo, label, part = "run") {
    const button = epochs.h("button.small.stop-run", { type: "button", hidden: true, onclick: () => { button.disabled = true; of(demo).stop(part, true); } }, label);
    of(demo).buttons.push(button);
    // Not `part`: elements have a property of that name, which keeps no string.
    return Object.assign(button, { ofPart: part, renew() { button.disabled = false; } });
  }

  return Object.assign(of, { keep, stopButton });
})();
