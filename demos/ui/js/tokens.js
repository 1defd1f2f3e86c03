// Tokens as a reader sees them: alone, inside a sentence, and joined to a text again.
"use strict";
epochs.tokens = (() => {
  const LONGEST = 40;                            // letters of a token inside a sentence

  // White space that would not be seen is drawn. In an answer the one that begins a word too: " cat" is not "cat".
  const drawn = (text) => text.replace(/\n/g, "⏎").replace(/\t/g, "⇥");
  const show = (token) => drawn(token.text).replace(/^ (?=.)/, "").replace(/^ +$/, "␣") || "␣";
  const answer = (said) => drawn(said).replace(/^ +| +$/g, (blanks) => "␣".repeat(blanks.length)) || "␣";

  // A visitor's or a model's words inside a sentence: shortened, their direction kept to themselves, as Python's `isolate`.
  function isolate(words) {
    const letters = [...words];
    return `\u2068${letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : words}\u2069`;
  }

  // Tokens that are parts of a character are shown as \u27e8E4 BD\u27e9: side by side they make whole ones again.
  const BYTES = /^\u27e8((?:[0-9A-F]{2} ?)+)\u27e9$/;
  function join(tokens) {
    const [out, held] = [[], []];
    const flush = () => { if (held.length) out.push(new TextDecoder().decode(Uint8Array.from(held.splice(0)))); };
    for (const token of tokens) {
      const found = BYTES.exec(token.text);
      if (found) { held.push(...found[1].trim().split(" ").map((byte) => parseInt(byte, 16))); continue; }
      flush();
      out.push(token.special ? show(token) : token.text);
    }
    flush();
    return out.join("");
  }

  return { show, answer, isolate, join };
})();
