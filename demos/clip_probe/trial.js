// The probe's test picture: both distributions side by side; and what keeps the page in step with the examples.
"use strict";
(() => {
  const { h, register, percent } = epochs;
  const trained = {};                            // demo -> () => void, asks for the test picture's verdict; absent before a training
  const state = (demo) => (epochs.probe.seen[demo] ??= {});

  const press = (demo) => setTimeout(() => document.getElementById(`${demo}-run`)?.click());
  epochs.probe = {
    seen: {},                                    // demo -> {stage, trial}: the newest answers, for the export
    // The examples or the settings have changed.
    again: (demo) => { if (trained[demo]) press(demo); },
    // The test picture has changed: the trained probe judges it; without one there is a training first.
    tested: (demo) => { trained[demo] ? trained[demo]() : press(demo); },
    // A ready-made set, as the values of the tray, the test picture and the three answers.
    fill(demo, set, kept) {
      const full = set.pictures.length > 0;
      if (!full) delete trained[demo];
      state(demo).full = full;
      state(demo).panel = set.panel;
      const test = set.test ? { source: "emoji", emoji: set.test, data: epochs.drawEmoji(set.test) } : {};
      return [epochs.drawTray({ pictures: set.pictures, groups: set.groups }), test, ...(full ? kept : [{}, {}, {}])];
    },
    filled(demo) {
      if (state(demo).full) press(demo);
      else if (state(demo).panel) document.querySelector(`#${demo} .tray [data-panel=${state(demo).panel}]`)?.click();
    },
  };

  // The trained probe, kept by the page alone: weights in, a request for a verdict out.
  register("probe_trained", ({ config, props, trigger, watch }) => {
    watch("value", () => {
      if (epochs.read(props).weights) trained[config.demo] = () => trigger("select");
      else delete trained[config.demo];
    });
  });

  register("probe_title", ({ root, text }) => root.append(h("p.control-title", {}, text.title)));

  epochs.probe.notes = (sentences) => (sentences || []).map((sentence) => h("p.probe-note", {}, sentence));

  register("probe_trial", ({ root, config, props, watch, text }) => {
    const { demo } = config;

    function column(kind, p, best) {
      return h(`span.probe-share.${kind}` + (best ? ".best" : ""), {},
        h("span.bar", { "aria-hidden": true }, h("span.bar-fill", { style: `transform:scaleX(${p})` })),
        h("span.p", {}, percent(p)));
    }

    function draw() {
      const value = epochs.read(props);
      state(demo).trial = value.names ? value : null;
      if (!value.names) { root.replaceChildren(); return; }
      const best = (shares) => shares.indexOf(Math.max(...shares));
      const [mine, other] = [best(value.probe), best(value.zero_shot)];
      const source = document.querySelector(`#${demo} .picture .preview img`);
      const picture = source && h("img.probe-thumb", { src: source.src, alt: source.alt });
      root.replaceChildren(h("section.stage.probe-trial", { "aria-label": text.trial },
        h("div.probe-head", {}, picture, h("div", {}, h("h3", {}, text.trial), h("p.probe-verdict", { role: "status" }, value.sentence))),
        h("div.probe-columns", { "aria-hidden": true }, h("span", {}),
          h("span.probe-key.probe", {}, h("b", {}, text.probe), h("span", {}, text.told_examples)),
          h("span.probe-key.zero", {}, h("b", {}, text.zero_shot), h("span", {}, text.told_names))),
        h("ol.probe-rows", { "data-run": value.run }, value.names.map((name, i) => h("li.probe-row", {},
          h("span.name", { dir: "auto", title: name }, name),
          column("probe", value.probe[i], i === mine), column("zero", value.zero_shot[i], i === other)))),
        value.sigmoid ? h("p.stage-note", {}, text.axis_sigmoid) : "",
        ...epochs.probe.notes(value.notes)));
    }
    watch("value", draw);
    draw();
  });
})();
