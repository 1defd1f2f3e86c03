// The page's frame: language switch, theme, projector type, controls that a teacher hides.
"use strict";
(() => {
  const { h, register } = epochs;
  const query = new URLSearchParams(location.search);
  const keep = { get: (k) => { try { return localStorage.getItem(k); } catch { return null; } },
    set: (k, v) => { try { localStorage.setItem(k, v); } catch { /* private windows refuse storage */ } } };
  epochs.keep = keep;

  function setTheme(dark) {
    document.body.classList.toggle("dark", dark);
    keep.set("epochs.theme", dark ? "dark" : "light");
  }

  function setPresent(on) {
    document.documentElement.classList.toggle("present", on);
    epochs.state.page("present", on ? "1" : null);
  }

  // `hide=labels,templates` removes the controls of these names (class `control-<name>`).
  function hideControls() {
    const names = (query.get("hide") || "").split(",").filter((n) => /^[a-z_]{1,30}$/.test(n)).slice(0, 40);
    if (!names.length) return;
    const rule = names.map((n) => `.control-${n}`).join(",") + "{display:none!important}";
    document.head.append(h("style", {}, rule));
  }

  if (query.get("present") === "1") document.documentElement.classList.add("present");
  hideControls();

  register("frame", ({ root, text, props }) => {
    const stored = keep.get("epochs.theme");
    if (stored && !query.has("__theme")) setTheme(stored === "dark");
    document.documentElement.lang = text.code;
    document.title = text.title;
    const switchLanguage = (event) => {
      event.preventDefault();
      const next = new URLSearchParams(new URL(epochs.state.link()).search);
      next.set("lang", text.other_code);
      location.assign((text.other_code === "en" ? "./" : text.other_code) + "?" + next);
    };
    const toggle = (label, pressed, act) => {
      const button = h("button.frame-button", { type: "button", "aria-pressed": pressed, title: label }, label);
      button.addEventListener("click", () => button.setAttribute("aria-pressed", act()));
      return button;
    };
    root.append(h("header.frame", {},
      h("div.brand", {}, h("strong", {}, text.name), h("span", {}, text.tagline)),
      h("nav.frame-actions", { "aria-label": text.page_actions },
        toggle(text.projector, document.documentElement.classList.contains("present"), () => {
          const on = !document.documentElement.classList.contains("present");
          setPresent(on);
          return on;
        }),
        toggle(text.dark, document.body.classList.contains("dark"), () => {
          const dark = !document.body.classList.contains("dark");
          setTheme(dark);
          return dark;
        }),
        h("a.frame-button.language", { href: "?lang=" + text.other_code, lang: text.other_code,
          hreflang: text.other_code, title: text.switch_note, onclick: switchLanguage }, text.other_name))));
  });

  // A run that answers at once shows nothing; a longer one says so, and says why when it takes long.
  const running = {};                            // banner's id -> {timers, start, stop}
  epochs.idle = (id) => {
    running[id]?.timers.splice(0).forEach(clearTimeout);
    running[id]?.stop();
  };
  epochs.busy = (id, values) => {
    epochs.idle(id);
    // A new run is an answer to the errors that still stand elsewhere on the page.
    for (const other of Object.values(running)) other.dismissError();
    running[id]?.start();
    return values;
  };

  register("banner", ({ root, config, props, watch, trigger, text }) => {
    const { id } = config;
    const clear = () => root.replaceChildren();
    const act = (action) => {
      props.value = { ...epochs.read(props), picked: action.value };
      trigger(action.event || "select");
      if (action.event === "clear") clear();
    };
    const show = (kind, message, action, amount) => {
      const box = h(`div.banner.${kind}`, { role: kind === "error" ? "alert" : "status" }, h("p", {}, message));
      if (amount?.total) box.append(h("progress", { value: amount.done, max: amount.total, "aria-label": message }));
      if (action) box.append(h("button.primary", { type: "button", onclick: () => act(action) }, action.label));
      if (!["working", "progress"].includes(kind)) box.append(h("button.close", { type: "button", "aria-label": text.dismiss, onclick: clear }, "×"));
      epochs.redraw(root, box);
      // An error out of sight helps nobody.
      if (kind === "error") root.scrollIntoView({ block: "nearest" });
    };
    const area = () => document.getElementById(config.area);
    if (id) running[id] = { timers: [],
      dismissError() { if (root.querySelector(".banner.error")) clear(); },
      start() {
        const wait = () => { area()?.classList.add("busy"); show("working", text.working); };
        this.timers = [setTimeout(wait, 400), setTimeout(() => show("working", text.loading), 2500)];
      },
      stop() {
        area()?.classList.remove("busy");
        if (root.querySelector(".working")) draw();
      } };
    const draw = () => {
      const { kind, message, action, done, total } = epochs.read(props);
      message ? show(kind, message, action, { done, total }) : clear();
    };
    watch("value", () => { draw(); epochs.idle(id); });
    draw();
  });

  register("guess", ({ root, config, props, watch, text }) => {
    const { demo, question, options } = config;
    const key = "epochs.guess." + demo;
    let answer = null;                           // {choice, sentence, badge}, after the first run
    const draw = () => {
      const chosen = keep.get(key);
      const answered = chosen !== null && options[chosen] !== undefined;
      epochs.redraw(root, h("section.guess", { "aria-label": text.predict },
        h("p.guess-question", {}, h("span.tag", {}, text.predict), " ", question),
        h("div.guess-options", { role: "group" }, options.map((label, i) => h(
          "button.chip" + (answered && +chosen === i ? ".chosen" : "") + (answer && answered && answer.choice === i ? ".right" : ""),
          { type: "button", disabled: answered, "aria-pressed": answered && +chosen === i,
            onclick: () => { keep.set(key, i); draw(); } }, label))),
        answered ? h("p.guess-answer", { role: "status" },
          answer ? answer.sentence : text.reveal_after_run,
          answer ? epochs.badge(answer.badge, true) : null,
          h("button.link", { type: "button", onclick: () => { keep.set(key, ""); draw(); } }, text.guess_again)) : null));
    };
    watch("value", () => { answer = epochs.read(props).sentence ? epochs.read(props) : answer; draw(); });
    draw();
  });

  // Provenance: live (computed now), measured (read from a file a run wrote), recorded (replayed).
  // `whole` writes out where and when: a tooltip is out of reach of a phone and a screen reader.
  epochs.badge = (badge, whole = false) => badge
    ? h("span", {}, h(`span.badge.${badge.kind}`, { title: badge.detail || "" }, badge.label),
      whole ? h("span.badge-detail", {}, badge.detail) : null) : null;

  // Tells in a demo's box what happened, where the stage itself got the answer.
  const facts = {};
  epochs.tellFacts = (demo, value) => facts[demo]?.(value);

  register("facts", ({ root, config, props, watch, text }) => {
    facts[config.demo] = (value) => { props.value = value; draw(); };       // one's own value is not watched
    const draw = () => {
      const { sentence, rows, badge } = epochs.read(props);
      root.replaceChildren();
      if (!sentence) return;
      root.append(h("section.facts", { "aria-label": text.what_happened },
        h("p.facts-sentence", {}, epochs.badge(badge), " ", sentence),
        h("dl.facts-rows", {}, (rows || []).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))))));
      epochs.say(sentence);
    };
    watch("value", draw);
    draw();
  });
})();
