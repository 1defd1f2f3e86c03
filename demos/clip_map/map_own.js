// The visitor's own marks, and the marks that are pointed at or chosen.
"use strict";
epochs.clipMap ??= {};
epochs.clipMap.makeOwnMarks = ({ land, pen, camera, look, writer, text, X, Y, shown, inside, dense, request, radius }) => {
  const { PICTURE, OWN_PICTURE } = land;
  const { shorten } = epochs.clipMap;
  let thumbnails = [], heights = [];              // of captions: where their pills stand this frame
  function adopt() {
    heights = new Float32Array(land.count - land.base);
    thumbnails = land.own.pictures.map((source) => { const image = new Image(); image.onload = request; image.src = source; return image; });
  }
  function tip(i) {
    const own = land.type(i) === OWN_PICTURE;
    writer.pill(own ? text.own_picture.replace("{n}", land.ownPicture(i) + 1) : land.type(i) === PICTURE ? `${land.emoji(i)} ${land.words(i)}`
      : `\u201c${shorten(land.words(i), 40)}\u201d`, X(i), Y(i) - (own ? 42 : 26) * look.large, look.colours.ink, false);
  }
  function draw() {
    if (!land.own) return;
    const side = (dense() ? 34 : 42) * look.large;
    for (let i = land.base; i < land.count; i++) {
      const x = X(i), y = Y(i);
      if (land.type(i) !== OWN_PICTURE || !inside(x, y)) continue;
      writer.keep(x - side / 2, y - side / 2, side, side);
      drawThumbnail(land.ownPicture(i), x, y, side);
    }
    // All lines first, so that none crosses a word.
    for (let i = land.base + land.own.pictures.length; i < land.count; i++)
      if (shown(i) && inside(X(i), Y(i))) heights[i - land.base] = writer.reserve(words(i), X(i), Y(i), look.colours.series[1]);
    for (let i = land.base + land.own.pictures.length; i < land.count; i++)
      if (shown(i) && inside(X(i), Y(i))) writer.pill(words(i), X(i), heights[i - land.base], look.colours.series[1], true);
  }
  const words = (i) => shorten(land.words(i), dense() ? 16 : 26);
  function drawThumbnail(number, x, y, side) {
    const image = thumbnails[number];
    pen.fillStyle = "#fff";
    pen.beginPath();
    pen.roundRect(x - side / 2, y - side / 2, side, side, 8);
    pen.fill();
    if (image?.complete && image.naturalWidth) {
      const scale = (side - 6) / Math.max(image.naturalWidth, image.naturalHeight), width = image.naturalWidth * scale, height = image.naturalHeight * scale;
      pen.drawImage(image, x - width / 2, y - height / 2, width, height);
    }
    pen.lineWidth = 3;
    pen.strokeStyle = pen.fillStyle = look.colours.series[0];
    pen.stroke();
    pen.beginPath();
    pen.arc(x - side / 2, y - side / 2, 9, 0, 7);
    pen.fill();
    pen.font = `600 11px ${writer.SANS}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = "#fff";
    pen.fillText(number + 1, x - side / 2, y - side / 2 + 0.5);
  }
  function ring(i, width) {
    if (i < 0 || !shown(i)) return;
    const r = land.type(i) === OWN_PICTURE ? 31 : radius(i);
    pen.beginPath();
    pen.arc(X(i), Y(i), r, 0, 7);
    pen.strokeStyle = look.colours.paper;
    pen.lineWidth = width + 3;
    pen.stroke();
    pen.strokeStyle = look.colours.ink;
    pen.lineWidth = width;
    pen.stroke();
  }
  return { adopt, draw, tip, ring, captionY: (i) => heights[i - land.base] };
};
