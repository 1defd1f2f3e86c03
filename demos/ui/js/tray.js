// The tray: several pictures, numbered, each with a caption of its own where a demo asks for captions, or sorted
// into groups that the visitor names. Its value: {pictures: [{source, emoji?, data, caption?, group?}], groups?}.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const TOTAL = 9e6;                             // characters of all pictures together: a request holds 15 MB

  // Draws the emoji that an address, a preset or an example names without their pictures.
  epochs.drawTray = (value) => ({ ...value, pictures: (value.pictures || []).map((picture) =>
    (picture.emoji && !picture.data ? { ...picture, source: "emoji", data: epochs.drawEmoji(picture.emoji) } : picture)) });

  const line = (words) => words.replace(/[\u0000-\u001f\u007f]+/g, " ").trim();

  // What the address says of a tray, a line each: "emoji caption", "# group", "+2" for pictures that stay behind.
  function addressOf({ pictures, groups }) {
    const said = (members) => members.filter((p) => p.emoji).map((p) => line(`${p.emoji} ${p.caption || ""}`));
    const lines = groups
      ? groups.flatMap((name, g) => [line(`# ${name}`), ...said(pictures.filter((p) => p.group === g))])
      : said(pictures);
    const behind = pictures.filter((p) => !p.emoji).length;
    return [...lines, ...(behind ? [`+${behind}`] : [])].join("\n");
  }

  register("tray", ({ root, config, props, trigger, watch, text }) => {
    const { demo, field, limit, captions, most_groups } = config;
    const grouped = Boolean(most_groups);
    let tray = { pictures: [], groups: grouped ? [] : undefined };
    let selected = 0;                            // the group that pictures are added to
    let left = 0;                                // pictures that a link could not bring

    const error = h("p.input-error", { role: "alert", hidden: true });
    const note = h("p.tray-note", { role: "status", hidden: true });
    const shelves = h("div.tray-shelves");
    const count = h("span.tray-count", { role: "status" });
    const say = (node, words) => { node.textContent = words; node.hidden = !words; };
    const fail = (words) => say(error, words);

    // -- what the page hands on ----------------------------------------------------------------------
    const signature = ({ pictures, groups }) => JSON.stringify([groups,
      (pictures || []).map((p) => [p.emoji, p.caption, p.group, p.data?.length, p.data?.slice(-64)])]);
    let published = "";

    function publish() {
      const value = { pictures: tray.pictures.map(({ source, emoji, data, caption, group }) => ({ source, data,
        ...(emoji ? { emoji } : {}), ...(captions ? { caption } : {}), ...(grouped ? { group } : {}) })),
        ...(grouped ? { groups: tray.groups } : {}) };
      published = signature(value);
      props.value = value;
      epochs.state.set(demo, field, addressOf(tray));
    }

    function changed() {
      left = 0;
      draw();
      publish();
      trigger("input");
    }

    // -- changing it -----------------------------------------------------------------------------------
    function give(picture) {
      if (tray.pictures.length >= limit) { fail(fill(text.full, { limit })); return false; }
      if (tray.pictures.reduce((sum, p) => sum + p.data.length, picture.data.length) > TOTAL) { fail(text.heavy); return false; }
      fail("");
      const later = grouped ? tray.pictures.findIndex((p) => p.group > selected) : -1;
      tray.pictures.splice(later < 0 ? tray.pictures.length : later, 0,
        { ...picture, ...(captions ? { caption: "" } : {}), ...(grouped ? { group: selected } : {}) });
      changed();
      return true;
    }

    function remove(picture) {
      const place = tray.pictures.indexOf(picture);
      tray.pictures.splice(place, 1);
      fail("");
      changed();
      const buttons = shelves.querySelectorAll(".tray-remove");
      (buttons[Math.min(place, buttons.length - 1)] || opener).focus();
    }

    function removeGroup(g) {
      tray.groups.splice(g, 1);
      tray.pictures = tray.pictures.filter((p) => p.group !== g);
      for (const p of tray.pictures) if (p.group > g) p.group -= 1;
      select(Math.min(selected, tray.groups.length - 1));
      changed();
    }

    // -- drawing ---------------------------------------------------------------------------------------
    // One node per picture, kept while the picture is there: a caption keeps its cursor.
    function item(picture) {
      const number = h("span.tray-number", { "aria-hidden": true });
      const image = h("img", { src: picture.data, onerror: (e) => e.target.replaceWith(h("span.no-preview", {}, text.no_preview)) });
      const cross = h("button.tray-remove", { type: "button", "aria-keyshortcuts": "Delete", onclick: () => remove(picture),
        onkeydown: (e) => { if (e.key === "Delete" || e.key === "Backspace") { e.preventDefault(); remove(picture); } } }, "\u00d7");
      const caption = captions && h("input.tray-caption", { type: "text", maxlength: config.caption_chars, value: picture.caption || "",
        placeholder: text.caption_hint, dir: "auto", autocomplete: "off",
        oninput: () => { picture.caption = line(caption.value); publish(); },
        onkeydown: (e) => { if (e.key === "Enter" && !e.isComposing) { e.preventDefault(); trigger("submit"); } } });
      const node = h("li.tray-item", {}, h("div.tray-thumb", {}, image, number, cross), caption || null);
      node.number = (n) => {
        number.textContent = n;
        image.alt = picture.emoji ? `${n}: ${fill(text.preview_emoji, { emoji: picture.emoji })}` : fill(text.number, { n });
        cross.setAttribute("aria-label", fill(text.remove, { n }));
        if (caption) caption.setAttribute("aria-label", fill(text.caption, { n }));
      };
      return node;
    }

    const nodes = new WeakMap();                 // picture -> its item
    function list(pictures, label) {
      return h("ol.tray-list" + (captions ? ".with-captions" : ""), { "aria-label": label }, pictures.map((p) => {
        if (!nodes.has(p)) nodes.set(p, item(p));
        nodes.get(p).number(tray.pictures.indexOf(p) + 1);
        return nodes.get(p);
      }));
    }

    function shelf(name, g) {
      const title = h("input.tray-group-name", { type: "text", maxlength: config.group_chars, value: name, dir: "auto",
        autocomplete: "off", "aria-label": fill(text.group_name, { n: g + 1 }),
        oninput: () => { tray.groups[g] = line(title.value); publish(); }, onchange: () => trigger("submit") });
      const here = h("button.small", { type: "button", onclick: () => { select(g); open(true); } });
      const members = tray.pictures.filter((p) => p.group === g);
      const cross = tray.groups.length > config.fewest_groups && h("button.tray-remove-group", { type: "button",
        "aria-label": fill(text.remove_group, { n: g + 1 }), onclick: () => removeGroup(g) }, "\u00d7");
      const box = h("section.tray-group", { "aria-label": fill(text.group, { n: g + 1 }) },
        h("div.tray-group-head", {}, title, here, cross || null),
        members.length ? list(members, fill(text.group, { n: g + 1 })) : h("p.tray-empty", {}, text.empty_tray));
      box.mark = () => {
        box.classList.toggle("selected", g === selected);
        here.setAttribute("aria-pressed", g === selected);
        here.textContent = g === selected ? text.adding_here : text.add_here;
      };
      box.mark();
      return box;
    }

    function draw() {
      const { activeElement } = document;
      if (grouped) {
        shelves.replaceChildren(...tray.groups.map(shelf));
        another.hidden = tray.groups.length >= most_groups;
      } else shelves.replaceChildren(tray.pictures.length ? list(tray.pictures, text.label) : h("p.tray-empty", {}, text.empty_tray));
      if (activeElement !== document.activeElement && shelves.contains(activeElement)) activeElement.focus({ preventScroll: true });
      count.textContent = fill(text.count, { n: tray.pictures.length, limit });
      say(note, left ? fill(text.left, { n: left }) : "");
    }

    function select(g) {
      selected = g;
      for (const box of shelves.children) box.mark?.();
    }

    // -- the source panel, opened when wanted --------------------------------------------------------------
    const source = epochs.pictureSource(text, config.examples, { give, fail, several: true });
    const drawer = h("div.tray-drawer", { hidden: true }, source.bar, source.panel);
    const opener = h("button.small.tray-add", { type: "button", "aria-expanded": "false", onclick: () => open(drawer.hidden) }, text.add);
    const another = h("button.small", { type: "button", hidden: true, onclick: () => {
      tray.groups.push(fill(text.new_group, { n: tray.groups.length + 1 }));
      selected = tray.groups.length - 1;
      changed();
      open(true);
      shelves.lastChild.querySelector("input").select();
    } }, text.add_group || "");
    function open(wanted) {
      drawer.hidden = !wanted;
      if (!wanted) source.rest();
      opener.setAttribute("aria-expanded", wanted);
      opener.textContent = wanted ? text.close : text.add;
    }
    const box = h("section.tray", { "aria-label": text.label }, h("div.tray-head", {}, h("span.control-title", {}, text.label), count),
      shelves, note, h("div.tray-actions", {}, opener, another), drawer, error, source.chooser);
    source.listen(box);
    root.append(box);
    open(grouped);

    // A value from elsewhere: a restored address, a preset. Emoji are drawn; nothing runs.
    function adopt() {
      if (signature(epochs.read(props)) === published) return;       // our own
      const value = epochs.drawTray(epochs.read(props));
      const lost = value.pictures.find((p) => !p.data);
      fail(lost ? fill(text.no_glyph, { emoji: lost.emoji || "" }) : "");
      tray = { pictures: value.pictures.filter((p) => p.data).map((p) => ({ ...p })), groups: grouped ? [...(value.groups || [])] : undefined };
      left = value.left_behind || 0;
      selected = Math.min(selected, Math.max(0, (tray.groups || []).length - 1));
      draw();
      publish();
      if (!tray.pictures.length) open(true);
    }
    watch("value", adopt);
    // The emoji font may still be loading when the page opens.
    (document.fonts?.ready || Promise.resolve()).then(adopt);
  });
})();
