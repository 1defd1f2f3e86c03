// This page's name for its run, which the server is told with every run and with Stop.
"use strict";
(() => {
  const shared = epochs.words = Object.assign(epochs.words || {}, { running: false, stop() {} });
  const fresh = () => Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");

  epochs.register("words_run", ({ config, props, trigger }) => {
    let value = { name: fresh() };
    // The page's opening resets what was set when the component was mounted: the value is put back when the page
    // is ready, and before any click or key can start something.
    const hold = () => { if (epochs.read(props).name !== value.name) props.value = value; };
    for (const type of ["click", "keydown", "change"]) document.addEventListener(type, hold, true);
    new MutationObserver(hold).observe(document.documentElement, { attributes: true, attributeFilter: ["data-epochs"] });
    hold();
    // Stopping retires the name, so that it never hits a later run.
    shared.stop = () => {
      value = { stop: value.name, name: fresh() };
      hold();
      trigger("select");
    };
    // A new run ends the one that is on: Gradio holds the click back until that has happened.
    document.addEventListener("click", (event) => { if (shared.running && event.target.closest?.(`#${config.demo}-run`)) shared.stop(); }, true);
  });
})();
