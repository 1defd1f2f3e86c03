// The page's runs: a name for each, so that it can be ended; steps to continue from; files that come and go.
"use strict";
(() => {
  const { read, register, race } = epochs;
  const fresh = () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join("-");
  race.running = false;
  race.distilled = false;
  race.stop = () => {};
  race.ended = () => {};
  race.onRun = [];                               // told of every finished run

  // Keeps a component's value what `make` says. The page's opening resets what a component set when it was
  // mounted, so it is put back when the page is ready, and before any click or key can start something.
  race.hold = (props, make) => {
    const hold = () => { if (JSON.stringify(props.value) !== JSON.stringify(make())) props.value = make(); };
    for (const type of ["click", "keydown", "change"]) document.addEventListener(type, hold, true);
    new MutationObserver(hold).observe(document.documentElement, { attributes: true, attributeFilter: ["data-epochs"] });
    hold();
    return hold;
  };

  // A run takes the name as it stands when it begins; stopping retires the name, so that it can never hit a later run.
  register("race_name", ({ props, trigger }) => {
    let value = { name: fresh() };
    const hold = race.hold(props, () => value);
    race.stop = () => {
      value = { stop: value.name, name: fresh() };
      hold();
      trigger("select");
    };
  });

  register("race_start", ({ props, trigger }) => {
    race.continueFrom = (kept) => {
      if (race.running) race.stop();
      props.value = kept;
      trigger("select");
    };
  });

  register("race_gif", ({ props, trigger, watch }) => {
    race.makeGif = async (frames) => { props.value = { frames: await frames }; trigger("select"); };
    watch("value", () => {
      const { gif } = read(props);
      if (!gif) return;
      props.value = {};
      race.save("epochs-ddpm-vs-ddim.gif", new Blob([race.bytes(gif.split(",")[1])], { type: "image/gif" }));
    });
  });

  register("race_restore", ({ root, props, trigger, text }) => {
    const { h } = epochs;
    const input = h("input", { type: "file", accept: "image/png", hidden: true, onchange: () => { take(input.files[0]); input.value = ""; } });
    async function take(file) {
      if (!file) return;
      // A picture of ours has kilobytes: what is larger is no such picture, and is not read.
      props.value = file.size > 20 * 2 ** 20 ? { problem: "none" } : await race.readSettings(file).catch(() => ({ problem: "broken" }));
      trigger("select");
    }
    root.append(h("div.race-files", {}, h("button.small", { type: "button", onclick: () => input.click() }, text.open), input,
      h("span.race-hint", {}, text.open_hint)));
    const demo = root.closest(".demo");
    if (!demo) return;
    const files = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
    demo.addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
    demo.addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      take(event.dataTransfer.files[0]);
    });
  });

  // A new run ends the one that is on: Gradio holds the click back until that has happened.
  const begins = (demo, event) => (event.type === "click"
    ? event.target.closest?.(`#${demo}-run, #${demo} .control-examples .chip`)
    : event.key === "Enter" && !event.shiftKey && event.target.closest?.(`#${demo}-prompt`));
  race.watchClicks = (demo) => {
    for (const type of ["click", "keydown"])
      document.addEventListener(type, (event) => { if (race.running && begins(demo, event)) race.stop(); }, true);
  };
})();
