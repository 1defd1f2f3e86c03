// Settings into PNG files and out of them again: an iTXt chunk (PNG specification, third edition, 11.3.3.4).
"use strict";
epochs.png = (() => {
  const KEYWORD = "epochs";
  const LONGEST = 2 ** 18;                       // bytes of settings that a picture may carry
  const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

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

  return { withSettings, readSettings };
})();
