// State in the query string: demo, inputs (not pictures), seed, language. Nothing is kept on the server.
"use strict";
epochs.state = (() => {
  const values = Object.create(null);            // demo -> {name: value as text}
  const defaults = Object.create(null);          // demo -> {name: default as text}
  const rules = Object.create(null);             // demo -> (field's name) => whether it belongs into the address now
  const LONGEST = 4000;                          // of one value, encoded: servers refuse longer addresses
  let demo = new URLSearchParams(location.search).get("demo");
  let ready = false;                             // a tab's select event also fires while the page loads

  // An address that names a demo shows it at once, not the first one until the server has answered.
  if (demo) {
    document.documentElement.dataset.epochs = "opening";
    setTimeout(() => { if (!ready) delete document.documentElement.dataset.epochs; }, 5000);
  }

  const asText = (v) => (v === true ? "1" : v === false ? "0" : v === null || v === undefined ? "" : String(v));

  function declare(name, fields) {
    values[name] ??= {};
    defaults[name] = Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, asText(v)]));
  }

  const ALWAYS = "always", TOO_LONG = "too long";
  const fits = (value) => encodeURIComponent(value).length <= LONGEST;

  // A demo's own rule for its fields: a control that is not on screen stays out of the address; ALWAYS is for one that
  // others hang on, which is written out even where it holds its default; TOO_LONG for what no address can hold.
  function rule(name, belongs) { rules[name] = belongs; }

  // The path and query of what is shown, and whether all of it is in there.
  function addressNow() {
    let isWhole = true;
    const now = new URLSearchParams(location.search);
    const next = new URLSearchParams();
    if (demo) next.set("demo", demo);
    for (const key of ["lang", "hide", "present"]) if (now.has(key)) next.set(key, now.get(key));
    const [held, usual] = [values[demo] || {}, defaults[demo] || {}];
    for (const key of new Set([...Object.keys(held), ...Object.keys(usual)])) {
      const value = held[key] ?? usual[key], belongs = rules[demo]?.(key) ?? true;
      if (!belongs || (value === usual[key] && belongs !== ALWAYS)) continue;
      if (belongs === TOO_LONG || !fits(value)) isWhole = false;
      else next.set(key, value);
    }
    const query = next.toString();
    // The whole path: Gradio's <base> would lead a bare "?…" to the English page.
    return { address: location.pathname + (query ? "?" + query : ""), isWhole };
  }

  let timer = 0;
  function write() {
    if (!ready) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      try { history.replaceState(history.state, "", addressNow().address); } catch { return; }   // Safari counts the calls
      // Inside a Space's frame the parent page shows the address: the documented message keeps it in step.
      if (window.parent !== window)
        window.parent.postMessage({ queryString: location.search.slice(1), hash: "" }, "https://huggingface.co");
    }, 200);
  }

  // A value that an address asked for, for a component that restores itself.
  const asked = (name, key) => {
    const query = new URLSearchParams(location.search);
    return (values[name] || {})[key] ?? ((query.get("demo") ?? name) === name ? query.get(key) : null);
  };

  // The same as a number; `otherwise` where it is none, or outside [low, high].
  const askedNumber = (name, key, low, high, otherwise) => {
    const value = Number(asked(name, key) || NaN);
    return value >= low && value <= high ? value : otherwise;
  };

  // The page's own parameters (`present`), whatever demo is open.
  function page(key, value) {
    const next = new URLSearchParams(location.search);
    value === null ? next.delete(key) : next.set(key, value);
    const query = next.toString();
    history.replaceState(history.state, "", location.pathname + (query ? "?" + query : ""));
    write();
  }

  function set(name, key, value) {
    const held = (values[name] ??= {}), next = asText(value), isNew = held[key] !== next;
    held[key] = next;
    if (name === demo) write();
    if (isNew) document.dispatchEvent(new CustomEvent("epochs-state", { detail: { demo: name, key } }));
  }

  // The demos that an opened tab may show: of several, the one seen last is on screen.
  const seen = [];
  function select(names) {
    if (epochs.eras.leave(names, ready ? new URL(addressNow().address, location.href).search : location.search)) return;
    if (!ready) return;
    demo = seen.findLast((name) => names.includes(name)) ?? names[0];
    seen.push(demo);
    write();
  }

  // The server has restored the address: from here on it follows the controls.
  function start() {
    if (!(demo in defaults)) demo = Object.keys(defaults).find(epochs.eras.isHere);
    // A control in a closed section is not on the page yet: what the address says of it stays said.
    for (const [key, value] of new URLSearchParams(location.search))
      if (key in (defaults[demo] || {})) values[demo][key] ??= value;
    ready = true;
    document.documentElement.dataset.epochs = "ready";
    epochs.eras.arrive();
  }

  function link() { return ready ? new URL(addressNow().address, location.href).href : location.href; }
  const isWhole = () => addressNow().isWhole;

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {                                    // plain http on a class network has no clipboard API
      const area = epochs.h("textarea", { value: text, style: "position:fixed;opacity:0" });
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  epochs.register("address", ({ config }) => {
    for (const [name, fields] of Object.entries(config.demos)) declare(name, fields);
    epochs.eras.settle(config.eras, window.gradio_config);
  });

  return { ALWAYS, TOO_LONG, set, fits, rule, asked, askedNumber, page, select, start, link, isWhole, copy };
})();
