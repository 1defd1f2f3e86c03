// Heatmaps on canvases: the picture as the network sees it, with the cells' colours over it.
"use strict";
(() => {
  const { h } = epochs;

  // -> an image, or null when it cannot be decoded.
  async function decode(uri) {
    const picture = new Image();
    picture.src = uri;
    try { await picture.decode(); return picture; } catch { return null; }
  }

  // Colour of `value` on the scale -high … high; the middle of the map is 0.
  const colourOf = (result, value) => {
    const last = result.colours.length - 1;
    const share = result.high ? Math.min(1, Math.max(-1, value / result.high)) : 0;
    return result.colours[Math.round((share + 1) / 2 * last)];
  };
  // Weak cells let the picture through.
  const strength = (result, value) => (result.high ? Math.min(1, Math.abs(value) / result.high) ** 0.6 : 0);

  // The map as a picture of one pixel per cell, which the canvas enlarges smoothly.
  function cells(result, m) {
    const small = h("canvas", { width: result.columns, height: result.rows });
    const pen = small.getContext("2d");
    const pixels = pen.createImageData(result.columns, result.rows);
    result.maps[m].forEach((value, i) => {
      const colour = colourOf(result, value);
      for (let k = 0; k < 3; k++) pixels.data[4 * i + k] = parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
      pixels.data[4 * i + 3] = Math.round(255 * strength(result, value));
    });
    pen.putImageData(pixels, 0, 0);
    return small;
  }

  const box = (result, side, i) => {
    const [r, c] = [Math.floor(i / result.columns), i % result.columns];
    const [x0, y0] = [Math.round(c * side / result.columns), Math.round(r * side / result.rows)];
    return [x0, y0, Math.round((c + 1) * side / result.columns) - x0, Math.round((r + 1) * side / result.rows) - y0];
  };

  // Paints map `m` on `canvas`; cells in `deleted` are empty, `cursor` is framed.
  function paint(canvas, result, picture, m, { opacity, deleted = null, cursor = -1 }) {
    const pen = canvas.getContext("2d");
    const side = canvas.width;
    pen.globalAlpha = 1;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, side, side);
    pen.imageSmoothingEnabled = picture.naturalWidth > 96;   // few pixels are shown as they are: that is what it sees
    pen.drawImage(picture, 0, 0, side, side);
    if (opacity > 0) {
      // The picture turns grey, so that every colour seen is the map's.
      pen.globalCompositeOperation = "saturation";
      pen.globalAlpha = Math.min(1, 1.5 * opacity);
      pen.fillStyle = "#808080";
      pen.fillRect(0, 0, side, side);
      pen.globalCompositeOperation = "source-over";
      pen.globalAlpha = opacity;
      pen.imageSmoothingEnabled = true;
      pen.imageSmoothingQuality = "high";
      pen.drawImage(cells(result, m), 0, 0, side, side);
      pen.globalAlpha = 1;
    }
    pen.fillStyle = result.empty;
    if (deleted) for (const i of deleted) pen.fillRect(...box(result, side, i));
    if (cursor >= 0) {
      const [x, y, w, height] = box(result, side, cursor);
      pen.lineWidth = 4; pen.strokeStyle = "#fff"; pen.strokeRect(x, y, w, height);
      pen.lineWidth = 2; pen.strokeStyle = "#000"; pen.strokeRect(x, y, w, height);
    }
  }

  // Cells of map `m`, the most relevant first: the order in which the server deleted them.
  const order = (result, m) => [...result.maps[m].keys()].sort((a, b) => result.maps[m][b] - result.maps[m][a] || a - b);

  function legend(result, text) {
    const words = (value) => (value > 0 ? "+" : value < 0 ? "\u2212" : "") + Math.abs(value).toPrecision(2);
    const bar = h("span.where-bar", { "aria-hidden": true, style: `background:linear-gradient(to right,${result.colours.filter((_, i) => i % 8 === 0).join(",")})` });
    return h("div.where-legend", {}, h("span.where-unit", {}, text[result.method]),
      h("span.where-scale", {}, h("span", {}, words(-result.high)), bar, h("span", {}, words(result.high))),
      h("span.where-ends", {}, h("span", {}, text.against), h("span", {}, text.for_it)));
  }

  epochs.where = Object.assign(epochs.where || {}, { decode, paint, order, legend });
})();
