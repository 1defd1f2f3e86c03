// What the page tells the server beside the controls: this page's name for its runs, and which rows it holds.
"use strict";
(() => {
  const noise = Object.assign(epochs.noise ??= {}, { running: false, hold() {}, stop() {}, ended() {}, show: () => false });
  // The page's opening resets what a component set when it was mounted: the value is put back when the page is
  // ready, and before any click or key can start something.
  function keep(props, make) {
    const hold = () => { if (JSON.stringify(props.value) !== JSON.stringify(make())) props.value = make(); };
    for (const type of ["click", "keydown", "change"]) document.addEventListener(type, hold, true);
    new MutationObserver(hold).observe(document.documentElement, { attributes: true, attributeFilter: ["data-epochs"] });
    hold();
    return hold;
  }

  const fresh = () => Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);

  // A run takes the name as it stands when it begins; stopping retires the name, so that it never hits a later run.
  epochs.register("noise_held", ({ config, props, trigger }) => {
    let value = { name: fresh(), key: "" };
    const hold = keep(props, () => value);
    noise.hold = (key) => { value = { ...value, key }; hold(); };
    noise.stop = () => {
      value = { ...value, stop: value.name, name: fresh() };
      hold();
      trigger("select");
    };
    // A new run ends the one that is on: Gradio holds the click back until that has happened.
    document.addEventListener("click", (event) => { if (noise.running && event.target.closest?.(`#${config.demo}-run`)) noise.stop(); }, true);
  });

  // The slider between DDIM and DDPM: a value that is held is shown at once, another asks the server.
  epochs.register("noise_eta", ({ root, config, props, watch, trigger, text }) => {
    const { h, state, read } = epochs;
    const slider = h("input", { type: "range", min: 0, max: 1, step: 0.05, id: "noise-eta", value: read(props).eta ?? config.start });
    const shown = h("output", { for: "noise-eta" });
    const say = () => { shown.textContent = (+slider.value).toFixed(2); };
    slider.addEventListener("input", say);
    slider.addEventListener("change", () => {
      props.value = { eta: +slider.value };
      state.set(config.demo, "eta", +slider.value);
      if (!noise.show(+slider.value)) trigger("input");
    });
    root.append(h("div.noise-eta", {}, h("label", { for: "noise-eta" }, text.eta_label),
      h("div.stage-tools", {}, h("span", {}, "DDIM"), slider, h("span", {}, "DDPM"), shown), h("p.stage-note", {}, text.eta_hint)));
    watch("value", () => { slider.value = read(props).eta ?? config.start; say(); });
    say();
  });
})();
