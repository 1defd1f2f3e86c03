// A row of chips: presets, template sets, examples. A click hands over that chip's payload.
"use strict";
epochs.register("chips", ({ root, config, props, trigger }) => {
  const { h } = epochs;
  root.append(h("div.chips", { role: "group", "aria-label": config.title },
    h("span.control-title", {}, config.title),
    config.items.map((item) => h("button.chip", { type: "button", value: typeof item.payload === "string" ? item.payload : null, onclick: () => { props.value = item.payload; trigger("select"); } }, item.name))));
});
