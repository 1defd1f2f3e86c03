// Drawings to take along: SVG that stands alone, on white paper.
"use strict";
epochs.sheet = (() => {
  const { h } = epochs;
  const FONT = "system-ui,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif";

  // XML has no control characters: one of them in a visitor's words would make the file unreadable.
  const clean = (words) => String(words).replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, " ");
  const short = (words, most) => { const all = [...clean(words)]; return all.length > most ? all.slice(0, most - 1).join("") + "…" : all.join(""); };
  const line = (x, y, words, more = {}) => h("text", { x, y, "font-size": 13, fill: "#1d1d1f", ...more }, clean(words));
  const small = (x, y, words) => line(x, y, words, { "font-size": 11, fill: "#60646c" });

  // -> the drawing as text; `title` and `desc` are what a screen reader says of it.
  function write({ width, height, title, desc }, ...children) {
    const node = h("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, style: "color:#1d1d1f", "font-family": FONT },
      h("title", {}, clean(title)), h("desc", {}, clean(desc)), h("rect", { width, height, fill: "#fff" }), ...children);
    return new XMLSerializer().serializeToString(node);
  }
  return { FONT, clean, short, line, small, write };
})();
