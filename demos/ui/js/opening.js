// What is done to Gradio's configuration before its script draws from it. The tab of the demo that an address names is open
// from the first drawing on: on a slow device the server's word on it comes seconds after the page. And what never changes
// is not watched for changes.
"use strict";
(() => {
  // -> the boxes around the one whose element id is `wanted`, the outermost first, itself last; null where it is not inside.
  function path(node, wanted, of) {
    if (of[node.id]?.props?.elem_id === wanted) return [node];
    for (const child of node.children || []) {
      const found = path(child, wanted, of);
      if (found) return [node, ...found];
    }
    return null;
  }

  // Gradio draws from this configuration, which stands in the page before its script begins.
  epochs.openAt = (config, demo) => {
    const of = Object.fromEntries(config.components.map((component) => [component.id, component]));
    const around = path(config.layout, demo, of) || [];
    around.forEach((node, n) => {
      const [tab, bar] = [of[node.id], of[around[n - 1]?.id]];
      if (tab?.type === "tabitem" && bar?.type === "tabs") bar.props.selected = tab.props.id;
    });
  };

  // For every component Gradio's script goes through what sets off each event, twice; Svelte, which watches only arrays and
  // objects as the language made them, would notice each look. Without, a page of 600 components and 650 events opens in
  // about two thirds of the time (tests/bench/page.py).
  epochs.unwatched = (config) => {
    const still = Object.create(Array.prototype);
    for (const event of config.dependencies) Object.setPrototypeOf(event.targets, still);
  };

  const demo = new URLSearchParams(location.search).get("demo");
  document.addEventListener("readystatechange", () => {
    try {
      epochs.unwatched(window.gradio_config);
      if (demo) epochs.openAt(window.gradio_config, demo);
    } catch { /* another Gradio: it opens more slowly, and the server selects the tab when it answers */ }
  }, { once: true });
})();
