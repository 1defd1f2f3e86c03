// The model picker: a card per checkpoint; a download starts only from its own button.
"use strict";
epochs.register("picker", ({ root, config, props, trigger, watch, text }) => {
  const { h, fill, read } = epochs;
  const { demo, field, own } = config;

  // A folder of this machine is nobody else's: it stays out of the address.
  const remember = (id) => epochs.state.set(demo, field, /^([/.~\\]|[A-Za-z]:)/.test(id) ? initial : id);
  const initial = read(props).cards?.[0]?.id;

  function choose(id) {
    props.value = { ...read(props), id, progress: null };
    remember(id);
    draw();
    trigger("input");
  }

  function draw() {
    const { id, cards, progress } = read(props);
    const group = h("div.cards", { role: "radiogroup", "aria-label": text.label }, (cards || []).map((card) => {
      const chosen = card.id === id;
      const box = h("div.card" + (chosen ? ".chosen" : ""), {},
        h("button.card-main", { type: "button", role: "radio", "aria-checked": chosen, onclick: () => choose(card.id) },
          h("span.card-name", {}, card.name), h(`span.pill.${card.status}`, {}, card.status_label), h("span.card-detail", {}, card.detail)));
      if (chosen && card.status === "download")
        box.append(progress
          ? h("div.progress", {}, h("progress", { value: progress.done, max: progress.total || 1 }), h("span", {}, fill(text.fetching, { done: progress.done, megabytes: progress.total || "?" })))
          : h("button.primary.small", { type: "button", onclick: () => trigger("select") }, fill(text.fetch, { megabytes: card.megabytes })));
      return box;
    }));
    root.replaceChildren(h("section.picker", { "aria-label": text.label }, h("p.control-title", {}, text.label), group, own ? ownBox() : null));
  }

  function ownBox() {
    const box = h("input", { type: "text", placeholder: text.own, "aria-label": text.own, maxlength: 300 });
    const use = () => { if (box.value.trim()) choose(box.value.trim()); };
    box.addEventListener("keydown", (e) => { if (e.key === "Enter") use(); });
    return h("div.own", {}, box, h("button.small", { type: "button", onclick: use }, text.own_use));
  }

  watch("value", () => { remember(read(props).id); draw(); });
  draw();
});
