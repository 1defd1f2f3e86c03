// The map as a figure to take along: SVG of what is on the canvas, a row for every mark.
"use strict";
epochs.clipMap ??= {};
(() => {
  const { h } = epochs;
  const { clean } = epochs.sheet;
  const SVG = "http://www.w3.org/2000/svg";
  const EMOJI = "'Apple Color Emoji','Segoe UI Emoji','Noto Color Emoji',sans-serif";
  const SANS = `system-ui,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',${EMOJI}`;
  const HALO = { "font-weight": 600, stroke: "#fff", "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke" };
  const SIDES = ["picture", "name", "own picture", "own caption"];     // by type of mark

  // What h() does not make.
  function element(name, attributes, words) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (words) node.textContent = words;
    return node;
  }
  const picture = (x, y, side, href) => element("image", { x: x - side / 2, y: y - side / 2, width: side, height: side, href });
  const span = (words, fill) => element("tspan", { fill }, clean(words));

  epochs.clipMap.figureRows = (land, surface) => Array.from({ length: land.count }, (_, i) => i).filter(surface.shown).map((i) => {
    const partner = land.partner(i), own = land.type(i) === land.OWN_PICTURE;
    return { side: SIDES[land.type(i)], emoji: land.emoji(i), words: own ? `${land.ownPicture(i) + 1}` : land.words(i),
      kind: i < land.base ? land.gallery.kinds[land.kind(i)] : "",
      x: +surface.now()[2 * i].toFixed(4), y: +surface.now()[2 * i + 1].toFixed(4),
      cosine_with_own: partner < 0 ? "" : +land.cosine(i, partner).toFixed(4), rank_of_own: land.rank(i) || "" };
  });

  // All marks that are on the canvas, as they stand there.
  function drawMarks({ land, surface, colour, seen, t }) {
    const { X, Y } = surface, size = surface.glyphSize(), r = surface.markSize(), d = r + 0.6, body = [];
    for (let shade = 0; shade < (colour === "kind" ? land.gallery.kinds.length : 1); shade++) {
      let dots = "", diamonds = "";
      for (let i = 0; i < land.base; i++) {
        if ((colour === "kind" && land.kind(i) !== shade) || !seen(i)) continue;
        const [x, y] = [X(i).toFixed(1), Y(i).toFixed(1)];
        if (i >= land.n) diamonds += `M${x} ${y}m0 ${-d}l${d} ${d}l${-d} ${d}l${-d} ${-d}z`;
        else if (size && !surface.lacks(i)) {
          body.push(t(x, y, land.emoji(i), { "font-size": size.toFixed(1), "text-anchor": "middle", dy: ".35em", "font-family": EMOJI }));
          if (colour === "kind") body.push(h("circle", { cx: x, cy: y, r: size * 0.62, fill: "none", stroke: surface.colour(shade, true), "stroke-width": 1.3 }));
        } else dots += `M${x} ${y}h0`;
      }
      if (diamonds) body.unshift(h("path", { d: diamonds, fill: "none", stroke: surface.colour(shade, false), "stroke-width": 1.3, opacity: 0.8 }));
      if (dots) body.push(h("path", { d: dots, fill: "none", stroke: surface.colour(shade, true), "stroke-width": 2 * r, "stroke-linecap": "round", opacity: 0.75 }));
    }
    return body;
  }

  function drawGap({ land, surface, t }, label) {
    const centre = (first, get) => { let sum = 0; for (let i = first; i < first + land.n; i++) sum += get(i); return sum / land.n; };
    const { X, Y } = surface, [x0, y0, x1, y1] = [centre(land.n, X), centre(land.n, Y), centre(0, X), centre(0, Y)];
    const ends = [[x0, y0], [x1, y1]].map(([x, y]) => `M${x - 7} ${y}h14M${x} ${y - 7}v14`).join("");
    return [h("path", { d: `M${x0} ${y0}L${x1} ${y1}${ends}`, stroke: "#1d1d1f", "stroke-width": 2.5, fill: "none" }),
      Math.hypot(x1 - x0, y1 - y0) > 80 ? t((x0 + x1) / 2, (y0 + y1) / 2 - 10, label, { "text-anchor": "middle", ...HALO }) : null].filter(Boolean);
  }

  function drawOwn({ land, surface, seen, t }) {
    if (!land.own) return [];
    const { X, Y, colours } = surface, body = [];
    for (const [p, c] of land.own.pairs) {
      const [i, j] = [land.base + p, land.base + land.own.pictures.length + c];
      if (surface.shown(j)) body.push(h("line", { x1: X(i), y1: Y(i), x2: X(j), y2: Y(j), stroke: "#1d1d1f", "stroke-width": 2 }));
    }
    for (let i = land.base; i < land.count; i++) {
      if (!seen(i)) continue;
      const [x, y] = [X(i), Y(i)];
      if (land.type(i) === land.OWN_CAPTION) body.push(h("line", { x1: x, y1: y, x2: x, y2: surface.captionY(i), stroke: colours.series[1], "stroke-width": 2 }),
        t(x, surface.captionY(i), land.words(i), { "text-anchor": "middle", dy: ".35em", ...HALO }));
      else body.push(h("rect", { x: x - 21, y: y - 21, width: 42, height: 42, rx: 6, fill: "#fff", stroke: colours.series[0], "stroke-width": 3 }), picture(x, y, 36, land.thumbnail(i)));
    }
    return body;
  }

  epochs.clipMap.figureSvg = (land, surface, { text, title, caption, colour, view, gapLabel, note }) => {
    const { camera, colours, X, Y } = surface, W = Math.max(camera.width, 720), TOP = 82;
    const tall = Math.round(camera.height * W / camera.width), H = tall + TOP + 34;     // a phone's map, enlarged: the words need room
    const seen = (i) => surface.shown(i) && X(i) >= 0 && Y(i) >= 0 && X(i) <= camera.width && Y(i) <= camera.height;
    const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 14, fill: "#1d1d1f", ...more }, clean(s));
    const all = { land, surface, colour, seen, t };
    const kinds = colour === "kind" ? land.gallery.kinds.map((kind, i) => ["\u25cf", kind, colours.series[i]])
      : [["\u25cf", text.legend_pictures, colours.series[0]], ...(view === "pictures" ? [] : [["\u25c7", text.legend_names, colours.series[1]]])];
    const key = h("text", { x: 16, y: 70, "font-size": 13 });
    for (const [mark, words, paint] of kinds) key.append(span(mark + " ", paint), span(words + "\u2003", "#1d1d1f"));
    const node = h("svg", { xmlns: SVG, width: W, height: H, viewBox: `0 0 ${W} ${H}`, "font-family": SANS }, h("title", {}, clean(title)), h("desc", {}, clean(caption)),
      h("rect", { width: W, height: H, fill: "#fff" }), t(16, 26, title, { "font-weight": 600 }), t(16, 48, caption, { "font-size": 12, fill: "#60646c" }), key,
      h("svg", { x: 0, y: TOP, width: W, height: tall, viewBox: `0 0 ${camera.width} ${camera.height}` }, drawMarks(all), view === "both" ? drawGap(all, gapLabel) : [], drawOwn(all)),
      t(16, H - 12, [land.gallery.footer, note].filter(Boolean).join(" \u00b7 "), { "font-size": 11, fill: "#60646c" }));
    return new XMLSerializer().serializeToString(node);
  };
})();
