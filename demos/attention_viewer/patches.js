// A picture's patches: painted over it, found under a pointer, walked by the arrow keys. The first one is token 1.
"use strict";
(() => {
  const [UNDER, OVER] = ["#ffffff", "#4a5060"];  // of a line that is seen on any picture

  // shade(n) -> [CSS colour, share in [0, 1]] of the patch at place n, or null for one of which nothing is known: a line
  // across says so. `token`: the chosen one, framed where it is a patch.
  function paint(canvas, image, { rows, columns }, shade, token = 0) {
    const pen = canvas.getContext("2d");
    const [w, t] = [canvas.width / columns, canvas.height / rows];
    const thick = Math.max(2, canvas.width / 120);
    pen.globalAlpha = 1;
    if (image.complete && image.naturalWidth) { pen.imageSmoothingEnabled = false; pen.drawImage(image, 0, 0, canvas.width, canvas.height); }
    else { pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height); }
    for (let n = 0; n < rows * columns; n++) {
      const [x, y, shown] = [(n % columns) * w, Math.floor(n / columns) * t, shade(n)];
      pen.globalAlpha = shown ? 0.25 + 0.6 * shown[1] : 1;
      if (shown) {
        pen.fillStyle = shown[0];
        pen.fillRect(x, y, Math.ceil(w), Math.ceil(t));
      } else for (const [colour, width] of [[UNDER, thick], [OVER, thick / 2]]) {
        pen.strokeStyle = colour;
        pen.lineWidth = width;
        pen.beginPath();
        pen.moveTo(x, y + t);
        pen.lineTo(x + w, y);
        pen.stroke();
      }
    }
    pen.globalAlpha = 1;
    if (token < 1) return;
    pen.lineWidth = thick;
    pen.strokeStyle = epochs.attention.canvas.QUERY;
    pen.strokeRect(((token - 1) % columns) * w, Math.floor((token - 1) / columns) * t, w, t);
  }

  // -> the token under a pointer, -1 beside the picture.
  function under(event, canvas, { rows, columns }) {
    const area = canvas.getBoundingClientRect();
    const c = Math.floor((event.clientX - area.left) / area.width * columns), r = Math.floor((event.clientY - area.top) / area.height * rows);
    return c < 0 || r < 0 || c >= columns || r >= rows ? -1 : 1 + r * columns + c;
  }

  // -> the token that an arrow key leads to, -1 where it leads nowhere; from the class token to the first patch.
  function walk(event, token, { rows, columns }) {
    const step = epochs.attention.canvas.ARROWS[event.key];
    if (!step) return -1;
    event.preventDefault();
    const next = token < 1 ? 1 : token + step[0] * columns + step[1];
    return next >= 1 && next <= rows * columns ? next : -1;
  }

  epochs.attention.patches = { paint, under, walk };
})();
