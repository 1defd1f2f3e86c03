// The map's data: where every mark lies in each view, how closing the gap moves it, and who is near whom.
// Marks are numbered: N pictures of emoji, their N names, then the visitor's own pictures and captions.
"use strict";
epochs.clipMap ??= {};                           // the demo's scripts are joined by name: each may come first
(() => {
  const PICTURE = 0, NAME = 1, OWN_PICTURE = 2, OWN_CAPTION = 3;

  function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new Int16Array(bytes.buffer);
  }

  function makeLand(packed) {
    const g = { ...packed, emoji: packed.emoji.split("\n"), names: packed.names.split("\n") };
    const n = g.emoji.length, base = 2 * n, k = 5;
    const kind = unpack(g.kind), along = unpack(g.along_gap), ranks = unpack(g.ranks), ownCosines = unpack(g.own_cosines);
    const neighbours = unpack(g.neighbours), neighbourCosines = unpack(g.neighbour_cosines);
    const views = Object.fromEntries(Object.entries(g.views).map(([name, v]) => [name, unpack(v.places)]));
    let own = null;                              // the visitor's, unpacked
    let count = base;

    function adopt(value) {
      own = { ...value, along: unpack(value.along_gap), cosines: unpack(value.cosines), each: unpack(value.own_cosines),
        places: Object.fromEntries(Object.entries(value.views).map(([name, places]) => [name, unpack(places)])),
        size: value.pictures.length + value.captions.length };
      count = base + own.size;
    }

    const type = (i) => (i < n ? PICTURE : i < base ? NAME : i < base + own.pictures.length ? OWN_PICTURE : OWN_CAPTION);
    const isPicture = (i) => i < n || (i >= base && i < base + own.pictures.length);
    const ownPicture = (i) => i - base;
    const ownCaption = (i) => i - base - own.pictures.length;

    // A picture's own text, or the first picture of a text; -1 where there is none.
    function partner(i) {
      if (i < base) return i < n ? i + n : i - n;
      const found = own.pairs.find(([p, c]) => (isPicture(i) ? p === ownPicture(i) : c === ownCaption(i)));
      if (!found) return -1;
      return isPicture(i) ? base + own.pictures.length + found[1] : base + found[0];
    }

    function cosine(i, j) {                      // of an own mark with anything, or of two partners
      if (i < base && j < base) return ownCosines[i % n] / g.fine;
      if (i < base) return cosine(j, i);
      return (j < base ? own.cosines[(i - base) * base + j] : own.each[(i - base) * own.size + j - base]) / g.fine;
    }

    // Liang et al. 2022, section 4.2: pictures go one way along the gap, texts the other, each by half of what is
    // closed, and all come back to unit length. Three numbers of a mark say where that leaves it on the plane.
    function shifted(x, y, along, step, out, at) {
      const length = Math.sqrt(1 + 2 * step * along + step * step * g.gap_squared);
      out[at] = (x + g.origin[0] + step * g.gap_axes[0]) / length - g.origin[0];
      out[at + 1] = (y + g.origin[1] + step * g.gap_axes[1]) / length - g.origin[1];
    }

    // Writes x and y of all marks into `out`. Where a view has no texts, a text waits behind its picture.
    function place(view, closed, out) {
      const places = views[view];
      for (let i = 0; i < count; i++) {
        const mine = i >= base;
        const source = mine ? own.places[view] : places;
        let at = mine ? i - base : i;
        if (view === "pictures" && !isPicture(i)) {
          const behind = partner(i);
          if (behind >= 0) { out[2 * i] = out[2 * behind]; out[2 * i + 1] = out[2 * behind + 1]; continue; }
          if (!mine) at -= n;
        }
        const x = source[2 * at] / g.fine, y = source[2 * at + 1] / g.fine;
        if (view === "both" && closed) shifted(x, y, (mine ? own.along[at] : along[at]) / g.fine, (isPicture(i) ? -closed : closed) / 2, out, 2 * i);
        else { out[2 * i] = x; out[2 * i + 1] = y; }
      }
    }

    // The marks with the highest cosine to mark i among the pictures, or among the texts: [{ index, cosine }].
    function near(i, pictures) {
      const side = pictures ? 0 : 1, found = [];
      if (i < base) for (let j = 0; j < k; j++) {
        const at = (2 * i + side) * k + j;
        found.push({ index: neighbours[at] + side * n, cosine: neighbourCosines[at] / g.fine });
      } else for (let j = 0; j < n; j++) found.push({ index: j + side * n, cosine: cosine(i, j + side * n) });
      for (let j = base; j < count; j++) if (j !== i && isPicture(j) === pictures) found.push({ index: j, cosine: cosine(i, j) });
      return found.sort((a, b) => b.cosine - a.cosine).slice(0, k);
    }

    const rank = (i) => (i < base ? ranks[i] : 0);
    const words = (i) => (type(i) === OWN_CAPTION ? own.captions[ownCaption(i)] : i < base ? g.names[i % n] : "");
    const emoji = (i) => (i < base ? g.emoji[i % n] : "");
    const thumbnail = (i) => (type(i) === OWN_PICTURE ? own.pictures[ownPicture(i)] : null);

    return { PICTURE, NAME, OWN_PICTURE, OWN_CAPTION, n, base, gallery: g, get count() { return count; }, get own() { return own; }, adopt, type, isPicture, ownPicture,
      partner, cosine, place, near, rank, words, emoji, thumbnail, kind: (i) => (i < base ? kind[i % n] : -1) };
  }

  epochs.clipMap.makeLand = makeLand;
})();
