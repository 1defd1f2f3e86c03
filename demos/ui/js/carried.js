// What follows a visitor from one demo of an era to the next: the picture, the labels, the templates.
"use strict";
epochs.carried = (() => {
  const held = Object.create(null);              // name -> the newest value, whichever demo it was put into
  const news = new Set();                        // demos that were given something they have not run on

  const put = (name, value) => { held[name] = value; };
  const same = (a, b) => (a?.data !== undefined || b?.data !== undefined ? a?.data === b?.data : a === b);

  // -> the values a demo's controls should have now.
  function take(demo, names, values) {
    return names.map((name, i) => {
      if (!(name in held) || same(held[name], values[i])) return values[i];
      news.add(demo);
      return held[name];
    });
  }

  function run(demo) {
    if (news.delete(demo)) document.getElementById(`${demo}-run`)?.click();
  }

  return { put, take, run };
})();
