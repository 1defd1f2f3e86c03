// The model picker: a card per checkpoint; a download starts only from its own button.
"use strict";
epochs.chosen = {};                              // demo -> the id of its model, of the picker that was used last
epochs.register("picker", ({ root, config, props, trigger, watch, text }) => {
  const { h, fill, read } = epochs;
  const { demo, field, own } = config;

  // A folder of this machine is nobody else's: it stays out of the address.
  const remember = (id) => {
    epochs.chosen[demo] = id;
    epochs.state.set(demo, field, /^([/.~\\]|[A-Za-z]:)/.test(id) ? initial : id);
  };
  const initial = read(props).cards?.[0]?.id;

  function choose(id) {
    props.value = { ...read(props), id };
    remember(id);
    draw();
  }

  function draw() {
    const { id, cards } = read(props);
    const group = h("div.cards", { role: "group", "aria-label": text.label }, (cards || []).map((card) => {
      const chosen = card.id === id;
      const box = h("div.card" + (chosen ? ".chosen" : ""), {},
        h("button.card-main", { type: "button", "aria-pressed": chosen, onclick: () => choose(card.id) },
          h("span.card-name", {}, card.name), h(`span.pill.${card.status}`, {}, card.status_label), h("span.card-detail", {}, card.detail)));
      if (chosen && card.status === "download")
        box.append(h("button.primary.small", { type: "button", onclick: () => trigger("select") }, fill(text.fetch, { megabytes: card.megabytes })));
      return box;
    }));
    epochs.redraw(root, h("section.picker", { "aria-label": text.label }, h("p.control-title", {}, text.label), group, ownBox));
  }

  function makeOwnBox() {
    const box = h("input", { type: "text", placeholder: text.own, "aria-label": text.own, maxlength: 300 });
    const use = () => { if (box.value.trim()) choose(box.value.trim()); };
    box.addEventListener("keydown", (e) => { if (e.key === "Enter") use(); });
    return h("div.own", {}, box, h("button.small", { type: "button", onclick: use }, text.own_use));
  }

  const ownBox = own ? makeOwnBox() : null;      // made once: a redraw must not wipe what is being typed
  watch("value", () => { remember(read(props).id); draw(); });
  draw();
});

// A banner's offer chooses its checkpoint, whether or not the picker is on the page.
epochs.chooseOffered = (demo, field, banner, picker) => {
  epochs.state.set(demo, field, banner.picked);
  return { ...picker, id: banner.picked };
};

// What has arrived, told to its own picker and to the tab's others, which may list the same checkpoint.
epochs.showArrived = ({ cards }, picker, ...others) => {
  if (!cards) return [picker, ...others];
  const renewed = (card) => cards.find((other) => other.id === card.id) || card;
  return [{ ...picker, cards }, ...others.map((other) => ({ ...other, cards: other.cards.map(renewed) }))];
};

// A value that only travels between handlers: nothing to see.
epochs.register("state", () => {});
