// The panel of sliders: what is done to the picture, kept in the address.
"use strict";
(() => {
  const { h, fill } = epochs;
  const own = (epochs.robustness ??= {});
  const GROUPS = { cover: ["cover_x", "cover_y"], word: ["word_size", "word_x", "word_y"] };
  const isPart = (name) => Object.values(GROUPS).some((parts) => parts.includes(name));

  own.plain = (value) => String(+value.toFixed(1)).replace("-", "−");
  // Which curve a slider belongs to: a place has none of its own.
  own.curveOf = (name) => (name.startsWith("cover") ? "cover" : name.startsWith("word") ? "word_size" : name);
  own.rested = (sliders) => ({ ...Object.fromEntries(sliders.map((s) => [s.name, s.rest])), word: "" });

  // What was done, in words; "" when nothing.
  own.describe = (values, corruptions, text) => [
    ...corruptions.filter((name) => values[name]).map((name) =>
      fill(text[(name === "light" && values.light < 0 ? "dark" : name) + "_said"], { value: own.plain(Math.abs(values[name])) })),
    ...(values.word ? [fill(text.word_said, { value: values.word })] : [])].join(text.separator);

  // change(name): the visitor has moved a slider; name is null when many moved at once.
  own.makePanel = ({ config, text, change, offer }) => {
    const { demo, sliders, corruptions, attacks } = config;
    const values = own.rested(sliders), rows = {};
    const byName = Object.fromEntries(sliders.map((s) => [s.name, s]));

    function slider({ name, low, high, step }) {
      const id = `${demo}-${name}`;
      const input = h("input", { type: "range", id, min: low, max: high, step, oninput: () => set(name, +input.value) });
      const shown = h("output", { for: id });
      const node = h(`div.slider${isPart(name) ? ".part" : ""}.control-${name}`, {}, h("label", { for: id }, text[name]), input, shown);
      rows[name] = { node, input, shown };
      return node;
    }

    const word = h("input", { type: "text", id: `${demo}-word`, maxlength: config.word_chars, placeholder: text.word_hint,
      list: `${demo}-words`, autocomplete: "off", oninput: () => { store("word", word.value.trim()); show(); change("word"); } });
    const words = h("datalist", { id: `${demo}-words` });
    const reason = h("p.slider-reason", { id: `${demo}-word-reason`, hidden: true });
    const wordRow = h("div.slider.control-word", {}, h("label", { for: `${demo}-word` }, text.word), word, words);

    function store(name, value) {
      values[name] = value;
      epochs.state.set(demo, name, value);
    }
    function set(name, value) {
      const { low, high } = byName[name];
      store(name, Math.min(high, Math.max(low, value)));
      show();
      change(name);
    }
    function setMany(wanted) {
      for (const [name, value] of Object.entries({ ...own.rested(sliders), ...wanted })) store(name, value);
      word.value = values.word;
      show();
      change(null);
    }

    function show() {
      for (const [name, { node, input, shown }] of Object.entries(rows)) {
        const said = fill(text[name + "_unit"] || text.place_unit, { value: own.plain(values[name]) });
        input.value = values[name];
        input.setAttribute("aria-valuetext", said);
        shown.textContent = said;
        node.classList.toggle("moved", values[name] !== byName[name].rest && !isPart(name));
      }
      for (const group of Object.keys(GROUPS)) parts[group].hidden = !values[group];
      undo.disabled = !own.describe(values, corruptions, text);
    }

    // A word is offered to models that can read; for the others the reason stands there, with one click to one.
    function allowWord(reader, labels) {
      word.disabled = Boolean(reader);
      word.setAttribute("aria-describedby", reader ? reason.id : "");
      words.replaceChildren(...labels.map((label) => h("option", { value: label })));
      reason.hidden = !reader;
      reason.replaceChildren(...(!reader ? [] : [text.cannot_read + " ", reader.message || "",
        ...(reader.value ? [h("button.small", { type: "button", onclick: () => offer(reader.value) }, reader.label)] : [])]));
      if (reader && values.word) { store("word", ""); word.value = ""; show(); }
    }

    const undo = h("button.small", { type: "button", onclick: () => setMany({}) }, text.reset);
    const chips = h("div.chips.control-attacks", { role: "group", "aria-label": text.attacks }, attacks.map(({ name, ...wanted }) =>
      h("button.chip", { type: "button", onclick: () => setMany(wanted) }, name)));
    const parts = Object.fromEntries(Object.entries(GROUPS).map(([group, names]) => [group, h("div.slider-parts", {}, names.map((name) => slider(byName[name])))]));
    const node = h("section.sliders", { "aria-label": text.sliders },
      h("div.sliders-head", {}, h("p.control-title", {}, text.sliders), undo), chips,
      h("div.slider-grid", {}, corruptions.map((name) => slider(byName[name])), parts.cover, wordRow, parts.word, reason));

    // An address fills the sliders; what it may not say, the server has named already.
    for (const { name, low, high } of sliders) {
      const asked = epochs.state.asked(demo, name), value = Number(asked);
      if (asked && value >= low && value <= high) values[name] = value;
    }
    values.word = (epochs.state.asked(demo, "word") || "").slice(0, config.word_chars);
    word.value = values.word;
    show();
    return { node, values, set, setMany, allowWord };
  };
})();
