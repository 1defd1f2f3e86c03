// A race played back: Play, a slider over the time it took, and how much slower or faster it is shown than it was.
"use strict";
// `show(ms)` draws a moment, `say(ms)` writes it, `over()` is told when it has been played to its end. -> {node, adopt(end),
// pause(), go(ms), time()}: `adopt` begins with the end of a new race, which is played unless the visitor wants no motion.
epochs.playback = ({ id, text, show, say, over = () => {}, shortest = 4000, longest = 12000 }) => {
  const { h, fill } = epochs;
  const MARKS = 1000;                            // places of the slider
  let end = 0, time = 0, frame = 0;

  const play = h("button.small.playback-play", { type: "button", onclick: () => (frame ? pause() : begin(time >= end ? 0 : time)) }, text.play);
  const range = h("input", { type: "range", min: 0, max: MARKS, step: 1, value: MARKS, id, oninput: () => { pause(); move(end * range.value / MARKS); } });
  const shown = h("output.playback-time", { for: id }), pace = h("span.playback-pace");
  const node = h("div.stage-tools.playback", { hidden: true }, play, h("label.sr-only", { for: id }, text.moment), range, shown, pace);

  const takes = () => Math.min(longest, Math.max(shortest, end));
  function move(to) {
    time = Math.max(0, Math.min(to, end));
    range.value = end ? Math.round(MARKS * time / end) : MARKS;
    shown.textContent = say(time);
    range.setAttribute("aria-valuetext", shown.textContent);
    show(time);
  }
  function pause() { cancelAnimationFrame(frame); frame = 0; play.textContent = text.play; }
  function begin(from) {
    pause();
    play.textContent = text.pause;
    const speed = end / takes(), began = performance.now() - from / speed;      // ms of computing in a ms of playing
    const tick = (now) => {
      move((now - began) * speed);
      if (time >= end) { pause(); over(); } else frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
  }
  function adopt(last) {
    pause();
    end = last;
    const times = takes() / (end || 1);
    pace.textContent = times >= 1.05 ? fill(text.slower, { n: times < 10 ? times.toFixed(1) : Math.round(times) }) : times <= 0.95 ? fill(text.faster, { n: (1 / times).toFixed(1) }) : text.as_it_was;
    node.hidden = !end;
    move(end);
    if (!end) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) over(); else begin(0);
  }
  return { node, adopt, pause, go: (to) => { pause(); move(to); }, time: () => time };
};
