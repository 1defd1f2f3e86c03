// A drawing of one's own: the teacher's answer and both students', as they stand after the newest training.
"use strict";
(() => {
  const { h, register, fill, percent } = epochs;
  const { COLOURS } = epochs.live;
  const SIDE = 224, PEN = 20;

  register("live_pad", ({ root, config, props, trigger, watch, text }) => {
    const { demo } = config;
    const board = h("canvas.live-board", { width: SIDE, height: SIDE, role: "img", "aria-label": text.board });
    const pen = board.getContext("2d");
    Object.assign(pen, { lineCap: "round", lineJoin: "round", lineWidth: PEN, strokeStyle: "#111" });
    let last = null, drawn = false;
    const wipe = () => { drawn = false; pen.fillStyle = "#fff"; pen.fillRect(0, 0, SIDE, SIDE); };
    const place = (event) => { const box = board.getBoundingClientRect(); return [(event.clientX - box.left) * SIDE / box.width, (event.clientY - box.top) * SIDE / box.height]; };
    const stroke = (from, to) => { pen.beginPath(); pen.moveTo(...from); pen.lineTo(...to); pen.stroke(); drawn = true; };
    board.addEventListener("pointerdown", (event) => { board.setPointerCapture(event.pointerId); last = place(event); stroke(last, last); event.preventDefault(); });
    board.addEventListener("pointermove", (event) => { if (last) { const now = place(event); stroke(last, now); last = now; } });
    const ended = () => { if (last) { last = null; ask(); } };
    board.addEventListener("pointerup", ended);
    board.addEventListener("pointercancel", ended);

    // A keyboard has no pen: the digits' keys write one with the page's own font.
    const write = h("div.live-keys", { role: "group", "aria-label": text.write }, Array.from({ length: 10 }, (_, digit) => h("button.small", { type: "button",
      onclick: () => { wipe(); Object.assign(pen, { fillStyle: "#111", textAlign: "center", textBaseline: "middle", font: "160px system-ui, sans-serif" }); pen.fillText(String(digit), SIDE / 2, SIDE / 2 + 8); drawn = true; ask(); } }, String(digit))));
    const answers = h("div.live-answers", { role: "status" });
    const clearing = h("button.small", { type: "button", onclick: () => { wipe(); answers.replaceChildren(); } }, text.clear);
    const box = h("section.live-pad", { "aria-label": text.title, hidden: true }, h("p.live-title", {}, text.title),
      h("div.live-try", {}, h("div.live-draw", {}, board, clearing), answers), h("p.live-small", {}, text.write), write);
    root.append(box);

    function ask() {
      if (!drawn || box.hidden) return;
      props.value = { data: board.toDataURL("image/png") };
      trigger("input");
    }
    function row(name, colour, probabilities) {
      const top = probabilities.indexOf(Math.max(...probabilities));
      return h("div.live-answer", {}, h("span.live-name", {}, colour ? h("i", { style: `background:${colour}` }) : h("i.live-dots"), name),
        h("b", {}, String(top)), h("span.live-p", {}, percent(probabilities[top])),
        h("div.live-ten", { role: "img", "aria-label": probabilities.map((p, digit) => `${digit}: ${percent(p)}`).join(", ") },
          probabilities.map((p, digit) => h("span", {}, h("i", { style: `height:${Math.max(2, 100 * p).toFixed(1)}%${colour ? `;background:${colour}` : ""}` }), String(digit)))));
    }
    function show() {
      const value = epochs.read(props);
      if (!value.answers) return;
      const [teacher, soft, hard] = value.answers;
      answers.replaceChildren(row(text.teacher, "", teacher), row(text.soft, COLOURS[0], soft), row(text.hard, COLOURS[1], hard),
        h("p.live-small", {}, value.sentence), h("span.live-seen", {}, h("img.live-digit", { src: value.seen, alt: text.seen, width: 40, height: 40 }), text.seen));
    }
    wipe();
    document.addEventListener("epochs-live", (event) => { if (event.detail === demo) { box.hidden = false; ask(); } });
    watch("value", show);
  });
})();
