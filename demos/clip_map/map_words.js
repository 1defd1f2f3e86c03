// What is written on the map: names, captions, tips, each where there is room.
"use strict";
epochs.clipMap ??= {};
(() => {
  const EMOJI = '"Apple Color Emoji","Segoe UI Emoji","Noto Color Emoji","Twemoji Mozilla",sans-serif';
  const SANS = "system-ui,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif";
  const LABELS = 120;

  epochs.clipMap.shorten = (words, most) => {
    const all = [...words];
    return all.length > most ? all.slice(0, most - 1).join("") + "…" : words;
  };

  // Words on a canvas that keep out of each other's way within a frame.
  epochs.clipMap.makeWriter = (pen, camera, look) => {
    const boxes = new Float32Array(4 * LABELS);
    let count = 0;

    function free(x, y, width, height) {
      for (let k = 0; k < 4 * count; k += 4)
        if (x < boxes[k + 2] && boxes[k] < x + width && y < boxes[k + 3] && boxes[k + 1] < y + height) return false;
      return true;
    }
    function keep(x, y, width, height) {
      if (count >= LABELS) return;
      const k = 4 * count++;
      boxes[k] = x; boxes[k + 1] = y; boxes[k + 2] = x + width; boxes[k + 3] = y + height;
    }

    const font = (bold) => `${bold ? 600 : 400} ${13 * look.large}px ${SANS},${EMOJI}`;
    const height = () => 22 * look.large;
    const within = (at, size, room) => Math.min(room - size - 2, Math.max(2, at - size / 2));
    function widthOf(words, bold) {
      pen.font = font(bold);
      return pen.measureText(words).width + 14;
    }
    function pill(words, x, y, border, bold) {   // centred on x, y; never beyond the edge
      const width = widthOf(words, bold), left = within(x, width, camera.width), top = within(y, height(), camera.height);
      keep(left, top, width, height());
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.beginPath();
      pen.roundRect(left, top, width, height(), 6);
      pen.fillStyle = look.colours.paper;
      pen.fill();
      pen.strokeStyle = border;
      pen.lineWidth = 1.5;
      pen.stroke();
      pen.fillStyle = look.colours.ink;
      pen.fillText(words, left + width / 2, top + height() / 2 + 0.5);
    }

    // Where a pill above or below the mark at x, y is free: its y; with a line that leads there.
    function reserve(words, x, y, border) {
      const width = widthOf(words, true), left = within(x, width, camera.width);
      let at = y;
      for (let k = 0; k < 10; k++) {
        at = y + (k % 2 ? 1 : -1) * (20 + Math.floor(k / 2) * (height() + 3));
        if (free(left, at - height() / 2, width, height())) break;
      }
      keep(left, at - height() / 2, width, height());
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x, at);
      pen.strokeStyle = border;
      pen.lineWidth = 2;
      pen.stroke();
      return at;
    }

    // A name beside its mark, where there is room. -> whether there was.
    function label(words, width, x, y) {
      if (count >= LABELS || x + width > camera.width || !free(x, y - 8, width, 16)) return false;
      keep(x, y - 8, width, 16);
      pen.strokeText(words, x, y);
      pen.fillText(words, x, y);
      return true;
    }
    function beginLabels() {
      pen.font = `${12.5 * look.large}px ${SANS}`;
      pen.textBaseline = "middle";
      pen.textAlign = "left";
      pen.lineJoin = "round";
      pen.lineWidth = 3;
      pen.strokeStyle = look.colours.paper;
      pen.fillStyle = look.colours.ink;
    }
    return { begin() { count = 0; }, keep, pill, reserve, label, beginLabels, SANS };
  };
})();
