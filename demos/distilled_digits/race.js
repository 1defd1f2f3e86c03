// The race: both networks read the same digits, each charged its own compute time, played back together with clocks.
"use strict";
epochs.register("digits_race", ({ root, config, props, trigger, watch, text }) => {
  const { h, fill, state } = epochs;
  const own = epochs.digits;
  const { demo, names, counts, batches, side, columns } = config;
  const SHORTEST = 6000;                         // ms that the slower lane takes on the screen
  const TILE = 20, LOST = "#d23a2e";             // px of a digit; the frame of a wrong answer
  let race = null, sheet = null, ticket = 0, flying = false;

  const choice = (id, values, asked, words) => {
    const wanted = Number(state.asked(demo, asked)), select = h("select.digits-choice", { id: `${demo}-${id}`, onchange: () => state.set(demo, asked, select.value) },
      values.map((value) => h("option", { value }, fill(words, { n: value }))));
    select.value = values.includes(wanted) ? wanted : id === "racers" ? values[1] : values[0];
    return select;
  };
  const count = choice("racers", counts, "racers", text.digits), batch = choice("batch", batches, "batch", text.at_a_time);
  const go = h("button.primary.digits-go", { type: "button", onclick: ask }, text.run);
  const playback = epochs.playback({ id: `${demo}-clock`, text, show, over: end, shortest: SHORTEST, longest: Infinity, say: (ms) => fill(text.ms, { ms: ms.toFixed(1) }) });
  const lanes = ["teacher", "distilled"].map((name) => {
    const canvas = h("canvas.digits-lane", { width: columns * TILE, height: TILE, role: "img" }), clock = h("output.digits-clock"), done = h("span.digits-done");
    return { name, canvas, clock, done, node: h("div.digits-track", { style: `--lane:${own.COLOURS[name]}` }, h("h3", {}, names[name]), h("p.digits-time", {}, clock, done), canvas) };
  });
  const verdict = h("p.digits-verdict", { role: "status" }), badge = h("span");
  const save = h("div.take-row", {}, badge, h("span.take-label", {}, text.download), epochs.saveButtons(() => race && figure(), text));
  const empty = h("p.stage-note", {}, text.empty);
  const live = h("div", { hidden: true }, playback.node, h("div.digits-tracks", {}, lanes.map((lane) => lane.node)), verdict, h("p.stage-note", {}, text.charged), save);
  root.append(h("section.stage.digits-race", { "aria-label": text.title }, h("div.stage-tools", {}, h("label", { for: count.id }, text.count), count, h("label", { for: batch.id }, text.batch), batch, go), empty, live));

  function ask() {
    if (flying) return;
    flying = go.disabled = true;
    playback.pause();
    props.value = { ticket: ++ticket, count: +count.value, batch: +batch.value, seed: own.now.lot?.seed ?? 0, jitter: own.now.lot?.jitter ?? 1 };
    trigger("input");
  }
  own.landings.race = () => { flying = go.disabled = false; };

  // -- playing it back ---------------------------------------------------------------------------------
  const total = (lane) => own.sum(lane.passes);
  function show(at) {
    for (const lane of lanes) {
      const run = race.lanes.find((one) => one.name === lane.name), whole = total(run);
      let passed = 0, finished = 0;
      while (finished < run.passes.length && passed + run.passes[finished] <= at + 1e-9) passed += run.passes[finished++];
      const read = Math.min(race.count, finished * race.batch), wrong = run.answers.slice(0, read).filter((answer, i) => answer !== race.labels[i]).length;
      lane.clock.textContent = fill(text.ms, { ms: Math.min(at, whole).toFixed(1) });
      lane.done.textContent = fill(read === race.count ? text.finished : text.read, { read, of: race.count, wrong });
      lane.node.classList.toggle("done", read === race.count);
      paint(lane.canvas, run, read);
    }
  }
  function paint(canvas, run, read) {
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < race.count; i++) {
      const [x, y] = [TILE * (i % columns), TILE * Math.floor(i / columns)];
      pen.globalAlpha = i < read ? 1 : 0.22;
      own.tile(pen, sheet, i, columns, side, x, y, TILE - 1);
      if (i < read && run.answers[i] !== race.labels[i]) { pen.strokeStyle = LOST; pen.lineWidth = 2; pen.strokeRect(x + 1, y + 1, TILE - 3, TILE - 3); }
    }
    pen.globalAlpha = 1;
  }
  function end() { verdict.textContent = race.sentence; live.dataset.ended = race.run; }

  async function adopt() {
    const value = epochs.read(props);
    if (!value.lanes || value.run === race?.run) return;
    const picture = await own.open(value.picture);
    [race, sheet] = [value, picture];
    for (const { canvas, name } of lanes) { canvas.height = TILE * Math.ceil(race.count / columns); canvas.setAttribute("aria-label", fill(text.lane, { name: names[name], n: race.count })); }
    [live.hidden, empty.hidden] = [false, true];
    verdict.textContent = "";
    badge.replaceChildren(epochs.badge(race.badge));
    live.dataset.run = race.run;
    own.tell("race", race);
    const [teacher, student] = race.lanes.map((lane) => total(lane) / race.count);
    epochs.pairs.measured(demo, { teacher, student }, `${fill(text.digits, { n: race.count })}, ${fill(text.at_a_time, { n: race.batch })}`);
    playback.adopt(Math.max(...race.lanes.map(total)));
  }

  function figure() {
    const { PAPER } = own, { line, small, write } = epochs.sheet, W = 720, longest = Math.max(...race.lanes.map(total));
    const rows = race.lanes.flatMap((lane) => lane.passes.map((ms, i) => ({ network: lane.name, pass: i + 1, digits: Math.min(race.batch, race.count - i * race.batch), milliseconds: ms })));
    const svg = write({ width: W, height: 170, title: text.title, desc: race.sentence }, line(16, 28, `${text.title} \u00b7 ${fill(text.digits, { n: race.count })} \u00b7 ${fill(text.at_a_time, { n: race.batch })}`, { "font-weight": 600 }),
      race.lanes.map((lane, k) => h("g", {}, line(16, 68 + 40 * k, names[lane.name]), h("rect", { x: 210, y: 52 + 40 * k, width: Math.max(1, 380 * total(lane) / longest), height: 22, rx: 4, fill: PAPER[lane.name] }),
        line(704, 68 + 40 * k, fill(text.ms, { ms: total(lane).toFixed(1) }), { "text-anchor": "end" }))), small(16, 154, race.sentence));
    return { name: "epochs-digit-race", rows, svg, record: { demo, count: race.count, batch: race.batch, speedup: race.speedup, lanes: race.lanes, labels: race.labels } };
  }
  watch("value", adopt);
});
