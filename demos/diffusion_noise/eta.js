// The slider between DDIM and DDPM: a value that is held is shown at once, another asks the server.
"use strict";
(() => {
  const noise = Object.assign(epochs.noise ??= {}, { show: () => false });

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
