// What the page tells the server beside the controls: this page's name for its runs, and the cells it holds.
"use strict";
(() => {
  const { h, register, read } = epochs;
  const grid = Object.assign(epochs.grid ??= {}, { running: false, hold() {}, stop() {}, ended() {} });

  // The page's opening resets what a component set when it was mounted: the value is put back when the page is
  // ready, and before any click or key can start something.
  function keep(props, make) {
    const hold = () => { if (JSON.stringify(props.value) !== JSON.stringify(make())) props.value = make(); };
    for (const type of ["click", "keydown", "change"]) document.addEventListener(type, hold, true);
    new MutationObserver(hold).observe(document.documentElement, { attributes: true, attributeFilter: ["data-epochs"] });
    hold();
    return hold;
  }

  const fresh = () => Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);

  // A run takes the name as it stands when it begins; stopping retires the name, so that it never hits a later run.
  register("grid_held", ({ config, props, trigger }) => {
    let value = { name: fresh(), keys: [] };
    const hold = keep(props, () => value);
    grid.hold = (keys) => { value = { ...value, keys }; hold(); };
    grid.stop = () => {
      value = { ...value, stop: value.name, name: fresh() };
      hold();
      trigger("select");
    };
    // A new run ends the one that is on: Gradio holds the click back until that has happened.
    document.addEventListener("click", (event) => { if (grid.running && event.target.closest?.(`#${config.demo}-run`)) grid.stop(); }, true);
  });

  // What pressing the button would compute.
  register("grid_plan", ({ root, props, watch }) => {
    const draw = () => {
      const { said, refused } = read(props);
      root.replaceChildren(...(said ? [h("p.grid-plan" + (refused ? ".refused" : ""), { role: "status" }, said)] : []));
    };
    watch("value", draw);
    draw();
  });
})();
