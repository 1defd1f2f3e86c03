// A table of one stack's heads: the name that a test gave, and the figures the tests are made of.
"use strict";
(() => {
  const { h, fill } = epochs;
  const CLASSES = ["previous", "induction", "next", "self", "sink", "broad", ""];   // in the order of the tests
  const DIGITS = { entropy: 2, sink: 2, previous: 2, next: 2, self: 2, distance: 1, induction: 2 };
  const FIGURES = Object.keys(DIGITS);

  epochs.attention.views.heads = ({ text, tests, select }) => {
    const { index, headName, isOff } = epochs.attention;
    let run = null, chosen = null, drawn = "";
    let order = { by: "class", down: false };    // heads with a name first
    let rows = [];

    let columns = [], heads = [], figures = [];  // those that these heads can have
    const titles = h("tr");
    const body = h("tbody");
    const table = h("table.att-heads-table", {}, h("caption.sr-only", {}, text.heads_table), h("thead", {}, titles), body);
    const box = h("div.att-heads-box", { tabindex: "0", role: "region", "aria-label": text.heads_table }, table);
    const count = h("p.att-panel-lead");
    const repeat = h("p.stage-note");
    const rules = h("p.stage-note");
    const live = h("div.att-panel-part", {}, count, box, rules, repeat, h("p.stage-note", {}, text.heads_careful));
    const hint = h("p.stage-note");
    const node = h("div.att-panel-node", {}, live, hint);
    epochs.edges(box);

    const figure = (stack, name, place) => {
      const value = stack.stats?.[name]?.[place];
      return Number.isFinite(value) ? value : null;
    };
    // With the digits that tell it from what a name needs.
    function say(name, value) {
      if (value === null) return "–";
      const needed = tests[name], isNear = (digits) => digits < 4 && value !== needed && +value.toFixed(digits) === needed;
      let digits = DIGITS[name];
      while (isNear(digits)) digits++;
      return value.toFixed(digits);
    }

    function sort(by) {
      order = { by, down: order.by === by ? !order.down : FIGURES.includes(by) };   // of figures, the largest first
      arrange();
    }

    function arrange() {
      const key = (row) => (order.by === "class" ? CLASSES.indexOf(row.name) : order.by === "head" ? row.place : row.figures[order.by]);
      const turn = order.down ? -1 : 1;
      const sorted = [...rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === null || y === null) return (x === null) - (y === null) || a.place - b.place;   // no figure: last, both ways
        return turn * (x - y) || a.place - b.place;
      });
      const focused = document.activeElement;
      body.append(...sorted.map((row) => row.node));
      if (focused !== document.activeElement && body.contains(focused)) focused.focus({ preventScroll: true });
      columns.forEach((by, i) => heads[i].setAttribute("aria-sort", order.by !== by ? "none" : order.down ? "descending" : "ascending"));
    }

    // Patches have no order, and a decoder that looks at another text has no neighbours there. Induction is left with
    // dashes where a text repeats too little: a note says how to see it.
    function makeTitles(stack) {
      const isPicture = run.kind === "vision", isOwn = stack.queries === stack.keys;
      figures = FIGURES.filter((name) => (name === "induction" ? !isPicture && isOwn : Array.isArray(stack.stats?.[name])));
      columns = ["head", "class", ...figures];
      if (!columns.includes(order.by)) order = { by: "class", down: false };
      heads = columns.map((by) => h("th", { scope: "col" }, h("button.att-heads-sort", { type: "button", onclick: () => sort(by) },
        (isPicture && text[`heads_${by}_picture`]) || text[`heads_${by}`])));
      epochs.redraw(titles, ...heads);
      rules.textContent = fill(isPicture ? text.heads_rules_picture : text.heads_rules, tests);
    }

    function makeRows(stack) {
      makeTitles(stack);
      rows = [];
      for (let layer = 0; layer < stack.layers; layer++) for (let head = 0; head < stack.heads; head++) {
        const place = index(stack, layer, head);
        const name = CLASSES.includes(stack.classes?.[place]) ? stack.classes[place] : "";
        const values = Object.fromEntries(FIGURES.map((each) => [each, figure(stack, each, place)]));
        const tested = name === "broad" ? "entropy" : name;
        const button = h("button.att-heads-name", { type: "button", onclick: () => select({ layer, head }) }, headName(stack, layer, head, text));
        rows.push({ place, layer, head, name, figures: values, button, node: h("tr", {}, h("th", { scope: "row" }, button),
          h("td", {}, name ? [h("span.att-heads-class", {}, text[`class_${name}`]),
            h("div.att-heads-test", {}, fill(text[`test_${name}`], { value: say(tested, values[tested]), over: tests[name] }))] : h("span.att-heads-none", {}, text.class_none),
          isOff(run, stack, layer, head) ? h("div.att-heads-off", {}, text.overview_off) : null),
          figures.map((each) => h("td.att-heads-figure", {}, say(each, values[each])))) });
      }
      epochs.redraw(body, ...rows.map((row) => row.node));
      arrange();
    }

    function show(newRun, newChosen) {
      [run, chosen] = [newRun, newChosen];
      const stack = run.stacks?.[chosen.stack];
      live.hidden = !stack;
      hint.textContent = stack ? "" : text.heads_none;
      if (!stack) return;
      const now = `${run.run} ${chosen.stack}`;
      if (now !== drawn) {
        drawn = now;
        makeRows(stack);
        count.textContent = fill(text.heads_count, { named: rows.filter((row) => row.name).length, all: rows.length });
        repeat.textContent = rows.some((row) => row.figures.induction !== null) || run.kind === "vision" || stack.queries !== stack.keys ? "" : text.heads_no_repeat;
      }
      for (const { node: line, layer, head, button } of rows) {
        const isChosen = layer === chosen.layer && head === chosen.head;
        line.classList.toggle("att-heads-chosen", isChosen);
        button.setAttribute("aria-pressed", isChosen);
      }
    }

    return { node, show };
  };
})();
