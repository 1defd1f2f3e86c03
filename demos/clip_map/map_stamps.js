// What is drawn a thousand times a frame and made once: emoji as the visitor's device draws them, discs, diamonds.
"use strict";
epochs.clipMap ??= {};
(() => {
  const { h } = epochs;
  const EMOJI = '"Apple Color Emoji","Segoe UI Emoji","Noto Color Emoji","Twemoji Mozilla",sans-serif';
  const CELL = 64, ROW = 8, SHEET = ROW * ROW;   // px of an emoji; emoji in a row and on a sheet

  // Emoji on sheets of 64. A sheet is filled before anything of the frame is drawn: a browser copies a canvas
  // that changes between two uses. An emoji the device has no picture for comes out in the pen's own colour.
  const PEN = [255, 0, 254];
  epochs.clipMap.makeSheets = (emoji) => {
    const sheets = [], missing = new Uint8Array(emoji.length);
    function fillNext() {
      const sheet = h("canvas", { width: ROW * CELL, height: ROW * CELL }), pen = sheet.getContext("2d", { willReadFrequently: true });
      const first = sheets.length * SHEET;
      pen.font = `${CELL * 0.78}px ${EMOJI}`;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillStyle = `rgb(${PEN})`;
      emoji.slice(first, first + SHEET).forEach((one, k) => pen.fillText(one, (k % ROW + 0.5) * CELL, (Math.floor(k / ROW) + 0.54) * CELL));
      findMissing(pen.getImageData(0, 0, ROW * CELL, ROW * CELL).data, first);
      sheets.push(sheet);
    }
    function findMissing(data, first) {
      for (let k = 0; k < SHEET && first + k < emoji.length; k++) {
        let ink = 0, plain = 0;
        for (let y = 0; y < CELL; y += 2) for (let x = 0; x < CELL; x += 2) {
          const at = 4 * ((Math.floor(k / ROW) * CELL + y) * ROW * CELL + k % ROW * CELL + x);
          if (data[at + 3] < 128) continue;
          ink += 1;
          plain += Math.abs(data[at] - PEN[0]) + data[at + 1] + Math.abs(data[at + 2] - PEN[2]) < 12;
        }
        missing[first + k] = plain * 2 >= ink;
      }
    }
    return {
      get late() { return sheets.length * SHEET < emoji.length; },
      begin() { for (const end = performance.now() + 8; this.late && performance.now() < end;) fillNext(); },
      lacks: (i) => missing[i] === 1 || i >= sheets.length * SHEET,
      draw(pen, i, x, y, size) {
        const k = i % SHEET;
        pen.drawImage(sheets[Math.floor(i / SHEET)], k % ROW * CELL, Math.floor(k / ROW) * CELL, CELL, CELL, x - size / 2, y - size / 2, size, size);
      } };
  };

  // A mark drawn once and copied a thousand times: a disc, a hollow diamond, or a thin ring.
  epochs.clipMap.makeStamps = () => {
    let stamps = new Map();
    return {
      clear() { stamps = new Map(); },
      get(shape, colour, size, ratio) {          // `size`: from the centre to the edge
        const key = `${shape} ${colour} ${size} ${ratio}`;
        let stamp = stamps.get(key);
        if (stamp) return stamp;
        if (stamps.size > 100) stamps.clear();
        const half = Math.ceil(size + 2);
        stamp = h("canvas", { width: Math.ceil(2 * half * ratio), height: Math.ceil(2 * half * ratio) });
        stamp.half = half;
        const pen = stamp.getContext("2d");
        pen.scale(ratio, ratio);
        pen.translate(half, half);
        pen.beginPath();
        if (shape === "diamond") { pen.moveTo(0, -size); pen.lineTo(size, 0); pen.lineTo(0, size); pen.lineTo(-size, 0); pen.closePath(); } else pen.arc(0, 0, size, 0, 7);
        pen.lineWidth = 1.3;
        pen.fillStyle = pen.strokeStyle = colour;
        pen[shape === "disc" ? "fill" : "stroke"]();
        stamps.set(key, stamp);
        return stamp;
      } };
  };
})();
