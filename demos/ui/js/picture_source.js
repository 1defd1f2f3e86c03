// Where a picture comes from: upload, paste, drop, camera, sketch, or an emoji drawn by the visitor's own
// browser. One panel, used by the picture input and by the tray of several.
// The browser shrinks what it can decode and makes it a data URI; the rest goes raw to the server's guard.
"use strict";
(() => {
  const { h, fill } = epochs;
  const PIXEL_LIMIT = 60e6;                      // a phone's browser runs out of memory beyond that
  const EMOJI_SIDE = 256;
  // Of one picture, and of each of many, which travel to the server together: pixels a side, bytes of a file sent
  // as it is, characters of a PNG above which a JPEG does.
  const WHOLE = { side: 512, raw: 10e6, png: Infinity };
  const SMALL = { side: 256, raw: 1e6, png: 120e3 };

  function canvas(width, height, paper = "#fff") {
    const node = document.createElement("canvas");
    node.width = Math.max(1, Math.round(width));
    node.height = Math.max(1, Math.round(height));
    const pen = node.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = paper;
    pen.fillRect(0, 0, node.width, node.height);
    return [node, pen];
  }

  // Centres the ink of one emoji on a square canvas: fonts differ in where they put a glyph in its box.
  // -> the canvas, or null where this device has no picture for it.
  function drawGlyph(emoji, side) {
    const [wide, pen] = canvas(side * 2, side * 2);
    pen.font = `${side}px "Apple Color Emoji","Segoe UI Emoji","Noto Color Emoji","Twemoji Mozilla",sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = "#000";
    pen.fillText(emoji, side, side);
    const { data } = pen.getImageData(0, 0, wide.width, wide.height);
    let [x0, y0, x1, y1] = [wide.width, wide.height, -1, -1];
    for (let y = 0; y < wide.height; y++) for (let x = 0; x < wide.width; x++) {
      const i = 4 * (y * wide.width + x);
      if (data[i] + data[i + 1] + data[i + 2] < 750) {
        if (x < x0) x0 = x; if (x > x1) x1 = x; if (y < y0) y0 = y; if (y > y1) y1 = y;
      }
    }
    if (x1 < 0) return null;
    const [out, ink] = canvas(side, side);
    const size = Math.max(x1 - x0 + 1, y1 - y0 + 1);
    const scale = side * 0.94 / size;
    ink.imageSmoothingQuality = "high";
    ink.drawImage(wide, x0, y0, x1 - x0 + 1, y1 - y0 + 1,
      (side - (x1 - x0 + 1) * scale) / 2, (side - (y1 - y0 + 1) * scale) / 2, (x1 - x0 + 1) * scale, (y1 - y0 + 1) * scale);
    return out;
  }

  // -> a data URI, or null. Several emoji stand in a row.
  epochs.drawEmoji = (emoji, side = EMOJI_SIDE) => {
    const glyphs = graphemes(emoji);
    const drawn = glyphs.map((glyph) => drawGlyph(glyph, Math.round(side / glyphs.length)));
    if (!drawn.length || drawn.includes(null)) return null;
    const [out, pen] = canvas(side, side);
    drawn.forEach((glyph, k) => pen.drawImage(glyph, k * glyph.width, (side - glyph.height) / 2));
    return out.toDataURL("image/png");
  };

  const graphemes = (words) => (window.Intl?.Segmenter
    ? [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(words)].map((s) => s.segment) : [words]);

  const readRaw = (file) => new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = fail;
    reader.readAsDataURL(file);
  });

  // -> data URI, or throws {key}: the browser's own decoder first (it turns photographs upright).
  async function shrink(file, { side, raw, png }) {
    const url = URL.createObjectURL(file);
    try {
      const picture = new Image();
      picture.src = url;
      await new Promise((done, fail) => { picture.onload = done; picture.onerror = fail; });
      const { naturalWidth: width, naturalHeight: height } = picture;
      if (!width || width * height > PIXEL_LIMIT) throw new Error("large");
      const scale = Math.min(1, side / Math.max(width, height));
      const [out, pen] = canvas(width * scale, height * scale);
      pen.imageSmoothingQuality = "high";
      pen.drawImage(picture, 0, 0, out.width, out.height);
      const exact = scale < 1 && file.type === "image/jpeg" ? null : out.toDataURL("image/png");
      return exact && exact.length <= png ? exact : out.toDataURL("image/jpeg", 0.92);
    } catch {
      if (file.size > raw) throw { key: "too_heavy" };
      return readRaw(file);                      // TIFF, 16-bit, huge or broken: the server says which
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  // Every stroke is the drawing so far (`stroke`), or, with `finish`, a button hands the drawing over.
  function sketchPad(text, { stroke, clear, finish, pen: size = 9 }) {
    const [board, pen] = canvas(EMOJI_SIDE, EMOJI_SIDE);
    board.className = "sketch";
    board.setAttribute("aria-label", text.sketch_here);
    board.setAttribute("role", "img");
    Object.assign(pen, { lineCap: "round", lineJoin: "round", lineWidth: size });
    let last = null;
    const colour = h("input", { type: "color", value: "#1d1d1f", "aria-label": text.colour });
    const width = h("input", { type: "range", min: 3, max: 40, value: size, "aria-label": text.pen_width });
    const at = (e) => {
      const box = board.getBoundingClientRect();
      return [(e.clientX - box.left) * board.width / box.width, (e.clientY - box.top) * board.height / box.height];
    };
    const line = (from, to) => {
      pen.strokeStyle = colour.value;
      pen.lineWidth = +width.value;
      pen.beginPath(); pen.moveTo(...from); pen.lineTo(...to); pen.stroke();
    };
    board.addEventListener("pointerdown", (e) => { board.setPointerCapture(e.pointerId); last = at(e); line(last, last); e.preventDefault(); });
    board.addEventListener("pointermove", (e) => { if (last) { const now = at(e); line(last, now); last = now; } });
    let drawn = false;
    const end = () => { if (last) { last = null; drawn = true; stroke?.(board.toDataURL("image/png")); } };
    const wipe = () => { drawn = false; pen.fillStyle = "#fff"; pen.fillRect(0, 0, board.width, board.height); };
    board.addEventListener("pointerup", end);
    board.addEventListener("pointercancel", end);
    const clearing = h("button.small", { type: "button", onclick: () => { wipe(); clear?.(); } }, text.clear);
    const done = finish && h("button.small.primary", { type: "button",
      onclick: () => { if (drawn && finish(board.toDataURL("image/png"))) wipe(); } }, text.done);
    return h("div.sketch-box", {}, board, h("div.sketch-tools", {}, colour, width, clearing, done || null));
  }
  epochs.sketchPad = sketchPad;

  function camera(text, side, done, fail) {
    const video = h("video", { playsinline: true, muted: true, "aria-label": text.camera });
    const shoot = h("button.primary", { type: "button", disabled: true }, text.take_photo);
    const box = h("div.camera", {}, video, shoot);
    let stream = null;
    box.stop = () => { stream?.getTracks().forEach((track) => track.stop()); stream = null; };
    (async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
        if (!box.isConnected) return box.stop();
        video.srcObject = stream;
        await video.play();
        shoot.disabled = false;
      } catch { fail(window.isSecureContext ? text.camera_refused : text.camera_needs_https); }
    })();
    shoot.addEventListener("click", () => {
      const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
      const [out, pen] = canvas(video.videoWidth * scale, video.videoHeight * scale);
      pen.drawImage(video, 0, 0, out.width, out.height);
      done(out.toDataURL("image/jpeg", 0.92));
    });
    return box;
  }

  function emojiPanel(text, examples, pick) {
    const box = h("input.emoji-box", { type: "text", maxlength: 16, placeholder: text.type_emoji,
      "aria-label": text.type_emoji, inputmode: "text", autocomplete: "off" });
    const segments = (s) => (Intl.Segmenter
      ? [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(s)].map((x) => x.segment) : [...s]);
    box.addEventListener("input", () => {
      const last = segments(box.value.trim()).pop();
      if (last && /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(last)) { box.value = last; pick(last); }
    });
    return h("div.emoji-panel", {}, h("div.emoji-grid", { role: "group", "aria-label": text.pick_emoji }, examples.map((e) =>
      h("button.emoji", { type: "button", onclick: () => { box.value = e; pick(e); } }, e))), box);
  }

  // A tablist of sources and the panel below it. `give(value)` gets {source, emoji?, data} of every picture chosen
  // (with `several`, it answers whether there was room), `fail(sentence)` why there is none. With `several`, the
  // chooser takes many files and a sketch is handed over by a button; without, by every stroke, and `clear()` says
  // that the drawing was wiped. `sources` names the panels in order, the first one open; `own` adds panels to choose
  // among, each a function that makes its node; `pen` is the sketch's line at the start, in pixels.
  // -> {bar, panel, chooser, pick(emoji), turn(source), listen(box)}: nodes to place, and what to call.
  epochs.pictureSource = (text, examples, { give, fail, clear, several = false, sources = ["emoji", "upload", "camera", "sketch"], own = {}, pen }) => {
    const limits = several ? SMALL : WHOLE;
    const panel = h("div.panel");
    let open = null;                             // the camera, while it runs

    function pick(emoji) {
      const data = epochs.drawEmoji(emoji);
      if (data) give({ source: "emoji", emoji, data });
      else fail(fill(text.no_glyph, { emoji }));
    }

    async function take(files) {
      let problem = "";
      for (const file of several ? [...files] : [...files].slice(0, 1)) {
        try { if (give({ source: "upload", data: await shrink(file, limits) }) === false) return; }
        catch (e) { problem = text[e.key] || text.unreadable; }
      }
      if (problem) fail(problem);                // not wiped by the next file, which was good
    }

    const chooser = h("input", { type: "file", accept: "image/*", hidden: true, multiple: several,
      onchange: async (e) => { const files = [...e.target.files]; e.target.value = ""; await take(files); } });
    const sketched = (data) => give({ source: "sketch", data });
    const panels = {
      emoji: () => emojiPanel(text, examples, pick),
      upload: () => h("button.drop", { type: "button", onclick: () => chooser.click() },
        h("b", {}, several ? text.choose_files : text.choose_file), h("span", {}, text.or_paste)),
      camera: () => (open = camera(text, limits.side, (data) => give({ source: "camera", data }), fail)),
      sketch: () => sketchPad(text, several ? { finish: sketched, pen } : { stroke: sketched, clear, pen }),
      ...own,
    };
    const tabs = sources.map((name) => h("button.segment", { type: "button", role: "tab", "data-panel": name,
      onclick: () => turn(name) }, text[name]));
    function turn(name) {
      open?.stop();
      open = null;
      fail("");
      for (const tab of tabs) {
        tab.setAttribute("aria-selected", tab.dataset.panel === name);
        tab.setAttribute("tabindex", tab.dataset.panel === name ? 0 : -1);
      }
      panel.replaceChildren(panels[name]());
    }
    const bar = h("div.segments", { role: "tablist", "aria-label": text.source }, tabs);
    bar.addEventListener("keydown", (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!step) return;
      // Arrows move, Enter or Space opens: passing over the camera must not ask for it.
      tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length].focus();
    });

    // Pictures dropped on `box`, or pasted anywhere while it is on screen.
    function listen(box) {
      box.addEventListener("dragover", (e) => { e.preventDefault(); box.classList.add("over"); });
      box.addEventListener("dragleave", () => box.classList.remove("over"));
      box.addEventListener("drop", (e) => { e.preventDefault(); box.classList.remove("over"); take(e.dataTransfer.files); });
      document.addEventListener("paste", (e) => {
        // Spreadsheets put a picture of the text beside it: in a text box, text is meant.
        if (e.defaultPrevented || (e.target.closest?.("textarea,input") && e.clipboardData?.types.includes("text/plain"))) return;
        const files = [...(e.clipboardData?.files || [])].filter((f) => f.type.startsWith("image/"));
        if (files.length && box.offsetParent) { e.preventDefault(); take(files); }
      });
    }
    // A camera is not left running by whoever looks elsewhere.
    const rest = () => { if (open) turn(sources[0]); };
    document.addEventListener("visibilitychange", () => { if (document.hidden) rest(); });
    turn(sources[0]);
    return { bar, panel, chooser, pick, turn, listen, rest };
  };
})();
