// What is done to Gradio's configuration before its script draws from it. The tab of the demo that an address names is open
// from the first drawing on: on a slow device the server's word on it comes seconds after the page.
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

  const demo = new URLSearchParams(location.search).get("demo");
  if (demo) document.addEventListener("readystatechange", () => {
    try {
      epochs.openAt(window.gradio_config, demo);
    } catch { /* another Gradio: the server selects the tab when it answers */ }
  }, { once: true });
})();
