// The map's camera: what part of the plane is on the canvas, moved by mouse, fingers, wheel and keys.
"use strict";
epochs.clipMap ??= {};
epochs.clipMap.makeCamera = (host, { moved, pick, hover }) => {
  const MOST = 60;                               // times the size at which everything fits
  const camera = { x: 0, y: 0, zoom: 1, fit: 1, width: 1, height: 1, home: [0, 0],
    get scale() { return camera.fit * camera.zoom; },                     // pixels per unit
    toX: (x) => (x - camera.x) * camera.scale + camera.width / 2,
    toY: (y) => (camera.y - y) * camera.scale + camera.height / 2 };

  // Everything between the corners fits, with room for marks at the edge.
  camera.frame = (left, bottom, right, top) => {
    camera.home = [(left + right) / 2, (bottom + top) / 2, right - left, top - bottom];
    refit();
    camera.reset();
  };
  function refit() {
    const [, , width = 1, height = 1] = camera.home;
    camera.fit = Math.max(1, Math.min((camera.width - 56) / width, (camera.height - 56) / height));
  }
  camera.resize = (width, height) => { camera.width = width; camera.height = height; refit(); };
  camera.reset = () => { camera.zoom = 1; [camera.x, camera.y] = camera.home; done(); };
  camera.look = (x, y, zoom) => { camera.x = x; camera.y = y; camera.zoom = Math.max(camera.zoom, zoom); done(); };

  function done() {
    const [x, y, width = 1, height = 1] = camera.home;
    camera.x = Math.min(x + width / 2, Math.max(x - width / 2, camera.x));
    camera.y = Math.min(y + height / 2, Math.max(y - height / 2, camera.y));
    // At full view a finger scrolls the page; closer, it moves the map.
    host.style.touchAction = camera.zoom > 1.01 ? "none" : "pan-y";
    moved();
  }
  // The point under (px, py) stays under it.
  camera.zoomAt = (px, py, factor) => {
    const zoom = Math.min(MOST, Math.max(1, camera.zoom * factor));
    const grow = zoom / camera.zoom, scale = camera.scale;
    camera.x += (px - camera.width / 2) / scale * (1 - 1 / grow);
    camera.y -= (py - camera.height / 2) / scale * (1 - 1 / grow);
    camera.zoom = zoom;
    if (zoom === 1) [camera.x, camera.y] = camera.home;
    done();
  };
  camera.pan = (dx, dy) => { camera.x -= dx / camera.scale; camera.y += dy / camera.scale; done(); };

  const fingers = [];                            // { id, x, y } of at most two pointers
  let travelled = 0;
  const at = (event) => { const box = host.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  host.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || fingers.length > 1 || event.target.closest("button")) return;
    const [x, y] = at(event);
    fingers.push({ id: event.pointerId, x, y });
    if (fingers.length === 1) travelled = 0;
    host.setPointerCapture(event.pointerId);
  });
  host.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    const finger = fingers.find((f) => f.id === event.pointerId);
    if (!finger) { if (event.pointerType === "mouse") hover(x, y); return; }
    const [dx, dy] = [x - finger.x, y - finger.y];
    travelled += Math.hypot(dx, dy);
    if (fingers.length === 2) {
      const other = fingers.find((f) => f !== finger);
      const before = Math.hypot(finger.x - other.x, finger.y - other.y), after = Math.hypot(x - other.x, y - other.y);
      camera.pan(dx / 2, dy / 2);
      camera.zoomAt((x + other.x) / 2, (y + other.y) / 2, after / Math.max(8, before));
    } else if (travelled > 5) { camera.pan(dx, dy); hover(-1e4, -1e4); }
    finger.x = x;
    finger.y = y;
  });
  function lift(event, chosen) {
    const place = fingers.findIndex((f) => f.id === event.pointerId);
    if (place < 0) return;
    const [finger] = fingers.splice(place, 1);
    if (chosen && !fingers.length && travelled <= 5) pick(finger.x, finger.y, event.pointerType === "mouse" ? 12 : 24);
    else if (fingers.length) travelled = 100;    // the other finger of a pinch picks nothing
  }
  host.addEventListener("pointerup", (event) => lift(event, true));
  host.addEventListener("pointercancel", (event) => lift(event, false));
  host.addEventListener("pointerleave", () => hover(-1e4, -1e4));
  host.addEventListener("dblclick", (event) => { if (!event.target.closest("button")) camera.zoomAt(...at(event), 2); });
  // The wheel belongs to the page until the map has been clicked; a pinch on a touchpad is always ours.
  host.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !host.contains(document.activeElement)) return;
    if (event.deltaY > 0 && camera.zoom === 1) return;
    event.preventDefault();
    camera.zoomAt(...at(event), Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : event.deltaMode ? 0.05 : 0.0016)));
  }, { passive: false });
  host.addEventListener("keydown", (event) => {
    if (event.target !== host || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) camera.pan(...step);
    else if (event.key === "+" || event.key === "=") camera.zoomAt(camera.width / 2, camera.height / 2, 1.4);
    else if (event.key === "-") camera.zoomAt(camera.width / 2, camera.height / 2, 1 / 1.4);
    else if (event.key === "0") camera.reset();
    else return;
    event.preventDefault();
  });
  return camera;
};
