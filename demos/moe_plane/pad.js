// Points of one's own: a square to place them on with pointer or keys, as the text that travels (two digits across, two
// upwards, p or m).
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const pads = [];
  let data = null;                               // what the choice of points says

  register("plane_pad", ({ root, config, props, watch, text }) => {
    const { demo, own, grid, most } = config;
    let points = "", pen = "p", cursor = [grid / 2, grid / 2];
    const count = () => points.length / 5;
    const board = h("svg.plane-board", { viewBox: `0 0 ${grid} ${grid}`, tabindex: 0, role: "application", "aria-label": text.board });
    const said = h("output.plane-count", { role: "status" });
    const pens = Object.entries({ p: text.light, m: text.dark, x: text.eraser }).map(([value, name]) => h("button.segment", { type: "button", value, "aria-pressed": value === pen, onclick: () => choose(value) }, name));
    const choose = (value) => { pen = value; for (const each of pens) each.setAttribute("aria-pressed", each.value === pen); };
    const undo = h("button.small", { type: "button", onclick: () => set(points.slice(0, -5)) }, text.undo), clear = h("button.small", { type: "button", onclick: () => set("") }, text.clear);
    const box = h("section.plane-pad", { "aria-label": text.title, hidden: true }, h("p.control-title", {}, text.title), h("div.segments", { role: "group", "aria-label": text.pen }, pens), board,
      h("div.stage-tools", {}, undo, clear, said));
    root.append(box);
    epochs.state.rule(demo, (key) => key !== "points" || data === own);

    function set(next, tell = true) {
      points = next;
      draw();
      if (!tell) return;
      props.value = { points };
      epochs.state.set(demo, "points", points);
    }
    function act([column, row]) {
      const key = `${String(column).padStart(2, "0")}${String(row).padStart(2, "0")}`;
      const all = points.match(/.{5}/g) || [];
      if (pen === "x") { set(all.filter((one) => Math.hypot(one.slice(0, 2) - column, one.slice(2, 4) - row) > 4).join("")); return; }
      if (all.some((one) => one.startsWith(key)) || count() >= most) return;
      set(points + key + pen);
    }
    function draw() {
      const all = points.match(/.{5}/g) || [];
      board.replaceChildren(h("rect", { width: grid, height: grid, fill: "#c9cdd6" }),
        ...all.map((one) => h("circle", { cx: +one.slice(0, 2) + 0.5, cy: grid - +one.slice(2, 4) - 0.5, r: 1.7, fill: one[4] === "p" ? "#ffffff" : "#14161c", stroke: one[4] === "p" ? "#14161c" : "#ffffff", "stroke-width": 0.6 })),
        h("path.plane-cursor", { d: `M${cursor[0] - 3} ${grid - cursor[1]}h6M${cursor[0]} ${grid - cursor[1] - 3}v6`, stroke: "#a3202e", "stroke-width": 0.8 }));
      said.textContent = fill(text.count, { n: count(), most });
      undo.disabled = clear.disabled = !points;
    }
    const hold = (v) => Math.max(0, Math.min(grid - 1, Math.floor(v)));
    const under = (event) => { const { left, top, width, height } = board.getBoundingClientRect(); return [hold((event.clientX - left) / width * grid), hold((1 - (event.clientY - top) / height) * grid)]; };
    let last = null;                             // a pointer that is held down draws a trail
    board.addEventListener("pointerdown", (event) => { board.setPointerCapture(event.pointerId); last = cursor = under(event); act(last); event.preventDefault(); });
    board.addEventListener("pointermove", (event) => {
      if (!last) return;
      const now = under(event);
      if (pen === "x" || Math.hypot(now[0] - last[0], now[1] - last[1]) >= 4) { last = cursor = now; act(now); }
    });
    for (const type of ["pointerup", "pointercancel"]) board.addEventListener(type, () => { last = null; });
    board.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-2, 0], ArrowRight: [2, 0], ArrowUp: [0, 2], ArrowDown: [0, -2] }[event.key];
      if (by) cursor = cursor.map((v, i) => hold(v + by[i])); else if (event.key === " " || event.key === "Enter") act(cursor); else return;
      event.preventDefault();
      draw();
    });

    const see = () => { box.hidden = data !== own; };
    pads.push(see);
    data ??= epochs.state.asked(demo, "data") ?? config.start;
    watch("value", () => { const value = epochs.read(props).points ?? ""; if (value !== points) set(value, false); });
    set(epochs.read(props).points ?? "", false);
    see();
  });

  epochs.plane = Object.assign(epochs.plane || {}, { chosen(now) { data = now; for (const see of pads) see(); } });
})();
