// Latents to colours, pictures to canvases, settings into PNG files and out of them again.
"use strict";
epochs.race = (() => {
  const KEYWORD = "epochs";
  const LONGEST = 65536;                         // bytes of settings that a picture may carry
  const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

  const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

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

  // Draws when decoded, unless something newer was asked of this canvas: no flicker, no going back.
  async function paintPicture(canvas, uri) {
    canvas.wanted = uri;
    const image = await decode(uri);
    if (canvas.wanted !== uri) return;
    if (canvas.width !== image.naturalWidth || canvas.height !== image.naturalHeight) {
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
    }
    canvas.getContext("2d").drawImage(image, 0, 0);
  }

  // -- settings in a PNG's iTXt chunk (PNG specification, third edition, 11.3.3.4) -------------------
  const table = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  const crc = (data) => ~data.reduce((c, byte) => table[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) >>> 0;

  // A PNG blob with `record` put in behind its header.
  async function withSettings(blob, record) {
    const data = new Uint8Array(await blob.arrayBuffer());
    const text = new TextEncoder();
    // Keyword, its end, uncompressed, no language, no translated keyword.
    const body = Uint8Array.from([...text.encode(`iTXt${KEYWORD}`), 0, 0, 0, 0, 0, ...text.encode(JSON.stringify(record))]);
    const chunk = new Uint8Array(body.length + 8), view = new DataView(chunk.buffer);
    view.setUint32(0, body.length - 4);
    chunk.set(body, 4);
    view.setUint32(4 + body.length, crc(body));
    const header = 8 + 25;
    return new Blob([data.slice(0, header), chunk, data.slice(header)], { type: "image/png" });
  }

  // -> {record} of a file that carries settings, else {problem: "none" | "broken"}.
  async function readSettings(file) {
    const data = new Uint8Array(await file.arrayBuffer());
    if (!SIGNATURE.every((byte, i) => data[i] === byte)) return { problem: "none" };
    const view = new DataView(data.buffer), latin = new TextDecoder("latin1");
    for (let at = 8; at + 12 <= data.length;) {
      const length = view.getUint32(at), name = latin.decode(data.subarray(at + 4, at + 8));
      if (at + 12 + length > data.length) return { problem: "broken" };
      const body = data.subarray(at + 8, at + 8 + length), end = body.indexOf(0);
      if (["iTXt", "tEXt"].includes(name) && latin.decode(body.subarray(0, Math.min(Math.max(end, 0), 80))) === KEYWORD) {
        if (length > LONGEST || crc(data.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) return { problem: "broken" };
        return parse(body.subarray(name === "iTXt" ? end + 5 : end + 1));
      }
      at += 12 + length;
    }
    return { problem: "none" };
  }

  function parse(bytes) {
    try {
      const record = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
      return record && typeof record === "object" && !Array.isArray(record) ? { record } : { problem: "broken" };
    } catch { return { problem: "broken" }; }
  }

  function save(name, blob) {
    const url = URL.createObjectURL(blob), link = epochs.h("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  async function savePicture(canvas, name, record) {
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    save(name + ".png", await withSettings(blob, record));
  }

  return { bytes, paintLatents, paintPicture, decode, withSettings, readSettings, save, savePicture };
})();
