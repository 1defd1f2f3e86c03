// Chips that fill the controls: a kind of model with an example for it, or a ready example. And what each kind reads.
"use strict";
(() => {
  const kindOf = (examples, id) => examples.filter((e) => e.model === id);

  // The input that this model reads is shown at once.
  function choose(demo, id) {
    epochs.chosen[demo] = id;
    epochs.state.set(demo, "model", id);
    epochs.attention.showInput?.();
  }

  // What to write depends on what the chosen model does with it.
  epochs.register("attention_hint", ({ root, text }) => {
    const node = epochs.h("p.att-hint");
    root.append(node);
    epochs.attention.hint = (kind) => { node.textContent = text[kind] ?? text.any; };
    epochs.attention.showInput?.();
  });

  epochs.attentionKind = (demo, examples, id, text, picker) => {
    choose(demo, id);
    const untouched = !text.trim() || examples.some((e) => e.text === text);
    const first = kindOf(examples, id).find((e) => e.text);
    return [untouched && first ? first.text : text, { ...picker, id }];
  };

  epochs.attentionExample = (demo, example, text, picture, picker) => {
    choose(demo, example.model);
    const drawn = example.emoji ? { source: "emoji", emoji: example.emoji, data: epochs.drawEmoji(example.emoji) } : picture;
    return [example.text || text, drawn, { ...picker, id: example.model }];
  };
})();
