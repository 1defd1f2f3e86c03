// The controls: sliders for places, base, width and seed, and whether words are compared. They keep to the address.
"use strict";
(() => {
  const { h, fill, register, read, state } = epochs;
  const positions = Object.assign(epochs.positions ??= {}, { choose: (settings) => settings });

  register("positions_controls", ({ root, config, props, watch, trigger, text }) => {
    const { demo, sliders } = config;
    const settings = {};
    const draws = [];

    // What a slider cannot hold is brought to the nearest value that it can.
    function near(name, value) {
      const [low, high, step, start] = sliders[name];
      if (!Number.isFinite(value)) return start;
      const within = Math.min(high, Math.max(low, value));
      return step ? Math.min(high, low + step * Math.round((within - low) / step)) : within;
    }

    function take(wanted) {
      for (const name of Object.keys(sliders)) if (name in wanted) settings[name] = near(name, Number(wanted[name]));
      if ("words" in wanted) settings.words = Boolean(wanted.words);
      draws.forEach((draw) => draw());
    }
    const remember = () => { for (const [name, value] of Object.entries(settings)) state.set(demo, name, value); };
    const put = epochs.runs.keep(props, () => ({ ...settings }));
    function change(wanted) {
      take(wanted);
      remember();
      put();
      trigger("input");
    }

    function slider(name) {
      const [low, high, step] = sliders[name];
      const [to, from] = step ? [Number, Number] : [Math.log10, (place) => Number((10 ** place).toPrecision(3))];
      const id = `${demo}-${name}`;
      const range = h("input", { type: "range", min: to(low), max: to(high), step: step || 0.05, id });
      const shown = h("output", { for: id });
      range.addEventListener("input", () => change({ [name]: from(Number(range.value)) }));
      draws.push(() => {
        if (document.activeElement !== range || from(Number(range.value)) !== settings[name]) range.value = to(settings[name]);
        shown.textContent = settings[name].toLocaleString("en");
        range.setAttribute("aria-valuetext", fill(text[`${name}_value`], { n: shown.textContent }));
      });
      return h(`div.positions-control.control-${name}`, {}, h("label", { for: id }, text[name]), range, shown,
        text[`${name}_hint`] ? h("p.positions-hint", {}, text[`${name}_hint`]) : null);
    }

    const words = h("input", { type: "checkbox", id: `${demo}-words` });
    words.addEventListener("change", () => change({ words: words.checked }));
    draws.push(() => { words.checked = settings.words; });
    const another = h("button.small", { type: "button", onclick: () => {
      const [low, high] = sliders.seed;
      change({ seed: low + Math.floor(Math.random() * (high - low + 1)) });
    } }, text.another);

    const asked = Object.fromEntries(Object.entries(sliders).map(([name, [low, high, , start]]) => [name, state.askedNumber(demo, name, low, high, start)]));
    root.append(h("div.positions-controls", {}, slider("places"), slider("base"), slider("width"),
      h("div.positions-control.control-words", {}, h("label.positions-check", { for: words.id }, words, text.words), h("p.positions-hint", {}, text.words_hint)),
      slider("seed"), h("div.control-seed", {}, another)));
    take({ ...asked, words: (state.asked(demo, "words") ?? (config.words ? "1" : "0")) === "1" });
    put();
    // A ready-made choice: what it leaves open stays as it is.
    positions.choose = (wanted) => { take(wanted); remember(); put(); return { ...settings }; };
    watch("value", () => { if ("places" in read(props)) take(read(props)); });
  });
})();
