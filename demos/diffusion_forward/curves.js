// Three small plots over t with a moving mark: beta, alpha_bar, signal to noise. Dragging in one moves t.
"use strict";
(() => {
  const { h } = epochs;
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [250, 150, 40, 10, 26, 22];
  const LIMIT = 40;                              // dB drawn; at both ends the ratio runs off to infinity
  const COLOURS = ["var(--epochs-series-2, #d23a2e)", "var(--epochs-series-1, #5368e9)", "var(--epochs-series-3, #2ba571)"];
  const t = (x, y, s, more = {}) => h("text", { x, y, "font-size": 12, fill: "currentColor", ...more }, s);
  const short = (v) => (v === 0 ? "0" : Math.abs(v) >= 10 ? v.toFixed(0) : Math.abs(v) >= 0.1 ? v.toFixed(2) : v.toPrecision(2)).replace("-", "−");

  function plot(title, name, colour, values, low, high, length, move) {
    const x = (time) => LEFT + time / length * (W - LEFT - RIGHT);
    const y = (v) => TOP + (1 - (Math.min(high, Math.max(low, v)) - low) / (high - low)) * (H - TOP - BOTTOM);
    const every = Math.max(1, Math.floor(length / 300));
    const drawn = values.map((v, i) => [i + 1, v]).filter(([time]) => time % every === 0 || time === 1 || time === length);
    const d = drawn.map(([time, v], i) => `${i ? "L" : "M"}${x(time).toFixed(1)} ${y(v).toFixed(1)}`).join("");
    const mark = h("line", { y1: TOP, y2: H - BOTTOM, stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "4 3" });
    const dot = h("circle", { r: 5, fill: colour });
    const said = t(W - RIGHT, 15, "", { "text-anchor": "end", "font-weight": 600 });
    const node = h("svg.forward-plot", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": title },
      t(0, 15, name, { "font-weight": 600 }), said,
      [low, high].map((v) => h("g", {}, h("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: "currentColor", opacity: 0.2 }),
        t(LEFT - 5, y(v) + 4, short(v), { "text-anchor": "end" }))),
      t(LEFT, H - 6, "0"), t(W - RIGHT, H - 6, `t = ${length}`, { "text-anchor": "end" }),
      h("path", { d, fill: "none", stroke: colour, "stroke-width": 2.5 }), mark, dot);
    const seek = (e) => {
      const area = node.getBoundingClientRect();
      const share = ((e.clientX - area.left) / area.width * W - LEFT) / (W - LEFT - RIGHT);
      move(Math.round(Math.min(1, Math.max(0, share)) * length));
    };
    node.addEventListener("pointerdown", (e) => { node.setPointerCapture(e.pointerId); seek(e); });
    node.addEventListener("pointermove", (e) => { if (e.buttons) seek(e); });
    const show = (time, value, words) => {
      mark.setAttribute("x1", x(time));
      mark.setAttribute("x2", x(time));
      dot.setAttribute("cx", x(time));
      dot.setAttribute("cy", y(value));
      said.textContent = words;
    };
    return { node, show };
  }

  // `move(t)` is called while a plot is dragged.
  function curves(ready, text, move) {
    const { levels, decibels } = epochs.forward;
    const all = Array.from(ready.alphas, (_, i) => levels(ready, i + 1));
    const top = Math.max(...all.map((level) => level.beta));
    const args = (key) => all.map((level) => level[key]);
    const plots = [plot(text.beta_title, text.beta, COLOURS[0], args("beta"), 0, top, ready.length, move),
      plot(text.alpha_title, text.alpha, COLOURS[1], args("alpha"), 0, 1, ready.length, move),
      plot(text.ratio_title, text.ratio, COLOURS[2], args("decibels"), -LIMIT, LIMIT, ready.length, move)];
    const show = (time) => {
      const level = levels(ready, time);
      plots[0].show(time, level.beta, short(level.beta));
      plots[1].show(time, level.alpha, short(level.alpha));
      plots[2].show(time, level.decibels, `${decibels(level.decibels)} dB`);
    };
    return { nodes: plots.map((one) => one.node), show };
  }
  Object.assign(epochs.forward ??= {}, { curves });
})();
