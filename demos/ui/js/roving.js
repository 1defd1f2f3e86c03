// A group of buttons as one stop of the Tab key: arrow keys walk, up and down by `across()`. -> stop(button): that one is
// where Tab comes in, unless the focus is on another of the group.
"use strict";
epochs.roving = (box, across = () => 1) => {
  const all = () => [...box.querySelectorAll("button")].filter((item) => !item.closest("[hidden]"));
  function stop(wanted) {
    const items = all();
    const now = items.find((item) => item === document.activeElement) || wanted || items[0];
    for (const item of items) item.tabIndex = item === now ? 0 : -1;
  }
  box.addEventListener("keydown", (event) => {
    const items = all(), at = items.indexOf(event.target.closest("button"));
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - across(), ArrowDown: at + across(), Home: 0, End: items.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    items[to]?.focus();
    stop();
  });
  return stop;
};
