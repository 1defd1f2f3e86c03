// What pressing the button would compute.
"use strict";
(() => {
  const { h, register, read } = epochs;
  register("grid_plan", ({ root, props, watch }) => {
    const draw = () => {
      const { said, refused } = read(props);
      root.replaceChildren(...(said ? [h("p.grid-plan" + (refused ? ".refused" : ""), { role: "status" }, said)] : []));
    };
    watch("value", draw);
    draw();
  });
})();
