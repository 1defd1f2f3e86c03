// The map's stage: views, search, what is chosen and its neighbours, the gap, the figure to take along.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const minus = (value, digits = 2) => value.toFixed(digits).replace("-", "\u2212");
  const VIEWS = ["both", "centred", "pictures"], COLOURS = ["side", "kind"];

  register("clip_map", ({ root, config, props, watch, trigger, text }) => {
    const { demo } = config;
    const { makeLand, makeSurface, makeGapPanel, figureRows, figureSvg } = epochs.clipMap;
    let land = null, surface = null, answer = null, waiting = null, picked = -1;
    let view = VIEWS.includes(epochs.state.asked(demo, "view")) ? epochs.state.asked(demo, "view") : "both";
    let colour = epochs.state.asked(demo, "colour") === "kind" ? "kind" : "side";
    const onStep = (value) => Math.round(Math.round(value / config.step) * config.step * 100) / 100;
    let wish = epochs.state.asked(demo, "selected") || "";       // an emoji, after a quotation mark for its name
    let closed = onStep(Math.min(config.high, Math.max(config.low, +epochs.state.asked(demo, "closed") || 0)));

    // Before the first run only pictures are shown: where the names lie is the question.
    const nowView = () => (answer ? view : "pictures");

    // -- the page ------------------------------------------------------------------------------------
    const empty = h("div.stage-empty", {}, h("p", {}, text.loading));
    const choice = (name, values, now, set) => {
      const buttons = values.map((value) => h("button.segment", { type: "button", "aria-pressed": false, onclick: () => set(value) }, text[`${name}_${value}`]));
      const node = h(`div.segments.control-${name}`, { role: "group", "aria-label": text[name] }, buttons);
      node.draw = () => buttons.forEach((b, i) => { b.setAttribute("aria-pressed", values[i] === now()); });
      node.enable = (on) => buttons.forEach((b, i) => { b.disabled = !on && values[i] !== "pictures"; });
      return node;
    };
    const views = choice("view", VIEWS, nowView, setView);
    const colourings = choice("colour", COLOURS, () => colour, setColour);
    const list = h("datalist", { id: `${demo}-emoji` });
    const search = h("input", { type: "text", list: `${demo}-emoji`, placeholder: text.search, "aria-label": text.search, autocomplete: "off", enterkeyhint: "search",
      oninput: () => { const i = exact(search.value); if (i >= 0) pick(i, 5); },
      onkeydown: (event) => { if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); findFirst(); } } });
    const host = h("div.map-box", { tabindex: "0", role: "group", "aria-label": text.map_label, "aria-describedby": `${demo}-keys` });
    const zoomButton = (label, words, act) => h("button.map-button", { type: "button", "aria-label": words, title: words, onclick: act }, label);
    host.append(h("div.map-buttons", {}, zoomButton("+", text.zoom_in, () => zoom(1.6)), zoomButton("\u2212", text.zoom_out, () => zoom(1 / 1.6)),
      zoomButton("\u2922", text.zoom_all, () => surface.camera.reset())));
    const legend = h("div.map-legend");
    const caption = h("p.map-caption", { role: "status" });
    const chosen = h("section.map-picked", { "aria-label": text.picked });
    const gap = makeGapPanel(text, { ...config, onClose: (value) => { setClosed(value); if (view !== "both") setView("both"); } });
    const locked = h("p.map-locked", {}, text.locked);
    const live = h("div.stage-live", { hidden: true }, h("div.map-tools", {}, views, colourings, h("span.map-search", {}, search, list)),
      host, legend, caption, h("p.sr-only", { id: `${demo}-keys` }, text.keys), locked, chosen, gap.node);
    root.append(h("section.stage.map", { "aria-label": text.stage }, empty, live));

    const zoom = (factor) => surface.camera.zoomAt(surface.camera.width / 2, surface.camera.height / 2, factor);

    // -- what a visitor changes ----------------------------------------------------------------------
    function setView(value) {
      view = value;
      epochs.state.set(demo, "view", value);
      draw();
    }
    function setColour(value) {
      colour = value;
      epochs.state.set(demo, "colour", value);
      draw();
    }
    function setClosed(value) {
      closed = onStep(value);
      epochs.state.set(demo, "closed", closed);
      gap.close(closed);
      draw();
    }
    function pick(i, fly = 0) {
      picked = i;
      wish = "";
      if (i >= 0 && answer && view === "pictures" && !land.isPicture(i)) setView("both");
      surface.select(i, i >= 0 && (fly || !surface.onScreen(i)) ? Math.max(fly, 1) : 0);
      epochs.state.set(demo, "selected", i < 0 || i >= land.base ? "" : (land.type(i) === land.NAME ? "\u201c" : "") + land.emoji(i));
      drawChosen();
    }

    const option = (i) => `${land.emoji(i)} ${land.words(i)}`;
    const exact = (words) => (land ? land.gallery.emoji.findIndex((emoji, i) => words === option(i) || words === emoji) : -1);
    function findFirst() {
      const words = search.value.trim().toLowerCase();
      if (!words) return;
      const scored = land.gallery.names.map((name, i) => {
        const low = name.toLowerCase(), at = low.indexOf(words);
        return [exact(search.value.trim()) === i ? -1 : at < 0 ? Infinity : (low === words ? 0 : at === 0 ? 1 : low[at - 1] === " " ? 2 : 3) + low.length / 100, i];
      });
      const [best, i] = scored.reduce((a, b) => (b[0] < a[0] ? b : a));
      if (best === Infinity) epochs.say(search.title = fill(text.not_found, { words: search.value.trim() }));
      else { search.title = ""; pick(i, 5); }
      search.classList.toggle("missed", best === Infinity);
      search.setAttribute("aria-invalid", best === Infinity);
    }

    // -- what is shown -------------------------------------------------------------------------------
    const nameOf = (i) => (land.type(i) === land.OWN_PICTURE ? fill(text.own_picture, { n: land.ownPicture(i) + 1 }) : land.words(i));
    const face = (i) => (land.thumbnail(i) ? h("img.map-face", { src: land.thumbnail(i), alt: "" })
      : h("span.map-face", { "aria-hidden": true }, land.isPicture(i) ? land.emoji(i)
        : h(`span.map-mark.as-${i < land.base ? "diamond" : "pill"}`, { style: `color:${colour === "kind" && i < land.base ? `var(--epochs-series-${land.kind(i) + 1})` : "var(--epochs-series-2)"}` })));
    function neighbours(pictures) {
      return h("div", {}, h("h4", {}, pictures ? text.near_pictures : text.near_names), h("ol", {}, land.near(picked, pictures).map(({ index, cosine }) =>
        h("li", {}, h("button.map-near" + (index === land.partner(picked) ? ".partner" : ""), { type: "button", onclick: () => { pick(index); chosen.querySelector("h3")?.focus({ preventScroll: true }); } },
          face(index), h("span.name", { dir: "auto" }, nameOf(index)), h("span.cos", {}, minus(cosine)))))));
    }
    function drawChosen() {
      if (picked < 0) { chosen.replaceChildren(h("p.map-note", {}, text.pick_hint)); return; }
      const type = land.type(picked), partner = land.partner(picked);
      const said = !answer || partner < 0 ? "" : picked < land.base
        ? fill(type === land.PICTURE ? text.partner_name : text.partner_picture, { cosine: minus(land.cosine(picked, partner)), rank: land.rank(picked).toLocaleString("en"), n: land.n.toLocaleString("en") })
        : fill(text.partner_own, { other: `\u2068${nameOf(partner)}\u2069`, cosine: minus(land.cosine(picked, partner)) });
      chosen.replaceChildren(h("div.map-picked-head", {}, face(picked), h("h3", { tabindex: "-1", dir: "auto" }, nameOf(picked)), h("span.map-type", {}, text[["type_picture", "type_name", "type_own_picture", "type_own_caption"][type]]),
          h("button.small", { type: "button", onclick: () => { pick(-1); host.focus({ preventScroll: true }); } }, text.deselect)),
        ...(said ? [h("p", {}, said)] : []),
        h("div.map-near-columns", {}, neighbours(true), answer ? neighbours(false) : null),
        h("p.map-note", {}, fill(text.near_note, { dimensions: land.gallery.dimensions })));
    }

    function drawLegend() {
      const mark = (shape, fillColour, words) => h("span.map-key", {}, h(`span.map-mark.as-${shape}`, { "aria-hidden": true, style: `color:${fillColour}` }), words);
      const series = (i) => `var(--epochs-series-${i + 1})`, all = nowView() !== "pictures";
      const ink = colour === "kind" ? "var(--e-soft)" : null;
      legend.replaceChildren(...[mark("dot", ink || series(0), text.legend_pictures), all && mark("diamond", ink || series(1), text.legend_names),
        answer && land.own.pictures.length && mark("frame", series(0), text.legend_own_pictures), all && land.own.captions.length && mark("pill", series(1), text.legend_own_captions),
        nowView() === "both" && mark("cross", "var(--e-ink)", text.legend_centres),
        ...(colour === "kind" ? land.gallery.kinds.map((kind, i) => mark("dot", series(i), kind)) : [])].filter(Boolean));
    }

    function captionText() {
      const share = land.gallery.views[nowView()].share;
      return fill(text[`caption_${nowView()}`], { share: ((share[0] + share[1]) * 100).toFixed(1) + "%", first: (share[0] * 100).toFixed(1) + "%",
        second: (share[1] * 100).toFixed(1) + "%", dimensions: land.gallery.dimensions, rest: land.gallery.dimensions - 2 });
    }

    const gapLabel = () => (answer ? fill(text.gap_label, { gap: gap.distance() }) : "");
    function draw() {
      if (!land) return;
      views.draw();
      views.enable(Boolean(answer));
      colourings.draw();
      surface.show({ view: nowView(), colour, closed: nowView() === "both" ? closed : 0, gapLabel: gapLabel() });
      drawLegend();
      caption.replaceChildren(epochs.badge(land.gallery.badge), " ", captionText());
      host.dataset.view = nowView();
    }

    function figure() {
      const rows = figureRows(land, surface), title = `${text.figure_title} \u00b7 ${text[`view_${nowView()}`]}`;
      return { name: "epochs-clip-map", rows,
        svg: figureSvg(land, surface, { text, title, caption: captionText(), colour, view: nowView(), gapLabel: gapLabel(), note: nowView() === "both" && closed ? gap.said() : "" }),
        record: { demo, view: nowView(), closed, dimensions: land.gallery.dimensions, share: land.gallery.views[nowView()].share,
          ...(answer ? { ...answer.provenance, measured: gap.measured(closed), sweep: answer.sweep } : {}), rows } };
    }

    // -- what comes from the server --------------------------------------------------------------------
    function adoptGallery(gallery) {
      land = makeLand(gallery);
      live.hidden = false;
      empty.hidden = true;
      surface = makeSurface(host, land, { text, onPick: (i) => { pick(i); } });
      list.replaceChildren(...land.gallery.emoji.map((_, i) => h("option", { value: option(i) })));
      draw();
      drawChosen();
      grant();
      epochs.offerFigure(demo, figure);
    }
    function adoptAnswer() {
      land.adopt(answer.own);
      surface.adopt();
      gap.adopt(answer.sweep, land.n);
      gap.close(closed);
      locked.hidden = true;
      draw();
      if (picked >= land.count || (picked >= land.base && host.dataset.run)) picked = -1;
      if (!grant()) pick(picked);
      host.dataset.run = answer.run;
      if (!document.activeElement?.closest(".tray")) epochs.bringIntoView(host, demo);     // a caption is still being written
    }
    // The mark that an address asks for: a name can only be chosen once names are shown. -> whether it was.
    function grant() {
      const name = wish.startsWith("\u201c"), at = land.gallery.emoji.indexOf(wish.replace("\u201c", ""));
      if (at < 0 || (name && !answer)) return false;
      pick(name ? at + land.n : at, 3);
      return true;
    }
    const ask = () => trigger("select");
    function adopt() {
      const news = epochs.read(props);
      if (news.gallery && !land) adoptGallery(news.gallery);
      if (news.own) waiting = news;
      if (!land) { if (waiting) ask(); return; }                      // the emoji come first
      if (!waiting) return;
      [answer, waiting] = [waiting, null];
      adoptAnswer();
    }
    watch("value", adopt);
    draw();
    adopt();
    if (!land) ask();
  });
})();
