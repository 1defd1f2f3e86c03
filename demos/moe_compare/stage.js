// The stage: four views of one comparison, the expert that is followed, the age that is shown; all of it in the address.
"use strict";
(() => {
  const { h, register, fill, read, state } = epochs;
  const { mixes } = epochs;

  register("compare_stage", ({ root, config, props, watch, text }) => {
    const { demo, views } = config;
    const fieldOf = { shown: () => view, age: () => String(age), expert: () => (expert ? `${expert.at}.${expert.expert}` : "") };
    let run = null, view = views.includes(state.asked(demo, "shown")) ? state.asked(demo, "shown") : views[0];
    let age = Math.round(state.askedNumber(demo, "age", 0, 2, 0));
    let expert = /^\d{1,3}\.\d{1,3}$/.test(state.asked(demo, "expert") ?? "") ? (([at, number]) => ({ at, expert: number }))(state.asked(demo, "expert").split(".").map(Number)) : null;

    const empty = h("div.stage-empty", {}, h("p", {}, text.stage_empty));
    const tabs = h("div.cmp-views", { role: "group", "aria-label": text.views }, views.map((name) => h("button.segment", { type: "button", "data-view": name, onclick: () => open(name) }, text[`view_${name}`])));
    const intro = h("p.cmp-intro"), followed = h("p.cmp-followed", { role: "status" }), box = h("div.cmp-box");
    const body = h("div.cmp-body", { hidden: true }, tabs, intro, followed, box);
    root.append(h("section.stage", { "aria-label": text.stage }, empty, body));
    epochs.roving(tabs)();

    const made = Object.fromEntries(views.map((name) => [name, mixes.views[name]({ text, id: demo, choose, setAge: (to) => { age = to; show(); } })]));

    function choose(at, number) {
      expert = expert && expert.at === at && expert.expert === number ? null : { at, expert: number };
      show();
    }
    function open(name) { view = name; show(); }
    // An expert of a router that the network on the stage does not have is nobody's.
    function followedHere() {
      if (!expert || view === "models") return null;
      const layers = (view === "texts" ? run.first : run.byId(run.balance[0])).run.layers;
      return layers[expert.at] && expert.expert < layers[expert.at].experts ? { ...expert, layer: layers[expert.at].layer } : null;
    }
    function keep() { for (const [name, now] of Object.entries(fieldOf)) state.set(demo, name, now()); }

    function show() {
      keep();
      for (const button of tabs.children) button.setAttribute("aria-pressed", button.dataset.view === view);
      if (!run) return;
      const here = followedHere();
      intro.textContent = fill(text[`intro_${view}`], { model: run.first.name });
      followed.replaceChildren(...(here ? [fill(text.followed, { expert: here.expert + 1, layer: here.layer + 1 }), " ", h("button.small", { type: "button", onclick: () => { expert = null; show(); } }, text.unfollow)] : []));
      if (box.firstChild !== made[view].node) box.replaceChildren(made[view].node);
      made[view].show(run, { expert: here, age });
      root.dataset.view = view;
      epochs.tellFacts(demo, run.facts[view]);
      epochs.offerFigure(demo, figure);
    }

    function figure() {
      const cells = made[view].draw(run, { age }), rows = made[view].rows(run), W = 820, wide = 186, tall = 118, across = 4;
      const { write, line, small } = epochs.sheet, first = made[view].above?.(run, 64), top = 64 + (first?.height ?? 0), height = top + Math.ceil(cells.length / across) * tall + 96;
      const said = run.facts[view].sentence, parts = said.match(/.{1,120}(\s|$)|.{1,60}/gu) || [];
      const svg = write({ width: W, height, title: text[`view_${view}`], desc: said }, line(20, 28, text[`view_${view}`], { "font-size": 17, "font-weight": 600 }), small(20, 48, `${run.first.name} \u00b7 ${run.record.date}`),
        first?.node, cells.map(({ title, series }, n) => mixes.barsDrawn(20 + (n % across) * (wide + 10), top + Math.floor(n / across) * tall, wide, epochs.sheet.short(title, 34), series, run.colours)),
        parts.slice(0, 5).map((words, n) => small(20, height - 80 + 15 * n, words)));
      const { date, ...asked } = run.record;
      return { name: `epochs-moe-compare-${view}`, svg, rows, record: { demo, view, ...asked, ...(view === "ages" ? { age: run.ages[age].name } : {}), date, rows,
        models: Object.fromEntries([...run.every].map(([id, one]) => [id, { bits_per_byte: one.bits, bytes: one.bytes, active: one.active, parameters: one.parameters, loads: one.loads }])) } };
    }

    function adopt() {
      const value = read(props), ok = Boolean(value.readings);
      body.hidden = !ok;
      empty.hidden = ok;
      if (!ok) { epochs.withdrawFigure(demo); return; }
      const every = new Map(Object.entries(value.readings).map(([id, one]) => [id, mixes.reading(one)]));
      run = { ...value, every, byId: (id) => every.get(id), first: every.get(value.picked), second: value.second ? mixes.reading(value.second) : null };
      show();
      root.dataset.run = value.run;
      epochs.bringIntoView(root, demo);
    }
    watch("value", adopt);
    adopt();
    show();
  });
})();
