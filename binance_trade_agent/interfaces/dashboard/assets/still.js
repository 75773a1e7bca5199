"use strict";
/* Markup of parts that React does not look into (still.py): put in once, later changed in place, so that focus, what is open and
   the order of rows stay. */
(() => {
  // what other scripts fill, or set
  const OTHERS = "[data-choices], [data-filter]";
  const KEPT = new Set(["open", "hidden", "aria-sort", "data-furnished", "data-all", "disabled", "tabindex"]);
  const parsed = (text) => {
    const made = document.createElement("template");
    made.innerHTML = text;
    return made.content;
  };

  const same = (now, wanted) => now.nodeType === wanted.nodeType && now.nodeName === wanted.nodeName;

  const dress = (now, wanted) => {
    for (const { name, value } of [...wanted.attributes]) {
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    }
    for (const { name } of [...now.attributes]) {
      if (!wanted.hasAttribute(name) && !KEPT.has(name)) now.removeAttribute(name);
    }
  };

  const change = (now, wanted) => {
    if (now.nodeType !== Node.ELEMENT_NODE) {
      if (now.nodeValue !== wanted.nodeValue) now.nodeValue = wanted.nodeValue;
      return;
    }
    // the text of a time is the viewer's (times.js)
    const told = now.nodeName === "TIME" && now.getAttribute("datetime") === wanted.getAttribute("datetime");
    const others = now.matches(OTHERS) && wanted.matches(OTHERS);
    dress(now, wanted);
    if (!told && !others) fit(now, wanted);
  };

  /* rows that a person sorted are paired in the order they came in */
  const inOrder = (place) => {
    const nodes = [...place.childNodes];
    if (place.nodeName !== "TBODY") return nodes;
    return nodes.sort((a, b) => (a.tradeAgentPlace ?? nodes.length) - (b.tradeAgentPlace ?? nodes.length));
  };

  const fit = (place, content) => {
    const nodes = inOrder(place);
    [...content.childNodes].forEach((wanted, at) => {
      const now = nodes[at];
      if (now === undefined) place.appendChild(wanted);
      else if (same(now, wanted)) change(now, wanted);
      else {
        wanted.tradeAgentPlace = now.tradeAgentPlace;
        now.replaceWith(wanted);
      }
      nodes[at] = undefined;
    });
    nodes.forEach((left) => { if (left) left.remove(); });
  };

  /* React takes away and adds its own children alone: ours go as soon as the markup does */
  const shown = new WeakMap();
  const show = (place) => {
    const text = place.dataset.still;
    if (shown.get(place) === text) return;
    if (text === undefined) {
      [...place.childNodes].forEach((node) => { if (node.tradeAgentStill) node.remove(); });
      shown.delete(place);
      return;
    }
    shown.set(place, text);
    fit(place, parsed(text));
    for (const node of place.childNodes) node.tradeAgentStill = true;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[data-link]");
    if (!link || event.metaKey || event.shiftKey || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    window.history.pushState({}, "", link.getAttribute("href"));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  });

  const begin = () => {
    new MutationObserver((changes) => {
      for (const { type, target, addedNodes } of changes) {
        if (type === "attributes") show(target);
        for (const node of addedNodes) {
          if (node.nodeType !== Node.ELEMENT_NODE) continue;
          if (node.dataset.still !== undefined) show(node);
          node.querySelectorAll("[data-still]").forEach(show);
        }
      }
    }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-still"] });
    document.querySelectorAll("[data-still]").forEach(show);
  };
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
