// A box that holds more than it shows: it fades where there is more, and what is chosen comes into sight. `down`: also
// what is taller than its place.
"use strict";
epochs.edges = (scroller, { down = false } = {}) => {
  const FADE = 26;                               // pixels, as in the style, and a little
  scroller.classList.add("edges");
  function mark() {
    const { scrollLeft, scrollWidth, clientWidth, scrollTop, scrollHeight, clientHeight } = scroller;
    scroller.classList.toggle("more-after", scrollLeft + clientWidth < scrollWidth - 2);
    scroller.classList.toggle("more-above", down && scrollTop > 2);
    scroller.classList.toggle("more-below", down && scrollTop + clientHeight < scrollHeight - 2);
  }
  // By the box alone: `scrollIntoView` would move the page as well.
  function bring(child) {
    const row = scroller.getBoundingClientRect(), box = child.getBoundingClientRect();
    const held = scroller.querySelector(".edges-held")?.getBoundingClientRect().width ?? 0;
    if (box.right > row.right) scroller.scrollLeft += box.right - row.right + 12;
    else if (box.left < row.left + held) scroller.scrollLeft -= row.left + held - box.left + 12;
    if (!down) return;
    if (box.bottom > row.bottom - FADE) scroller.scrollTop += box.bottom - row.bottom + FADE;
    else if (box.top < row.top + FADE) scroller.scrollTop -= row.top + FADE - box.top;
  }
  scroller.addEventListener("scroll", mark, { passive: true });
  const sizes = new ResizeObserver(mark);
  sizes.observe(scroller);
  const watch = () => { for (const child of scroller.children) sizes.observe(child); };
  watch();
  return { bring, watch };
};
