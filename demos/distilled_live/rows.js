// Digits to look at: what the teacher says of some of those learned from, and those that one student alone misreads.
"use strict";
(() => {
  const { h, fill, percent } = epochs;
  const { COLOURS } = epochs.live;
  const image = (picture, alt) => h("img.live-digit", { src: picture, alt, width: 56, height: 56 });

  // The soft label of one digit: the teacher's likeliest answers as bars, the hard label beside them.
  function sample({ picture, label, soft }, text) {
    const bars = soft.map(([digit, p]) => h("span.live-soft", {}, h("b", {}, String(digit)), h("span.live-track", {}, h("i", { style: `width:${(100 * p).toFixed(1)}%` })), h("span", {}, percent(p))));
    return h("li.live-sample", {}, image(picture, fill(text.sample, { label })), h("div.live-targets", {}, h("span.live-hard", {}, fill(text.label, { label })), bars));
  }

  function rows(text) {
    const sampleList = h("ul.live-samples"), sampleTitle = h("p.live-title");
    const samples = { node: h("div.live-part", {}, sampleTitle, sampleList), show(run) {
      sampleTitle.textContent = fill(text.samples, { n: run.opening.digits.toLocaleString(), temperature: run.settings.temperature });
      sampleList.replaceChildren(...run.opening.samples.map((one) => sample(one, text)));
    } };
    const node = h("div.live-part");
    const misread = { node, show(run) {
      node.hidden = !run.misread;
      node.replaceChildren(...(run.misread || []).flatMap(({ count, digits }, arm) => [
        h("p.live-title", {}, h("i.live-dot", { style: `background:${COLOURS[arm]}` }), fill(arm ? text.misread_hard : text.misread_soft, { n: count, of: run.opening.held_out.toLocaleString() })),
        digits.length ? h("ul.live-misread", {}, digits.map((one) => h("li", {}, image(one.picture, fill(text.misread_one, one)), h("span", {}, `${one.label} \u2192 ${one.named}`)))) : null]).filter(Boolean));
    } };
    return { samples, misread };
  }

  // The figure to take along: the curves as they stand, with their legend; every point as a row.
  epochs.live = Object.assign(epochs.live || {}, { rows, figure(run, specs, text) {
    const W = 720, { line, small, write } = epochs.sheet;
    const plot = epochs.live.chart(run, specs, W, text.axis, text.stage);
    plot.mark(-1);
    const height = Number(plot.node.getAttribute("height"));
    // Colours of the page's theme are unknown outside of it.
    for (const node of plot.node.querySelectorAll("[data-arm]")) node.setAttribute("stroke", COLOURS[node.dataset.arm].match(/#\w+/)[0]);
    const names = [fill(text.soft, { temperature: run.settings.temperature }), text.hard];
    const svg = write({ width: W + 40, height: height + 110, title: text.stage, desc: (run.words || []).join(" ") },
      names.map((name, arm) => line(20, 26 + 20 * arm, name, { fill: COLOURS[arm].match(/#\w+/)[0], "font-weight": 600 })),
      line(20, 66, fill(text.teacher, { error: percent(run.opening.teacher_error) })),
      h("g", { transform: "translate(20 78)" }, ...plot.node.childNodes),
      small(20, height + 98, `Epochs \u00b7 ${run.date} \u00b7 ${run.opening.device}`));
    const rowsOf = run.points.map(({ step, seconds, errors, losses, recognised, raised }) => ({ updates: step, seconds, error_soft: errors[0], error_hard: errors[1],
      loss_soft: losses[0], loss_hard: losses[1], ...(recognised ? { recognised_soft: recognised[0], recognised_hard: recognised[1], raised_soft: raised[0], raised_hard: raised[1] } : {}) }));
    return { name: "epochs-distilled-live", svg, rows: rowsOf, record: { demo: "distilled_live", ...run.settings, state: run.state, teacher_error: run.opening.teacher_error,
      held_out: run.opening.held_out, digits: run.opening.digits, device: run.opening.device, date: run.date, points: rowsOf } };
  } });
})();
