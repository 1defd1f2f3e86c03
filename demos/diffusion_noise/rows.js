// One row of the stage: the runs' pictures side by side, their spread map, and what is said of them.
"use strict";
(() => {
  const { h, fill } = epochs;
  const images = new Map();                      // data URI -> decoded picture, for as long as the stage shows it
  const MOST_IMAGES = 200;

  function decode(uri) {
    if (!images.has(uri)) {
      if (images.size >= MOST_IMAGES) images.delete(images.keys().next().value);
      const image = new Image();
      image.src = uri;
      images.set(uri, image.decode().then(() => image));
    }
    return images.get(uri);
  }

  function levels(map) {                         // 16-bit numbers, 256 of them a grey level
    const view = new DataView(epochs.bytes(map.data).buffer);
    return Float32Array.from({ length: map.width * map.height }, (_, i) => view.getUint16(2 * i, true) / 256);
  }

  function paintMap(canvas, map, high, colours) {
    [canvas.width, canvas.height] = [map.width, map.height];
    const pen = canvas.getContext("2d");
    const data = pen.createImageData(map.width, map.height);
    const table = colours.map(epochs.rgb);
    levels(map).forEach((level, i) => {
      const share = high > 0 ? Math.min(1, level / high) : 0;
      data.data.set([...table[Math.round(share * (table.length - 1))], 255], 4 * i);
    });
    pen.putImageData(data, 0, 0);
  }

  function makeRow(row, text) {
    const name = h("strong.noise-name");
    const said = h("span.noise-said");
    const cells = h("div.noise-cells", { role: "img" });
    const map = h("canvas.noise-map", { width: 64, height: 64, role: "img" });
    const mapBox = h("figure.noise-map-box", {}, map, h("figcaption", {}, text.map));
    const stroke = epochs.noise.COLOURS[row];
    const swatch = h("svg.noise-swatch", { viewBox: "0 0 30 8", "aria-hidden": true },
      h("line", { x1: 0, x2: 30, y1: 4, y2: 4, stroke, "stroke-width": 4, "stroke-dasharray": epochs.noise.DASHES[row] }));
    const node = h("section.noise-row", {}, h("header.noise-head", {}, swatch, name, said), h("div.noise-body", {}, cells, mapBox));
    let drawn = null;

    // `frame` {step, strip}: the pictures to show, `high` the end of the colour scale of all maps.
    async function show(found, { label, runs, frame, high, colours, seeds }) {
      name.textContent = label;
      node.setAttribute("aria-label", label);
      said.replaceChildren(...sentence(found, runs, text));
      if (found.map) { paintMap(map, found.map, high, colours); map.setAttribute("aria-label", fill(text.map_of, { name: label, mean: found.map.mean, highest: found.map.highest })); }
      mapBox.classList.toggle("waiting", !found.map);
      cells.style.setProperty("--noise-columns", Math.min(8, runs));
      cells.setAttribute("aria-label", fill(text.pictures_of, { n: runs, name: label }));
      while (cells.children.length > runs) cells.lastChild.remove();
      while (cells.children.length < runs) cells.append(h("div.noise-cell", {}, h("canvas", { width: 64, height: 64 }), h("span")));
      [...cells.children].forEach((cell, i) => { cell.lastChild.textContent = row === "apart" ? fill(text.seed, { seed: seeds[i] }) : String(i + 1); });
      if (!frame || frame.strip === drawn) return;
      drawn = frame.strip;
      const strip = await decode(frame.strip);
      if (drawn !== frame.strip) return;         // a newer one has come
      const [width, height] = [strip.naturalWidth / runs, strip.naturalHeight];
      [...cells.children].forEach((cell, i) => {
        const canvas = cell.firstChild;
        [canvas.width, canvas.height] = [width, height];
        canvas.getContext("2d").drawImage(strip, i * width, 0, width, height, 0, 0, width, height);
      });
    }
    return { node, show, pictures: () => [...cells.querySelectorAll("canvas")], map: () => map };
  }

  function sentence(found, runs, text) {
    const parts = [];
    if (found.distance !== undefined) parts.push(h("b.noise-number", {}, found.distance.toFixed(1)), text.apart_by);
    if (found.row !== "apart" && found.clean.length) parts.push(h("span.noise-bits", {}, found.identical === runs
      ? fill(text.identical, { n: runs }) : found.identical > 1 ? fill(text.some_identical, { n: runs, same: found.identical }) : text.all_differ));
    return parts;
  }

  Object.assign(epochs.noise ??= {}, { makeRow });
})();
