// A demo's head: era, year, paper, and the question in one sentence.
"use strict";
epochs.register("head", ({ root, text }) => {
  const { h } = epochs;
  root.append(h("header.head", {},
    h("p.eyebrow", {}, `${text.era} · ${text.year}`),
    h("h1", {}, text.title),
    h("p.question", {}, text.question),
    h("p.paper", {}, text.paper)));
});

epochs.register("section_title", ({ root, text }) => {
  const { h } = epochs;
  root.append(h("h2.section-title", {}, text.title), h("p.section-note", {}, text.note));
});

// A static figure of `figures`: an SVG that this server wrote (it escapes all text); inline, so that its
// colours follow the page.
epochs.register("figure", ({ root, props, watch }) => {
  const draw = () => {
    const { svg } = epochs.read(props);
    if (!svg) { root.replaceChildren(); return; }
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    root.replaceChildren(document.importNode(parsed, true));
  };
  watch("value", draw);
  draw();
});
