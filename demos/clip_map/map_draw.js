// Draws the map on a canvas: some two thousand marks a frame, from arrays made once.
"use strict";
epochs.clipMap ??= {};
(() => {
  const { h } = epochs;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  epochs.clipMap.makeSurface = (host, land, { text, onPick, onMoved }) => {
    const canvas = h("canvas", { "aria-hidden": true });
    host.prepend(canvas);
    const pen = canvas.getContext("2d");
    const sheets = epochs.clipMap.makeSheets(land.gallery.emoji), { shorten } = epochs.clipMap;
    const stamps = epochs.clipMap.makeStamps();
    const look = { colours: {}, large: 1 };      // as the page's theme and the projector have it
    const options = { view: "pictures", colour: "side", closed: 0, gapLabel: "" };
    let selected = -1, hovered = -1, near = [];
    let from = new Float32Array(2 * land.count), to = from.slice(), now = from.slice();
    let startedAt = 0, lasts = 0, waiting = 0, ratio = 1, textsShown = 0;
    const camera = epochs.clipMap.makeCamera(host, { moved: () => { request(); onMoved?.(); }, pick: (x, y, r) => onPick(find(x, y, r)),
      hover: (x, y) => { const found = find(x, y, 12); if (found !== hovered) { hovered = found; host.style.cursor = found >= 0 ? "pointer" : ""; request(); } } });

    const X = (i) => camera.toX(now[2 * i]), Y = (i) => camera.toY(now[2 * i + 1]);
    const inside = (x, y) => x > -20 && y > -20 && x < camera.width + 20 && y < camera.height + 20;
    const shown = (i) => options.view !== "pictures" || land.isPicture(i);
    const dense = () => camera.width < 500;
    const markSize = () => look.large * Math.min(6, (dense() ? 2 : 2.5) + Math.log2(camera.zoom) * 0.8);
    const glyphSize = () => ((options.view === "pictures" && options.colour !== "kind") || camera.zoom >= 2.4 ? look.large * Math.min(34, (dense() ? 10 : 14) * camera.zoom ** 0.5) : 0);
    function readColours() {
      const style = getComputedStyle(document.body), get = (name) => style.getPropertyValue(name).trim();
      look.colours = { ink: get("--e-ink"), soft: get("--e-soft"), paper: get("--e-paper"), line: get("--e-line"), accent: get("--e-accent"),
        series: Array.from({ length: 8 }, (_, i) => get(`--epochs-series-${i + 1}`)) };
      request();
    }

    const writer = epochs.clipMap.makeWriter(pen, camera, look);
    const own = epochs.clipMap.makeOwnMarks({ land, pen, camera, look, writer, text, X, Y, shown, inside, dense, request,
      radius: (i) => Math.max(markSize() + 4, i < land.n ? glyphSize() * 0.72 : 0) });

    // -- what is asked of it ---------------------------------------------------------------------------
    function frame() {
      let [left, bottom, right, top] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let i = 0; i < land.count; i++) if (shown(i)) {
        left = Math.min(left, to[2 * i]); right = Math.max(right, to[2 * i]);
        bottom = Math.min(bottom, to[2 * i + 1]); top = Math.max(top, to[2 * i + 1]);
      }
      camera.frame(left, bottom, right, top);
    }
    function glide(milliseconds) {
      from.set(now);
      land.place(options.view, options.closed, to);
      startedAt = performance.now();
      lasts = calm.matches ? 0 : milliseconds;
      request();
    }
    function show(change) {                      // { view, colour, closed, gapLabel }
      const view = change.view !== undefined && change.view !== options.view;
      const moves = view || (change.closed !== undefined && change.closed !== options.closed);
      Object.assign(options, change);
      if (moves) glide(view ? 700 : 160);
      if (view) { land.place(options.view, 0, to); frame(); land.place(options.view, options.closed, to); }
      request();
    }
    function select(i, fly) {
      selected = i;
      near = i < 0 ? [] : [...land.near(i, true), ...land.near(i, false)].map((mark) => mark.index);
      if (i >= 0 && fly) camera.look(to[2 * i], to[2 * i + 1], fly);
      request();
    }
    function adopt() {                           // the visitor's own marks are new
      const grown = new Float32Array(2 * land.count);
      land.place(options.view, options.closed, grown);
      grown.set(now.subarray(0, 2 * land.base));
      [from, to, now] = [grown.slice(), grown.slice(), grown];
      own.adopt();
      glide(300);
      if (camera.zoom === 1) frame();
      if (selected >= land.base) selected = -1;
      hovered = -1;
      request();
    }
    function onScreen(i) {
      const x = camera.toX(to[2 * i]), y = camera.toY(to[2 * i + 1]);
      return x > 8 && y > 8 && x < camera.width - 8 && y < camera.height - 8;
    }

    function find(x, y, reach) {                 // own marks are larger, and win
      let best = -1, least = reach * reach;
      for (let i = 0; i < land.count; i++) if (shown(i)) {
        const d = (X(i) - x) ** 2 + (Y(i) - y) ** 2 - (i >= land.base ? 400 : 0);
        if (d < least) { least = d; best = i; }
      }
      return best;
    }

    // -- a frame --------------------------------------------------------------------------------------
    function request() { if (!waiting) waiting = requestAnimationFrame(draw); }
    function draw(time) {
      waiting = 0;
      if (!camera.width || !host.isConnected) return;
      const part = lasts ? Math.min(1, Math.max(0, (time - startedAt) / lasts)) : 1;
      const eased = 1 - (1 - part) ** 3;
      for (let i = 0; i < now.length; i++) now[i] = from[i] + (to[i] - from[i]) * eased;
      const wanted = options.view === "pictures" ? 0 : 1;
      textsShown = part === 1 ? wanted : textsShown + (wanted - textsShown) * 0.2;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, camera.width, camera.height);
      look.large = document.documentElement.classList.contains("present") ? 1.4 : 1;
      writer.begin();
      if (glyphSize()) sheets.begin();
      if (selected >= 0) drawNear();
      if (textsShown > 0.02) drawNames();
      drawPictures();
      drawPairs();
      if (options.view === "both") drawGap();
      own.draw();
      if (textsShown > 0.5 && camera.zoom >= 5) drawWords();
      own.ring(selected, 2.5);
      if (hovered >= 0) { own.ring(hovered, 1.5); own.tip(hovered); }
      if (part < 1 || (glyphSize() && sheets.late)) request();
    }

    const colour = (shade, picture) => look.colours.series[options.colour === "kind" ? shade : picture ? 0 : 1];
    const stampOf = (shape, i, size) => stamps.get(shape, colour(land.kind(i), land.isPicture(i)), Math.round(size * 4) / 4, ratio);
    function stamp(mark, x, y) { pen.drawImage(mark, x - mark.half, y - mark.half, 2 * mark.half, 2 * mark.half); }

    // `marks`: one stamp for each kind of thing, or the same for all.
    const marks = new Array(land.gallery.kinds.length);
    function readyMarks(shape, first, size) {
      for (let i = first, left = marks.fill(null).length; left && i < first + land.n; i++)
        if (!marks[land.kind(i)]) { marks[land.kind(i)] = stampOf(shape, i, size); left--; }
    }
    function drawNames() {
      readyMarks("diamond", land.n, markSize() + 0.6);
      pen.globalAlpha = 0.8 * textsShown;
      for (let i = land.n; i < land.base; i++) {
        const x = X(i), y = Y(i);
        if (inside(x, y)) stamp(marks[land.kind(i)], x, y);
      }
      pen.globalAlpha = 1;
    }

    function drawPictures() {
      const size = glyphSize();
      if (size) drawGlyphs(size);
      readyMarks("disc", 0, markSize());
      pen.globalAlpha = 0.75;
      for (let i = 0; i < land.n; i++) {
        const x = X(i), y = Y(i);
        if ((!size || sheets.lacks(i)) && inside(x, y)) stamp(marks[land.kind(i)], x, y);
      }
      pen.globalAlpha = 1;
    }
    function drawGlyphs(size) {
      const rings = options.colour === "kind";
      if (rings) readyMarks("ring", 0, size * 0.62);
      for (let i = 0; i < land.n; i++) {
        const x = X(i), y = Y(i);
        if (sheets.lacks(i) || !inside(x, y)) continue;
        sheets.draw(pen, i, x, y, size);
        if (rings) stamp(marks[land.kind(i)], x, y);
      }
    }

    // A line from the centre of the names to the centre of the pictures: the gap itself.
    function cross(x, y) { pen.moveTo(x - 7, y); pen.lineTo(x + 7, y); pen.moveTo(x, y - 7); pen.lineTo(x, y + 7); }
    function drawGap() {
      let px = 0, py = 0, tx = 0, ty = 0;
      for (let i = 0; i < land.n; i++) { px += now[2 * i]; py += now[2 * i + 1]; tx += now[2 * (i + land.n)]; ty += now[2 * (i + land.n) + 1]; }
      const x0 = camera.toX(tx / land.n), y0 = camera.toY(ty / land.n), x1 = camera.toX(px / land.n), y1 = camera.toY(py / land.n);
      const length = Math.hypot(x1 - x0, y1 - y0);
      for (let k = 0; k < 2; k++) {              // a light edge first
        pen.strokeStyle = k ? look.colours.ink : look.colours.paper;
        pen.lineWidth = k ? 2.5 : 6;
        pen.beginPath();
        cross(x0, y0);
        cross(x1, y1);
        if (length > 10) { pen.moveTo(x0, y0); pen.lineTo(x1, y1); }
        pen.stroke();
      }
      if (options.gapLabel && length > 80 * look.large && inside((x0 + x1) / 2, (y0 + y1) / 2)) writer.pill(options.gapLabel, (x0 + x1) / 2, (y0 + y1) / 2 - 16 * look.large, look.colours.line, true);
    }

    function line(i, j, width, alpha) {
      pen.globalAlpha = alpha;
      pen.strokeStyle = look.colours.ink;
      pen.lineWidth = width;
      pen.beginPath();
      pen.moveTo(X(i), Y(i));
      pen.lineTo(X(j), Y(j));
      pen.stroke();
      pen.globalAlpha = 1;
    }
    function drawNear() {
      for (let j = 0; j < near.length; j++) if (shown(near[j])) line(selected, near[j], 1, 0.45);
    }
    function drawPairs() {
      if (options.view === "pictures") return;
      if (land.own) for (const [p, c] of land.own.pairs) line(land.base + p, land.base + land.own.pictures.length + c, 2, 0.9);
      for (const i of [selected, hovered]) if (i >= 0 && land.partner(i) >= 0) line(i, land.partner(i), 2, 0.9);
    }

    // -- words ----------------------------------------------------------------------------------------
    const widths = new Float32Array(land.n), names = land.gallery.names.map((name) => shorten(name, 18));
    function drawWords() {
      writer.beginLabels();
      const r = markSize() + 4;
      for (let i = land.n; i < land.base; i++) {
        const x = X(i), y = Y(i), k = i - land.n;
        if (x < 0 || x > camera.width || y < 8 || y > camera.height - 8) continue;
        widths[k] ||= pen.measureText(names[k]).width;
        writer.label(names[k], widths[k], x + r, y);
      }
    }
    new ResizeObserver(() => {
      const { clientWidth, clientHeight } = host;
      if (!clientWidth) return;                  // the tab is not on screen
      ratio = Math.min(3, devicePixelRatio || 1);
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
      camera.resize(clientWidth, clientHeight);
      draw(performance.now());
    }).observe(host);
    new MutationObserver(readColours).observe(document.body, { attributeFilter: ["class"] });
    land.place("pictures", 0, to);
    now.set(to);
    from.set(to);
    readColours();
    frame();
    return { show, select, adopt, onScreen, camera, shown, now: () => now, X, Y, glyphSize, markSize, colour, lacks: sheets.lacks, captionY: own.captionY, get colours() { return look.colours; } };
  };
})();
