// What follows a visitor from one demo to the next: the picture, the labels, the templates.
"use strict";
epochs.carried = (() => {
  const held = Object.create(null);              // name -> the newest value, whichever demo it was put into
  const news = new Set();                        // demos that were given something they have not run on

  // Not what a page begins with: a picture nobody chose, or one that is not drawn yet.
  const put = (name, value) => {
    if (["string", "number"].includes(typeof value) || (value?.data && !value.untouched)) held[name] = value;
  };
  const same = (a, b) => (a?.data !== undefined || b?.data !== undefined ? a?.data === b?.data : a === b);

  // A tab's components are made when it is first opened, and what is sent to them earlier is lost.
  async function opened(demo) {
    const button = () => document.getElementById(`${demo}-run`);
    for (let tries = 0; !button() && tries < 100; tries++) await new Promise((done) => setTimeout(done, 50));
    return button();
  }

  // -> the values a demo's controls should have now.
  async function take(demo, names, values) {
    await opened(demo);
    return names.map((name, i) => {
      if (!(name in held) || same(held[name], values[i])) return values[i];
      news.add(demo);
      return held[name];
    });
  }

  async function run(demo) {
    if (news.delete(demo)) (await opened(demo))?.click();
  }

  // What the page before this one packed; what was put in here meanwhile is newer.
  const unpack = (values) => { for (const name in values) held[name] ??= values[name]; };

  return { put, take, run, pack: () => held, unpack };
})();
