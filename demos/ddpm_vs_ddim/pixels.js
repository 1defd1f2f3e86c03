// Latents to colours, pictures to canvases and into files.
"use strict";
epochs.race = (() => {
  const { bytes } = epochs;

  // float16, little-endian -> float32. Subnormals count as zero: nothing here is that small.
  function halves(base64) {
    const data = new DataView(bytes(base64).buffer);
    return Float32Array.from({ length: data.byteLength / 2 }, (_, i) => {
      const bits = data.getUint16(2 * i, true), exponent = (bits >> 10) & 31;
      return exponent ? (bits & 0x8000 ? -1 : 1) * 2 ** (exponent - 15) * (1 + (bits & 1023) / 1024) : 0;
    });
  }

  // The sample as a picture: by the model's linear map, or as it is where it has the channels of pixels.
  // -> whether it could be drawn.
  function paintLatents(canvas, base64, [channels, height, width], colours) {
    const map = colours.length === channels + 1 ? colours
      : channels === 3 ? [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]] : channels === 1 ? [[1, 1, 1], [0, 0, 0]] : null;
    if (!map) return false;
    const values = halves(base64), size = height * width;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const pen = canvas.getContext("2d"), image = pen.createImageData(width, height);
    for (let i = 0; i < size; i++) {
      for (let rgb = 0; rgb < 3; rgb++) {
        let sum = map[channels][rgb];
        for (let c = 0; c < channels; c++) sum += map[c][rgb] * values[c * size + i];
        image.data[4 * i + rgb] = 127.5 * (sum + 1);   // clamped by the array
      }
      image.data[4 * i + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
    return true;
  }

  const decoded = new Map();                     // data address -> a promise of its picture
  function decode(uri) {
    if (!decoded.has(uri)) {
      if (decoded.size > 600) decoded.clear();
      const image = new Image();
      image.src = uri;
      decoded.set(uri, image.decode().then(() => image));
    }
    return decoded.get(uri);
  }

  // Draws when decoded, unless something newer was asked of this canvas: no flicker, no going back. At the size on
  // screen: a canvas that the page has to enlarge is enlarged again whenever anything beside it changes.
  async function paintPicture(canvas, uri) {
    canvas.wanted = uri;
    const image = await decode(uri);
    if (canvas.wanted !== uri) return;
    const times = Math.max(1, canvas.clientWidth * devicePixelRatio / image.naturalWidth);
    const [width, height] = [image.naturalWidth, image.naturalHeight].map((side) => Math.round(times * side));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext("2d").drawImage(image, 0, 0, width, height);
    canvas.picture = image;
  }

  // A canvas's picture in its own pixels, not those of the screen.
  function original(canvas) {
    const image = canvas.picture;
    if (!image) return canvas;
    const own = epochs.h("canvas", { width: image.naturalWidth, height: image.naturalHeight });
    own.getContext("2d").drawImage(image, 0, 0);
    return own;
  }

  async function savePicture(canvas, name, record) {
    const blob = await new Promise((done) => original(canvas).toBlob(done, "image/png"));
    epochs.saveFile(name + ".png", await epochs.png.withSettings(blob, record));
  }

  return { paintLatents, paintPicture, decode, original, savePicture };
})();
