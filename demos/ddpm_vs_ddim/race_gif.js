// A run's frames for a moving picture: both columns side by side, as small JPEGs that the server turns into a GIF.
"use strict";
(() => {
  const [SIDE, GAP, TOP] = [128, 8, 22];
  const MOST = 64;                               // more frames make a file nobody wants to send

  epochs.race.frames = (entries, placesAt, result) => {
    const longest = Math.max(entries[0].length, entries[1].length);
    const positions = Array.from({ length: Math.min(longest, MOST) }, (_, i, all = Math.min(longest, MOST)) => (all > 1 ? Math.round(i * (longest - 1) / (all - 1)) : 0));
    return Promise.all(positions.map((position) => compose(placesAt(position), result)));
  };

  async function compose(places, result) {
    const canvas = document.createElement("canvas");
    canvas.width = 2 * SIDE + 3 * GAP;
    canvas.height = TOP + 2 * (SIDE + GAP);
    const pen = canvas.getContext("2d"), noisy = document.createElement("canvas");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.font = "12px system-ui, sans-serif";
    for (const [place, entry] of places.entries()) {
      const x = GAP + place * (SIDE + GAP);
      pen.fillStyle = "#1d1d1f";
      pen.fillText(`${result.columns[place].name} \u00b7 ${entry ? entry.frame.i + 1 : 0}/${result.steps[place]}`, x, 15, SIDE);
      if (!entry) continue;
      const uri = entry.end ? entry.frame.picture : entry.frame.clean;
      pen.imageSmoothingEnabled = true;
      if (uri) pen.drawImage(await epochs.race.decode(uri), x, TOP, SIDE, SIDE);
      pen.imageSmoothingEnabled = false;
      if (epochs.race.paintLatents(noisy, entry.end ? entry.frame.end : entry.frame.x, entry.frame.shape, result.colours))
        pen.drawImage(noisy, x, TOP + SIDE + GAP, SIDE, SIDE);
    }
    return canvas.toDataURL("image/jpeg", 0.85);
  }
})();
