// The picture input: one picture from any source, shown as the model will see it.
"use strict";
(() => {
  const { h, register, fill } = epochs;

  register("picture", ({ root, config, props, trigger, watch, text }) => {
    const { demo, examples, field } = config;
    const preview = h("div.preview");
    const error = h("p.input-error", { role: "alert", hidden: true });

    function fail(message) { error.textContent = message; error.hidden = !message; }

    function show(value) {
      preview.replaceChildren(value.data
        ? h("img", { src: value.data, alt: value.emoji ? fill(text.preview_emoji, { emoji: value.emoji }) : text.preview,
            onerror: (e) => { e.target.replaceWith(h("span.no-preview", {}, text.no_preview)); } })
        : h("span.empty", {}, epochs.state.asked(demo, field) === "" ? text.left_behind : text.empty));
      if (field) epochs.state.set(demo, field, value.emoji || "");
      document.dispatchEvent(new CustomEvent("epochs-state", { detail: { demo, key: field } }));   // one upload after another has the same name there
    }

    function give(value) {
      fail("");
      props.value = value;
      show(value);
      trigger("input");
    }

    function clear() {
      props.value = {};
      show({});
    }

    const { bar, panel, chooser, pick, listen } = epochs.pictureSource(text, examples, { give, fail, clear });
    const box = h("section.picture", { "aria-label": text.label }, bar, h("div.picture-top", {}, preview, panel), error, chooser);
    listen(box);
    root.append(box);
    document.addEventListener("epochs-emoji", (e) => { if (e.detail.demo === demo) pick(e.detail.emoji); });

    // A restored address or an example names an emoji without its picture: draw it, run nothing.
    function adopt() {
      const value = epochs.read(props);
      if (value.emoji && !value.data) {
        const data = epochs.drawEmoji(value.emoji);
        if (!data) { fail(fill(text.no_glyph, { emoji: value.emoji })); return; }
        // What nobody chose does not follow a visitor to the next demo.
        props.value = { ...value, source: "emoji", data, untouched: value.emoji === config.start };
        show(props.value);
      } else show(value);
    }
    watch("value", adopt);
    // The emoji font may still be loading when the page opens.
    (document.fonts?.ready || Promise.resolve()).then(adopt);
  });
})();
