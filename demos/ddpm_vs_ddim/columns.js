// The two columns' settings: sampler, steps, and what only that sampler has; what B is held equal in.
"use strict";
epochs.register("race_columns", ({ root, config, props, watch, text }) => {
  const { h } = epochs;
  const { demo, chips, same_steps: sameSteps } = config;
  let seen = null;
  let state = epochs.read(props);                // what is set here, whatever the page's opening puts into props
  const letters = ["a", "b"];
  const options = (pairs) => pairs.map(([value, label]) => h("option", { value }, label));
  const write = (next) => { state = next; hold(); remember(); draw(); };
  const change = (place, part) => {
    const { columns, lock } = state;
    write({ lock, columns: columns.map((column, i) => (i === place ? { ...column, ...part } : column)) });
  };

  function remember() {
    const { columns, lock } = state;
    columns.forEach((column, place) => {
      for (const [key, value] of Object.entries(column)) epochs.state.set(demo, `${letters[place]}_${key}`, value);
    });
    epochs.state.set(demo, "lock", lock);
  }

  // What the address asks for, where it is one of what is offered; the rest stays as Python gave it.
  function restore() {
    const { columns, lock } = state;
    const one = (key, allowed, other) => { const value = epochs.state.asked(demo, key); return allowed.some(([name]) => name === value) ? value : other; };
    const number = (key, low, high, other) => epochs.state.askedNumber(demo, key, low, high, other);
    state = { lock: one("lock", config.locks, lock), columns: columns.map((column, place) => {
      const letter = letters[place];
      const steps = number(`${letter}_steps`, 1, config.most_steps, column.steps);
      return { sampler: one(`${letter}_sampler`, config.samplers, column.sampler), steps: Number.isInteger(steps) ? steps : column.steps,
        eta: number(`${letter}_eta`, 0, 1, column.eta), variance: one(`${letter}_variance`, config.variances, column.variance) };
    }) };
    remember();
  }

  function makeColumn(place) {
    const id = `race-${letters[place]}`;
    const sampler = h("select", { id: `${id}-sampler`, onchange: () => change(place, { sampler: sampler.value }) });
    // Which model is chosen may have changed since.
    for (const event of ["focus", "pointerdown"]) sampler.addEventListener(event, () => offer(place));
    const steps = h("input.race-number", { id: `${id}-steps`, type: "number", min: 1, max: config.most_steps, step: 1, inputmode: "numeric",
      oninput: () => change(place, { steps: steps.value === "" ? null : Number(steps.value) }) });
    const slide = h("input", { type: "range", min: 0, max: chips.length - 1, step: 1, "aria-label": text.preset,
      oninput: () => change(place, { steps: chips[slide.value] }) });
    const eta = h("input", { id: `${id}-eta`, type: "range", min: 0, max: 1, step: 0.05, oninput: () => change(place, { eta: Number(eta.value) }) });
    const etaValue = h("output", { for: `${id}-eta` });
    const variance = h("select", { id: `${id}-variance`, onchange: () => change(place, { variance: variance.value }) }, options(config.variances));
    const more = {
      ddim: h("div.race-field", {}, h("label", { for: `${id}-eta` }, text.eta, " ", etaValue), eta),
      ddpm: h("div.race-field", {}, h("label", { for: `${id}-variance` }, text.variance), variance) };
    const box = h("fieldset.race-settings", {}, h("legend", {}, letters[place].toUpperCase()),
      h("div.race-field", {}, h("label", { for: `${id}-sampler` }, text.sampler), sampler),
      h("div.race-field", {}, h("div.race-steps", {}, h("label", { for: `${id}-steps` }, text.steps), steps), slide), more.ddim, more.ddpm);
    return { box, sampler, steps, slide, eta, etaValue, variance, more };
  }

  // LCM is for distilled models only: the others have not learned to jump.
  function offer(place) {
    const { sampler } = parts[place], chosen = state.columns[place].sampler;
    const model = epochs.chosen[demo] ?? epochs.state.asked(demo, "model");
    const byStudent = config.students.includes(model ?? config.students[0]);      // no model chosen yet: the first one's
    const fits = ([name]) => name !== config.only_distilled || byStudent || config.distilled.includes(model) || chosen === name || epochs.race.distilled.has(model);
    const wanted = config.samplers.filter(fits).map(([name, label]) => [name, name === config.only_distilled && byStudent ? text.few_step : label]);
    if (String(wanted) !== String([...sampler.options].map((option) => [option.value, option.label]))) sampler.replaceChildren(...options(wanted));
    sampler.value = chosen;
  }

  const lock = h("select", { id: "race-lock", onchange: () => write({ ...state, lock: lock.value }) }, options(config.locks));
  const hint = h("p.race-hint", {});
  const parts = [makeColumn(0), makeColumn(1)];
  root.append(h("section.race-controls", { "aria-label": text.title },
    h("div.race-pair", {}, parts.map((part) => part.box)),
    h("div.race-lock", {}, h("label", { for: "race-lock" }, text.lock), lock, hint)));

  function draw() {
    const value = state;
    if (!value.columns) return;
    const held = sameSteps.includes(value.lock);
    if (held && value.columns[1].steps !== value.columns[0].steps) { change(1, { steps: value.columns[0].steps }); return; }
    lock.value = value.lock;
    hint.textContent = value.lock === "none" ? "" : text[`hint_${value.lock}`];
    value.columns.forEach((column, place) => {
      const { sampler, steps, slide, eta, etaValue, variance, more } = parts[place];
      offer(place);
      sampler.value = column.sampler;
      const shown = column.steps === null ? "" : String(column.steps);
      if (document.activeElement !== steps) steps.value = shown;
      if (column.steps) slide.value = chips.findLastIndex((chip) => chip <= column.steps);
      slide.setAttribute("aria-valuetext", shown);
      steps.disabled = slide.disabled = place === 1 && value.lock !== "none";
      eta.value = column.eta;
      etaValue.textContent = String(column.eta);
      variance.value = column.variance;
      more.ddim.hidden = column.sampler !== "ddim";
      more.ddpm.hidden = column.sampler !== "ddpm";
    });
  }

  restore();
  const hold = epochs.runs.keep(props, () => state);
  // Settings that come from a picture carry a number; anything else that arrives is the page's opening.
  watch("value", () => {
    const { restored, ...value } = epochs.read(props);
    if (!restored || restored === seen) return;
    seen = restored;
    write(value);
  });
  draw();
});
