// One way of writing positions on the stage: its name, its map, its curve, and whether distance alone decides.
"use strict";
(() => {
  const { h, fill } = epochs;
  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  // `point(m, n, chosen)`: a pair of places is looked at; `chosen` where it was picked, not only passed over. `leave()`: none is.
  function makeCard(name, { demo, text, colours, point, leave }) {
    const P = epochs.positions;
    const canvas = h("canvas.positions-map", { width: 2, height: 2, role: "img", tabindex: 0, "aria-describedby": `${demo}-detail` });
    const [from, to] = [h("span"), h("span")];
    const scale = h("div.positions-scale", { "aria-hidden": true }, from, h("span.positions-ramp", { style: `background:linear-gradient(to right,${colours.join(",")})` }), to);
    const curve = h("div");
    const said = h("p.positions-said");
    const figures = h("div.positions-figures", {}, canvas, scale, curve, said);
    const missing = h("p.positions-missing", { hidden: true }, text[`${name}_missing`]);
    const size = h("span.positions-size");
    const node = h("section.positions-card", { "aria-label": text[name] },
      h("h3.positions-name", {}, P.swatch(name), text[name], size), h("p.positions-how", {}, text[`${name}_how`]), figures, missing);
    let places = 0, painted = null, here = [0, 0];

    const cell = (event) => {
      const box = canvas.getBoundingClientRect();
      const index = (at, start, length) => Math.min(places - 1, Math.max(0, Math.floor(places * (at - start) / length)));
      return [index(event.clientY, box.top, box.height), index(event.clientX, box.left, box.width)];
    };
    canvas.addEventListener("pointermove", (event) => { if (places && event.pointerType === "mouse") point(...cell(event), event.buttons > 0); });
    canvas.addEventListener("pointerleave", (event) => { if (places && event.pointerType === "mouse") leave(); });
    canvas.addEventListener("click", (event) => { if (places) point(...cell(event), true); });
    canvas.addEventListener("keydown", (event) => {
      const [down, right] = MOVES[event.key] ?? [0, 0];
      if (!places || (!down && !right)) return;
      event.preventDefault();
      const within = (at) => Math.min(places - 1, Math.max(0, at));
      point(within(here[0] + down), within(here[1] + right), true);
    });

    // `method`: opened, or undefined where it is not here; `settings`: the answer's; once for every answer.
    function adopt(method, settings) {
      figures.hidden = !method;
      missing.hidden = Boolean(method);
      size.textContent = method ? fill(text.size, { width: method.width }) : "";
      if (!method) { places = 0; return; }
      places = settings.places;
      painted = P.paint(method, places, colours);
      [from.textContent, to.textContent] = [P.say(method.bottom), P.say(method.top)];
      said.textContent = method.scores ? fill(text.differs, { spread: Number(method.spread.toPrecision(2)) }) : settings.words ? text.alone : text.alone_places;
    }

    function show(method, { place, other, ys, above }) {
      here = [place, other];
      const values = { name: text[name], place, places, low: P.say(method.bottom), high: P.say(method.top), self: P.say(method.at(place, place)), other, score: P.say(method.at(place, other)) };
      canvas.setAttribute("aria-label", fill(text.map_of, values));
      P.frame(canvas, painted, place, other);
      curve.replaceChildren(P.curve(method, places, { place, other, ys, words: { axis: text.curve_axis, above, label: fill(text.curve_of, values) } }));
    }
    return { node, adopt, show, painted: () => painted };
  }
  Object.assign(epochs.positions ??= {}, { makeCard });
})();
