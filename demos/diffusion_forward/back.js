// The way back: the picture, x_t, and what DDIM makes of it, step by step; finished ones stay to be compared.
"use strict";
(() => {
  const { h, register, fill } = epochs;
  const MOST = 8;

  register("forward_back", ({ root, config, props, watch, text }) => {
    const { forward } = epochs;
    const tries = [];                            // finished values of one picture
    let source = null;
    const going = forward.going(config.demo, "back", text);
    const empty = h("div.stage-empty.forward-small-empty", {}, h("p", {}, text.empty));
    const figure = (said) => {
      const picture = h("img", { alt: "" });
      const caption = h("figcaption", {}, said);
      return { picture, caption, node: h("figure.forward-figure", {}, picture, caption) };
    };
    const [original, start, now] = [figure(text.original), figure(""), figure("")];
    const list = h("ol.forward-tries", { "aria-label": text.tries });
    const live = h("div", { hidden: true }, h("div.forward-trio", {}, original.node, start.node, now.node), list);
    root.append(h("section.stage.forward-back", { "aria-label": text.title }, going.node, empty, live));

    const put = ({ picture, caption }, uri, words) => {
      if (picture.getAttribute("src") !== uri) picture.setAttribute("src", uri);
      caption.textContent = words;
      picture.alt = words;
    };

    function adopt() {
      const value = epochs.read(props);
      if (!value.run) return;
      root.dataset.state = value.state;
      root.dataset.run = value.run;
      going.show(value, value.taken ?? 0, value.times?.length ?? 0);
      live.classList.toggle("forward-old", !value.now && !live.hidden);
      if (!value.now) return;
      empty.hidden = true;
      live.hidden = false;
      if (source !== value.source) { tries.length = 0; source = value.source; }
      const { t, prompt } = value.settings;
      const finished = value.state === "done";
      put(original, value.picture, text.original);
      put(start, value.start, fill(text.start, { t }));
      put(now, value.now, finished ? fill(text.result, { prompt }) : fill(text.now, { t: value.times[Math.max(0, value.taken - 1)] }));
      if (finished && !tries.some((other) => other.run === value.run)) {
        tries.push(value);
        if (tries.length > MOST) tries.shift();
      }
      list.replaceChildren(...[...tries].sort((a, b) => a.settings.t - b.settings.t).map((one) => h("li.forward-try", {},
        h("img", { src: one.now, alt: "" }), h("b", {}, `t = ${one.settings.t}`), h("span.forward-prompt", { dir: "auto" }, one.settings.prompt),
        h("span", {}, fill(text.distance, { distance: one.distance.toFixed(1) })))));
      forward.tries = tries;
      forward.backText = text;
    }
    watch("value", adopt);
    adopt();
  });
})();
