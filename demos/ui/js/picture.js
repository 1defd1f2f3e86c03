// The picture input: upload, paste, drop, camera, sketch, or an emoji drawn by the visitor's own browser.
// The browser shrinks what it can decode to 512 px and sends a data URI; the rest goes raw to the server's guard.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const SIDE = 512;
  const RAW_LIMIT = 10e6;
  const PIXEL_LIMIT = 60e6;                      // a phone's browser runs out of memory beyond that
  const EMOJI_SIDE = 256;

  function canvas(width, height, paper = "#fff") {
    const node = document.createElement("canvas");
    node.width = Math.max(1, Math.round(width));
    node.height = Math.max(1, Math.round(height));
    const pen = node.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = paper;
    pen.fillRect(0, 0, node.width, node.height);
    return [node, pen];
  }

  // Centres the ink of `emoji` on a square: fonts differ in where they put a glyph in its box.
  epochs.drawEmoji = (emoji, side = EMOJI_SIDE) => {
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
    if (x1 < 0) return null;                     // this device has no picture for it
    const [out, ink] = canvas(side, side);
    const size = Math.max(x1 - x0 + 1, y1 - y0 + 1);
    const scale = side * 0.94 / size;
    ink.imageSmoothingQuality = "high";
    ink.drawImage(wide, x0, y0, x1 - x0 + 1, y1 - y0 + 1,
      (side - (x1 - x0 + 1) * scale) / 2, (side - (y1 - y0 + 1) * scale) / 2, (x1 - x0 + 1) * scale, (y1 - y0 + 1) * scale);
    return out.toDataURL("image/png");
  };

  const readRaw = (file) => new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = fail;
    reader.readAsDataURL(file);
  });

  // -> data URI, or throws {key}: the browser's own decoder first (it turns photographs upright).
  async function shrink(file) {
    const url = URL.createObjectURL(file);
    try {
      const picture = new Image();
      picture.src = url;
      await new Promise((done, fail) => { picture.onload = done; picture.onerror = fail; });
      const { naturalWidth: width, naturalHeight: height } = picture;
      if (!width || width * height > PIXEL_LIMIT) throw new Error("large");
      const scale = Math.min(1, SIDE / Math.max(width, height));
      const [out, pen] = canvas(width * scale, height * scale);
      pen.imageSmoothingQuality = "high";
      pen.drawImage(picture, 0, 0, out.width, out.height);
      return scale < 1 && file.type === "image/jpeg" ? out.toDataURL("image/jpeg", 0.92) : out.toDataURL("image/png");
    } catch {
      if (file.size > RAW_LIMIT) throw { key: "too_heavy" };
      return readRaw(file);                      // TIFF, 16-bit, huge or broken: the server says which
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  function sketchPad(text, done) {
    const [board, pen] = canvas(EMOJI_SIDE, EMOJI_SIDE);
    board.className = "sketch";
    board.setAttribute("aria-label", text.sketch_here);
    board.setAttribute("role", "img");
    Object.assign(pen, { lineCap: "round", lineJoin: "round", lineWidth: 9 });
    let last = null;
    const colour = h("input", { type: "color", value: "#1d1d1f", "aria-label": text.colour });
    const width = h("input", { type: "range", min: 3, max: 40, value: 9, "aria-label": text.pen_width });
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
    const end = () => { if (last) { last = null; done(board.toDataURL("image/png")); } };
    board.addEventListener("pointerup", end);
    board.addEventListener("pointercancel", end);
    const clear = h("button.small", { type: "button", onclick: () => { pen.fillStyle = "#fff"; pen.fillRect(0, 0, board.width, board.height); done(null); } }, text.clear);
    return h("div.sketch-box", {}, board, h("div.sketch-tools", {}, colour, width, clear));
  }

  function camera(text, done, fail) {
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
      const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight));
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

  register("picture", ({ root, config, props, trigger, watch, text }) => {
    const { demo, examples, field } = config;
    const preview = h("div.preview");
    const panel = h("div.panel");
    const error = h("p.input-error", { role: "alert", hidden: true });
    let open = null;                             // the camera, while it runs

    function fail(message) { error.textContent = message; error.hidden = !message; }

    function show(value) {
      preview.replaceChildren(value.data
        ? h("img", { src: value.data, alt: value.emoji ? fill(text.preview_emoji, { emoji: value.emoji }) : text.preview,
            onerror: (e) => { e.target.replaceWith(h("span.no-preview", {}, text.no_preview)); } })
        : h("span.empty", {}, epochs.state.asked(demo, field) === "" ? text.left_behind : text.empty));
      if (field) epochs.state.set(demo, field, value.emoji || "");
    }

    function give(value) {
      fail("");
      props.value = value;
      show(value);
      trigger("input");
    }

    function forget() {
      props.value = {};
      show({});
    }

    function pick(emoji) {
      const data = epochs.drawEmoji(emoji);
      if (data) give({ source: "emoji", emoji, data });
      else fail(fill(text.no_glyph, { emoji }));
    }

    async function take(file) {
      if (!file) return;
      try { give({ source: "upload", data: await shrink(file) }); }
      catch (e) { fail(text[e.key] || text.unreadable); }
    }

    const chooser = h("input", { type: "file", accept: "image/*", hidden: true, onchange: (e) => { take(e.target.files[0]); e.target.value = ""; } });
    const panels = {
      emoji: () => emojiPanel(text, examples, pick),
      upload: () => h("button.drop", { type: "button", onclick: () => chooser.click() }, h("b", {}, text.choose_file), h("span", {}, text.or_paste)),
      camera: () => (open = camera(text, (data) => give({ source: "camera", data }), fail)),
      sketch: () => sketchPad(text, (data) => (data ? give({ source: "sketch", data }) : forget())),
    };
    const tabs = Object.keys(panels).map((name) => h("button.segment", { type: "button", role: "tab", "data-panel": name,
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

    const box = h("section.picture", { "aria-label": text.label }, bar, h("div.picture-top", {}, preview, panel), error, chooser);
    box.addEventListener("dragover", (e) => { e.preventDefault(); box.classList.add("over"); });
    box.addEventListener("dragleave", () => box.classList.remove("over"));
    box.addEventListener("drop", (e) => { e.preventDefault(); box.classList.remove("over"); take(e.dataTransfer.files[0]); });
    document.addEventListener("paste", (e) => {
      // Spreadsheets put a picture of the text beside it: in a text box, text is meant.
      if (e.target.closest?.("textarea,input") && e.clipboardData?.types.includes("text/plain")) return;
      const file = [...(e.clipboardData?.files || [])].find((f) => f.type.startsWith("image/"));
      if (file && box.offsetParent) { e.preventDefault(); take(file); }
    });
    root.append(box);
    turn("emoji");
    document.addEventListener("visibilitychange", () => { if (document.hidden && open) turn("emoji"); });
    document.addEventListener("epochs-emoji", (e) => { if (e.detail.demo === demo) pick(e.detail.emoji); });

    // A restored address or an example names an emoji without its picture: draw it, run nothing.
    function adopt() {
      const value = epochs.read(props);
      if (value.emoji && !value.data) {
        const data = epochs.drawEmoji(value.emoji);
        if (!data) { fail(fill(text.no_glyph, { emoji: value.emoji })); return; }
        props.value = { ...value, source: "emoji", data };
        show(props.value);
      } else show(value);
    }
    watch("value", adopt);
    // The emoji font may still be loading when the page opens.
    (document.fonts?.ready || Promise.resolve()).then(adopt);
  });
})();
