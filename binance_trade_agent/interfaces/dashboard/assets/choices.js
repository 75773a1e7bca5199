"use strict";
/* Filters (components/choices.py): they write the query of the address, and follow it. */
(() => {
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const pad = (n) => String(n).padStart(2, "0");
  const local = (text) => {
    const d = new Date(text);
    if (Number.isNaN(d.getTime())) return "";
    return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}`;
  };

  const go = (name, value) => {
    const query = new URLSearchParams(window.location.search);
    // a page of rows and a row that is open belong to the filter of before
    for (const gone of ["cursor", "id"]) query.delete(gone);
    if (value) query.set(name, value);
    else query.delete(name);
    const text = query.toString();
    window.history.pushState({}, "", window.location.pathname + (text ? `?${text}` : ""));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  };

  const control = (choice) => {
    if (choice.options.length) {
      const options = choice.options.map(([value, word]) => element("option", { value, textContent: word }));
      return element("select", {}, ...options);
    }
    const type = choice.kind === "moment" ? "datetime-local" : "text";
    return element("input", { type, placeholder: choice.hint, autocomplete: "off", spellcheck: false });
  };

  const furnish = (place) => {
    if (place.dataset.furnished === place.dataset.choices) return;
    place.dataset.furnished = place.dataset.choices;
    place.replaceChildren(...JSON.parse(place.dataset.choices).map((choice) => {
      const made = control(choice);
      made.dataset.name = choice.name;
      made.setAttribute("aria-label", choice.label);
      made.addEventListener("change", () => {
        const moment = made.type === "datetime-local" && made.value;
        go(choice.name, moment ? new Date(made.value).toISOString() : made.value.trim());
      });
      return element("label", {}, element("span", { textContent: choice.label }), made);
    }));
    follow(place);
  };

  const follow = (place) => {
    const query = new URLSearchParams(window.location.search);
    place.querySelectorAll("[data-name]").forEach((made) => {
      if (made === document.activeElement && made.tagName === "INPUT") return;
      const value = query.get(made.dataset.name) || "";
      const shown = made.type === "datetime-local" ? local(value) : value;
      if (made.tagName === "SELECT" && ![...made.options].some((option) => option.value === shown)) {
        made.append(element("option", { value: shown, textContent: shown }));
      }
      if (made.value !== shown) made.value = shown;
    });
  };

  const places = () => document.querySelectorAll("[data-choices]");
  const followAll = () => places().forEach(follow);
  window.addEventListener("popstate", followAll);
  window.addEventListener("_dashprivate_pushstate", followAll);
  const begin = () => {
    new MutationObserver(() => places().forEach(furnish)).observe(document.body, {
      childList: true, subtree: true, attributes: true, attributeFilter: ["data-choices"],
    });
    places().forEach(furnish);
  };
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
