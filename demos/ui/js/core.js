// The page's own script: a registry of browser components and the few things they share.
// Every visitor's or model's text enters the page through textContent only.
"use strict";
window.epochs = (() => {
  const makers = new Map();
  const waiting = [];

  // A component is a function of Gradio's {element, props, trigger, watch, server}, its empty box `root`,
  // and the `config` (with its words, `text`) that Python gave it.
  function register(kind, maker) {
    makers.set(kind, maker);
    for (const entry of waiting.splice(0)) mount(entry.kind, entry.context, entry.config);
  }

  function mount(kind, context, config) {
    const maker = makers.get(kind);
    if (!maker) { waiting.push({ kind, context, config }); return; }
    const root = context.element.querySelector(".epochs-root");
    // The page's own scripts hear of an event before Gradio does, which may hold it back while a run is on.
    const trigger = (name, ...more) => {
      root.dispatchEvent(new CustomEvent("epochs:trigger", { bubbles: true, detail: name }));
      context.trigger(name, ...more);
    };
    maker({ ...context, trigger, root, config, text: config.text || {} });
  }

  // h("button.primary", {onclick, "aria-label": …}, child, …): elements without innerHTML.
  function h(name, attributes = {}, ...children) {
    const [tag, ...classes] = name.split(".");
    const svg = ["svg", "g", "rect", "text", "line", "title", "desc", "path", "circle", "image"].includes(tag);
    const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag || "div");
    if (classes.length) node.setAttribute("class", classes.join(" "));
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined || value === null || (value === false && !key.startsWith("aria-"))) continue;
      if (key.startsWith("aria-")) node.setAttribute(key, String(value));   // "false" is a state, not an absence
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (key === "value") node.value = value;
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat().filter((c) => c !== null && c !== undefined));
    return node;
  }

  // Redraws without throwing a keyboard's focus to the top of the page.
  function redraw(root, ...children) {
    const focusable = () => [...root.querySelectorAll("button:not(:disabled),input,a")];
    const place = focusable().indexOf(document.activeElement);
    root.replaceChildren(...children.filter(Boolean));
    if (place >= 0) (focusable()[place] || focusable().at(-1))?.focus({ preventScroll: true });
  }

  const fill = (template, values) =>
    template.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));

  const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const rgb = (colour) => [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));      // "#5368e9" -> three of 255

  // Values come from Python as JSON; a missing one is {}.
  const read = (props) => props.value || {};

  function say(sentence) {                       // one polite live region for the whole page
    let region = document.getElementById("epochs-live");
    if (!region) {
      region = h("div.sr-only", { id: "epochs-live", role: "status", "aria-live": "polite" });
      document.body.append(region);
    }
    region.textContent = sentence;
  }

  // A probability in words; the page's Python has a percent that writes it alike.
  const percent = (p) => (p > 0 && p < 0.000005 ? "<0.001" : p >= 0.9995 ? "100" : p >= 0.1 ? (100 * p).toFixed(1) : (100 * p).toFixed(p < 0.001 ? 3 : 2)) + "%";

  // After an answer: on a phone the stage lies below the controls, on a laptop sometimes above the button.
  // Not while a hand is still on the picture (the next pen stroke, the next emoji) or in a text.
  function bringIntoView(root, demo) {
    const busy = document.querySelector(`#${demo} .sketch`) || document.activeElement?.closest(".picture, textarea");
    const { top } = root.getBoundingClientRect();
    if (busy || (top > -40 && top < innerHeight * 0.65)) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    root.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }

  // Enter that ends a word of an input method (Chinese, Japanese) is no command to a form.
  document.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.isComposing) event.stopPropagation(); }, true);

  return { register, mount, h, redraw, fill, bytes, rgb, read, say, percent, bringIntoView };
})();
