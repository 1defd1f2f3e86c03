// What starts a run beside the controls and what follows one: steps to continue from; files that come and go.
"use strict";
(() => {
  const { read, register, race } = epochs;
  race.distilled = new Set();                    // ids of models that a run has shown to be distilled
  race.onRun = [];                               // told of every finished run

  register("race_start", ({ config, props, trigger }) => {
    race.continueFrom = (kept) => {
      const runs = epochs.runs(config.demo);
      if (runs.running.run) runs.stop();
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
      epochs.saveFile("epochs-ddpm-vs-ddim.gif", new Blob([epochs.bytes(gif.split(",")[1])], { type: "image/gif" }));
    });
  });

  register("race_restore", ({ root, props, trigger, text }) => {
    const { h } = epochs;
    const input = h("input", { type: "file", accept: "image/png", hidden: true, onchange: () => { take(input.files[0]); input.value = ""; } });
    async function take(file) {
      if (!file) return;
      // A picture of ours has kilobytes: what is larger is no such picture, and is not read.
      props.value = file.size > 20 * 2 ** 20 ? { problem: "none" } : await epochs.png.readSettings(file).catch(() => ({ problem: "broken" }));
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
})();
