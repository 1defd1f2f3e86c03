// The stage: t at pointer speed. x_t is drawn here; the decoder's and the network's pictures are of the nearest stop.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const SECONDS = 5;                             // from t = 0 to T when played

  register("forward_stage", ({ root, config, props, watch, text }) => {
    const { demo } = config;
    const { forward } = epochs;
    let value = {};
    let ready = null;
    let curves = null;
    let playing = 0;
    let drawn = null;                            // the run whose samples `ready` holds
    forward.t = epochs.state.askedNumber(demo, "t", 0, config.most, config.start);
    epochs.runs(demo).hold({ t: forward.t });

    const going = forward.going(config.demo, "stage", text);
    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const slider = h("input", { type: "range", min: 0, max: 1000, step: 1, value: forward.t, id: "forward-t" });
    const shown = h("output", { for: "forward-t" });
    const play = h("button.small.forward-play", { type: "button", onclick: () => (playing ? halt() : begin()) }, text.play);
    const figure = (name, picture) => {
      const said = h("figcaption");
      return { picture, said, node: h(`figure.forward-figure.forward-${name}`, {}, picture, said) };
    };
    const canvas = figure("xt", h("canvas", { width: 16, height: 16, role: "img" }));
    const decoded = figure("decoded", h("img", { alt: "" }));
    const belief = figure("belief", h("img", { alt: "" }));
    const formula = h("p.forward-formula");
    const plots = h("div.forward-plots");
    const strip = forward.strip(text, (t) => move(t));
    const live = h("div.forward-live", { hidden: true },
      h("div.stage-tools.control-t", {}, h("label", { for: "forward-t" }, text.slider), slider, shown, play), formula,
      h("div.forward-trio", {}, canvas.node, decoded.node, belief.node), strip.node, plots);
    root.append(h("section.stage", { "aria-label": text.stage }, going.node, empty, live));

    slider.addEventListener("input", () => { halt(); move(+slider.value); });

    function move(t) {
      forward.t = Math.min(Math.max(0, Math.round(t)), value.length ?? 1000);
      epochs.runs(demo).hold({ t: forward.t });
      epochs.state.set(demo, "t", forward.t);
      draw();
    }

    function begin() {
      let last = performance.now();
      let at = forward.t >= value.length ? 0 : forward.t;
      play.textContent = text.pause;
      const tick = (now) => {
        at += (now - last) / 1000 / SECONDS * value.length;
        last = now;
        move(at);
        if (at >= value.length) halt();
        else playing = requestAnimationFrame(tick);
      };
      playing = requestAnimationFrame(tick);
    }

    function halt() {
      cancelAnimationFrame(playing);
      playing = 0;
      play.textContent = text.play;
    }

    function draw() {
      if (!ready) return;
      const { t } = forward;
      const level = forward.levels(ready, t);
      slider.max = value.length;
      slider.value = t;
      shown.textContent = fill(text.of, { t, length: value.length });
      const words = { t, signal: level.signal.toFixed(3), noise: level.noise.toFixed(3), ratio: forward.decibels(level.decibels) };
      formula.textContent = fill(text.formula, words);
      slider.setAttribute("aria-valuetext", fill(text.spoken, words));
      forward.paint(canvas.picture, ready, t);
      canvas.said.textContent = fill(value.exact ? text.canvas_exact : text.canvas, { t });
      canvas.picture.setAttribute("aria-label", canvas.said.textContent);
      const place = strip.nearest(value, t);
      strip.mark(place);
      const near = (stop, uri) => (stop === t || !uri ? stop : fill(text.nearest, { t: stop }));
      put(decoded, value.sunk[place], fill(text.decoded, { t: near(value.stops[place], value.sunk[place]) }));
      const seen = Math.max(1, place);           // the clean picture needs no belief
      put(belief, value.prompted[seen - 1], fill(value.conditional && value.settings.prompt ? text.belief : text.belief_free, { t: near(value.stops[seen], value.prompted[seen - 1]) }));
      curves.show(t);
    }

    function put({ picture, said, node }, uri, words) {
      node.classList.toggle("forward-waiting", !uri);
      if (uri && picture.getAttribute("src") !== uri) picture.setAttribute("src", uri);
      said.textContent = words;
      picture.setAttribute("alt", words);
    }

    function adopt() {
      const next = epochs.read(props);
      if (!next.run) return;
      going.show(next, (next.prompted?.length ?? 0) + (next.sunk?.length ?? 0), next.stops ? 2 * next.stops.length - 1 : 0);
      root.dataset.state = next.state;
      root.dataset.run = next.run;
      // Until its samples come, a new run leaves the old answer standing, dimmed.
      live.classList.toggle("forward-old", !next.clean && Boolean(ready));
      if (!next.clean) return;
      value = next;
      if (drawn !== value.run) {
        drawn = value.run;
        ready = forward.prepare(value);
        canvas.node.classList.toggle("forward-exact", value.exact);
        curves = forward.curves(ready, text, (t) => { halt(); move(t); });
        plots.replaceChildren(...curves.nodes);
        empty.hidden = true;
        live.hidden = false;
        forward.t = Math.min(forward.t, value.length);
        epochs.runs(demo).hold({ t: forward.t });
        epochs.bringIntoView(root, demo);
      }
      strip.show(value);
      draw();
      forward.shown = { value, ready, strip, text };
      if (value.state === "done") epochs.offerFigure(demo, () => forward.figure(demo));
      else epochs.withdrawFigure(demo);
    }
    watch("value", adopt);
    adopt();
  });
})();
