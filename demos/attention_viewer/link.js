// What a link carries of the stage beyond one head: heads and tokens that are taken away, what a continuation added. And
// which fields of the address go with what is shown.
"use strict";
(() => {
  const { state } = epochs;
  const own = epochs.attention;
  const OF_STAGE = ["stack", "layer", "head", "view", "panel", "off", "drawn_off"];        // mean nothing to another model
  const OF_TEXT = ["token", "hidden", "drawn_hidden", "after"];                            // nor these to another text
  const NUMBERS = /^\d{1,6}(\.\d{1,6})*$/, HEADS = /^[a-z]+(\.\d{1,6})+$/;                 // as `tab.py` takes them

  const once = (items) => items.filter((item, n) => items.findIndex((other) => `${other}` === `${item}`) === n);
  const numbers = (words) => (NUMBERS.test(words ?? "") ? words.split(".").map(Number) : []);
  const places = (words) => once(numbers(words)).sort((a, b) => a - b);

  // "self.2.0.3_cross.4": heads of a layer, and a whole layer. What this network does not have is left out.
  function heads(words, stacks) {
    return once((words || "").split("_").filter((each) => HEADS.test(each)).flatMap((each) => {
      const [name, layer, ...which] = each.split(".").map((part, n) => (n ? Number(part) : part));
      const stack = stacks.find((one) => one.name === name);
      if (!stack || layer >= stack.layers) return [];
      return (which.length ? which.filter((head) => head < stack.heads) : [...Array(stack.heads).keys()]).map((head) => [name, layer, head]);
    }));
  }

  // A text as the server reads it (`base.language.typed`).
  const typed = (text) => (text.length > 100_000 ? [...text].slice(0, 100_000).join("") : text).replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
  const sameSet = (a, b) => JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());

  function headWords(off, stacks) {
    const layers = new Map();
    for (const [name, layer, head] of off) layers.set(`${name}.${layer}`, [...(layers.get(`${name}.${layer}`) || []), head]);
    return [...layers].map(([layer, which]) =>
      (which.length === stacks.find(({ name }) => name === layer.split(".")[0])?.heads ? layer : `${layer}.${which.sort((a, b) => a - b).join(".")}`)).join("_");
  }

  // `start`: the text at first; `longest`: of a text in the address; `most`: { off, places } that the server takes.
  own.link = (demo, { first, start, longest, most, kinds }) => {
    const opened = { text: state.asked(demo, "text") ?? start, model: state.asked(demo, "model") || first };
    let shown = null;                            // the run on the stage

    const textNow = () => state.asked(demo, "text") ?? start;
    const modelNow = () => state.asked(demo, "model") || first;
    const isCarried = (text) => text.length <= longest && state.fits(text);
    const isSame = (run, { text, model }) => ({ model: run.asked.model === model, text: run.asked.model === model && run.asked.text === typed(text) });

    // Of an address: what fits this run. What does not, as in a link by hand or to a network that has changed, is left out.
    function placesIn(run, key, after) {
      const source = run.intact ?? run.tokens.source, length = run.tokens.source.length + after.length;
      const found = places(state.asked(demo, key)).filter((place) => place < length && !source[place]?.special).slice(0, most.places);
      return found.length < length ? found : [];
    }
    const isText = (run) => run.kind !== "vision";
    const listed = (run) => ({ off: heads(state.asked(demo, "off"), run.stacks).slice(0, most.off), hidden: isText(run) ? placesIn(run, "hidden", []) : [] });

    // Whether the views are drawn without all that is listed, and nothing else.
    const isDrawn = (run) => { const { off, hidden } = listed(run); return sameSet(off, run.asked.off) && sameSet(hidden, run.asked.hidden); };
    // What the controls hold by now that the run does not answer: "model", "text" or "".
    const changed = (run, model) => (run.asked.model !== model ? "model" : isText(run) && run.asked.text !== typed(textNow()) ? "text" : "");

    // -> { off, hidden, after } of the views that the address asks for, null where it asks for nothing else than `run`, the
    // first answer.
    function open(run) {
      const same = isSame(run, { ...opened, text: isText(run) ? opened.text : "" });
      const after = same.text && run.kind === "causal" ? numbers(state.asked(demo, "after")).slice(0, Math.min(most.places, run.limit - run.tokens.source.length)) : [];
      const off = same.model ? heads(state.asked(demo, "drawn_off"), run.stacks).slice(0, most.off) : [];
      const hidden = same.text && isText(run) ? placesIn(run, "drawn_hidden", after) : [];
      if (!same.model) state.set(demo, "off", "");
      if (!same.text) state.set(demo, "hidden", "");
      return off.length || hidden.length || after.length ? { off, hidden, after } : null;
    }

    // What was listed to be taken away belongs to one model, its tokens to one text.
    function leave(run) {
      if (!shown) return;
      const same = isSame(run, shown.asked);
      if (!same.model) state.set(demo, "off", "");
      if (!same.text) state.set(demo, "hidden", "");
    }

    function list(run, off, hidden) {
      state.set(demo, "off", headWords(off, run.stacks));
      state.set(demo, "hidden", hidden.join("."));
    }

    function keep(run) {
      shown = run;
      const { off, hidden } = run.asked;
      const grown = run.tokens.source.slice(run.tokens.source.length - run.grown);
      const kept = { drawn_off: headWords(off, run.stacks), drawn_hidden: hidden.join("."), after: grown.map(({ id }) => id).join(".") };
      for (const [name, value] of Object.entries(kept)) state.set(demo, name, value);
    }

    const holds = (key) => Boolean(state.asked(demo, key));
    state.rule(demo, (key) => {
      const kind = kinds[modelNow()];
      if (key === "text") {
        if (kind === "vision") return false;
        if (!isCarried(textNow())) return state.TOO_LONG;
        return OF_TEXT.some((each) => each !== "token" && holds(each) && belongs(each, kind)) ? state.ALWAYS : true;
      }
      if (key === "emoji") return kind === "vision" || !kind;
      return belongs(key, kind);
    });
    function belongs(key, kind) {
      if (["temperature", "seed", "after"].includes(key) && kind && kind !== "causal") return false;
      if (!shown || ![...OF_STAGE, ...OF_TEXT].includes(key)) return true;
      if (shown.asked.model !== modelNow()) return false;
      return !OF_TEXT.includes(key) || !isText(shown) || (shown.asked.text === typed(textNow()) && isCarried(shown.asked.text));
    }

    return { open, listed, isDrawn, changed, leave, list, keep };
  };
})();
