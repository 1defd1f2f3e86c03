// Each era has a page of its own: opening another era's tab leads there, to the demo and the controls as they were left.
"use strict";
epochs.eras = (() => {
  const LEFT = "epochs.left", BY_KEYS = "epochs.by-keys", CARRIED = "epochs.carried";
  const WHOLE_VISIT = ["lang", "hide", "present"];       // parameters that go along from page to page
  let groups = [], here = null;                  // the demos of each era; those that this page holds
  let keys = false;                              // whether the visitor's last act was one of the keyboard
  addEventListener("keydown", () => { keys = true; }, true);
  addEventListener("pointerdown", () => { keys = false; }, true);

  // Of this browser tab alone; a browser that keeps nothing forgets what was left.
  const recall = (name) => { try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; } };
  const remember = (name, value) => { try { sessionStorage.setItem(name, JSON.stringify(value)); } catch { /* full, or refused */ } };
  const forget = (name) => { try { sessionStorage.removeItem(name); } catch { /* refused */ } };

  // eras: lists of demos; config: what Gradio draws this page from.
  function settle(eras, config) {
    groups = eras;
    const ids = new Set((config?.components || []).map(({ props }) => props.elem_id));
    const found = eras.flat().filter((demo) => ids.has(demo));
    here = found.length ? new Set(found) : null; // another Gradio: everything may be here
    epochs.carried.unpack(recall(CARRIED));
    forget(CARRIED);
  }

  const isHere = (demo) => !here || here.has(demo);

  // -> whether none of the demos is on this page; the browser is then on its way to the first of them. `query`: what this page shows.
  function leave(names, query) {
    if (names.some(isHere)) return false;
    const left = recall(LEFT) || {};
    left[groups.find((group) => group.some((name) => here.has(name)))[0]] = query;
    const now = new URLSearchParams(location.search), next = new URLSearchParams(left[names[0]] || { demo: names[0] });
    for (const key of WHOLE_VISIT) now.has(key) ? next.set(key, now.get(key)) : next.delete(key);
    remember(LEFT, left);
    remember(BY_KEYS, keys);
    remember(CARRIED, epochs.carried.pack());
    document.documentElement.dataset.epochs = "opening";
    location.assign(location.pathname + "?" + next);
    return true;
  }

  // Who came by the keyboard goes on from the tab that was opened.
  function arrive() {
    if (recall(BY_KEYS) && document.activeElement === document.body)
      document.querySelector(".eras > .tab-wrapper [role=tab][aria-selected=true]")?.focus();
    forget(BY_KEYS);
  }

  return { settle, isHere, leave, arrive };
})();
