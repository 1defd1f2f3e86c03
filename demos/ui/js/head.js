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
// colours follow the page. It can be taken along like the stage's.
epochs.register("figure", ({ root, props, watch, text }) => {
  const { h } = epochs;
  const draw = () => {
    const { svg, rows, name, badge } = epochs.read(props);
    if (!svg) { root.replaceChildren(); return; }
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    // On its own, outside the page, it needs a paper and an ink.
    const alone = () => {
      const copy = parsed.cloneNode(true);
      copy.setAttribute("style", "color:#1b1f27;background:#ffffff");
      const [, , width, height] = copy.getAttribute("viewBox").split(" ");
      copy.setAttribute("width", width);
      copy.setAttribute("height", height);
      return new XMLSerializer().serializeToString(copy);
    };
    root.replaceChildren(document.importNode(parsed, true), h("div.take-row", {}, epochs.badge(badge, true),
      epochs.saveButtons(() => ({ name, rows, svg: alone(), record: { rows, provenance: badge } }), text)));
  };
  watch("value", draw);
  draw();
});
