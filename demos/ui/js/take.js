// Take it with you: the figure as PNG or SVG, its numbers as CSV or JSON, the address, the code.
"use strict";
(() => {
  const { h, register } = epochs;
  const figures = {};                            // demo -> () => ({name, svg, rows, record})

  epochs.offerFigure = (demo, make) => {
    figures[demo] = make;
    document.dispatchEvent(new CustomEvent("epochs-figure", { detail: demo }));
  };
  epochs.withdrawFigure = (demo) => {
    delete figures[demo];
    document.dispatchEvent(new CustomEvent("epochs-figure", { detail: demo }));
  };

  const save = epochs.saveFile = (name, blob) => {
    const url = URL.createObjectURL(blob);
    const link = h("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };

  async function png(svg) {
    const picture = new Image();
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg);
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.width * 2;
    canvas.height = picture.height * 2;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  }

  // Spreadsheets run cells that begin with = + - @: a quote in front keeps text text.
  const cell = (value) => {
    let text = String(value ?? "");
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = "'" + text;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  epochs.csv = (rows) => {
    const keys = Object.keys(rows[0] || {});
    return [keys, ...rows.map((row) => keys.map((key) => row[key]))].map((line) => line.map(cell).join(",")).join("\r\n");
  };

  // What a picture says of itself: the figure's settings, without its numbers.
  const carried = ({ settings, record }) => settings ?? { app: "epochs", ...Object.fromEntries(Object.entries(record ?? {}).filter(([, value]) => !Array.isArray(value))) };

  // Buttons that save what `make` returns: {name, svg, rows, record}, and `settings` where a picture of them can be
  // opened again.
  const formats = {
    PNG: async (f) => save(f.name + ".png", await epochs.png.withSettings(await png(f.svg), carried(f))),
    SVG: async (f) => save(f.name + ".svg", new Blob([f.svg], { type: "image/svg+xml" })),
    CSV: async (f) => save(f.name + ".csv", new Blob(["\ufeff" + epochs.csv(f.rows)], { type: "text/csv" })),
    JSON: async (f) => save(f.name + ".json", new Blob([JSON.stringify(f.record, null, 1)], { type: "application/json" })),
  };
  epochs.saveButtons = (make, text, done = () => {}) => Object.entries(formats).map(([label, act]) =>
    h("button.small", { type: "button", title: epochs.fill(text.download_as, { format: label }),
      onclick: async () => { const figure = make(); if (figure) { await act(figure); done(); } } }, label));

  register("take", ({ root, config, props, trigger, watch, text }) => {
    const { demo } = config;
    const code = h("pre.code", { hidden: true, tabindex: "0", "aria-label": text.show_code });
    const note = h("span.take-note", { role: "status" });
    const flash = (message) => { note.textContent = message; setTimeout(() => { note.textContent = ""; }, 4000); };
    const buttons = epochs.saveButtons(() => figures[demo]?.(), text, () => flash(text.saved));
    const show = h("button.small", { type: "button", "aria-expanded": "false", onclick: () => {
      if (!code.hidden) { code.hidden = true; show.setAttribute("aria-expanded", "false"); return; }
      code.hidden = false;
      show.setAttribute("aria-expanded", "true");
      if (!epochs.read(props).source) { code.textContent = text.loading; trigger("select"); }
    } }, text.show_code);
    const link = h("button.small", { type: "button", onclick: async () => {
      const address = epochs.state.link();
      if (await epochs.state.copy(address)) flash(epochs.state.isWhole() ? text.copied : text.copied_without);
      else window.prompt(text.copy_by_hand, address);
    } }, text.copy_link);
    const enable = () => buttons.forEach((b) => { b.disabled = !figures[demo]; });
    document.addEventListener("epochs-figure", enable);
    enable();
    root.append(h("section.take", { "aria-label": text.take },
      h("div.take-row", {}, link, h("span.take-label", {}, text.download), ...buttons, show, note), code));
    watch("value", () => { code.textContent = epochs.read(props).source || ""; });
  });
})();
