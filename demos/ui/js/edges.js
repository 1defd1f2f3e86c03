// A row that is wider than its place: its end fades where there is more, and what is chosen comes into sight.
"use strict";
epochs.edges = (scroller) => {
  scroller.classList.add("edges");
  function mark() {
    const { scrollLeft, scrollWidth, clientWidth } = scroller;
    scroller.classList.toggle("more-after", scrollLeft + clientWidth < scrollWidth - 2);
  }
  // By the row alone: `scrollIntoView` would move the page as well.
  function bring(child) {
    const row = scroller.getBoundingClientRect(), box = child.getBoundingClientRect();
    const held = scroller.querySelector(".edges-held")?.getBoundingClientRect().width ?? 0;
    if (box.right > row.right) scroller.scrollLeft += box.right - row.right + 12;
    else if (box.left < row.left + held) scroller.scrollLeft -= row.left + held - box.left + 12;
  }
  scroller.addEventListener("scroll", mark, { passive: true });
  const sizes = new ResizeObserver(mark);
  sizes.observe(scroller);
  for (const child of scroller.children) sizes.observe(child);
  return { bring };
};
