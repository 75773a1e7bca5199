"use strict";
/* <time datetime> in the viewer's zone, with UTC on hover; sorting and filtering of tables; what is open stays open. React owns the
   elements: texts are changed in place, rows only change their order within their own body. */
(() => {
  const FIRST_ROWS = 10; // of tables.py and 2-parts.css
  const PAD = (n) => String(n).padStart(2, "0");
  const dayOf = (d) => `${d.getFullYear()}-${d.getMonth()}-${d.getDate()}`;
  const DATE = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short" });
  const YEAR = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", year: "numeric" });

  const shown = (element) => {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) return null;
    const live = window.tradeAgentLive;
    const now = new Date(live ? live.serverNow() : Date.now());
    const kind = element.dataset.shown;
    if (kind === "ago") return `${live ? live.span(now - at) : ""} ago`;
    const date = at.getFullYear() === now.getFullYear() ? DATE.format(at) : YEAR.format(at);
    if (kind === "date") return date;
    const time = `${PAD(at.getHours())}:${PAD(at.getMinutes())}`;
    return dayOf(at) === dayOf(now) ? `${time}:${PAD(at.getSeconds())}` : `${date} ${time}`;
  };

  const tell = (element) => {
    const text = shown(element);
    if (text === null || element.textContent === text) return;
    if (element.firstChild) element.firstChild.nodeValue = text;
    else element.textContent = text;
  };

  const tellAges = () => document.querySelectorAll('time[data-shown="ago"]').forEach(tell);
  const tellAll = () => document.querySelectorAll("time[datetime]").forEach(tell);

  /* ---- tables ---- */
  const kept = (id) => {
    try { return JSON.parse(sessionStorage.getItem(`table:${id}`)) || {}; } catch { return {}; }
  };
  const keep = (id, state) => {
    try { sessionStorage.setItem(`table:${id}`, JSON.stringify(state)); } catch { /* it lasts until the next update */ }
  };

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return "";
    const time = cell.querySelector("time[datetime]");
    return cell.dataset.value || (time ? time.dateTime : cell.textContent.trim());
  };
  const compare = (a, b) => {
    if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };

  const arrange = (table) => {
    const body = table.tBodies[0];
    if (!body) return;
    const id = table.dataset.table;
    const { column, down, words, all } = kept(id);
    table.toggleAttribute("data-all", Boolean(all || words));
    const rows = [...body.rows];
    // React puts new rows where they belong among its own; its order is that of its elements
    rows.forEach((row) => { if (row.tradeAgentPlace === undefined) row.tradeAgentPlace = rows.indexOf(row); });
    const wanted = [...rows];
    if (column !== undefined) wanted.sort((a, b) => (down ? -1 : 1) * compare(valueOf(a, column), valueOf(b, column)));
    else wanted.sort((a, b) => a.tradeAgentPlace - b.tradeAgentPlace);
    if (wanted.some((row, at) => row !== rows[at])) wanted.forEach((row) => body.appendChild(row));
    const needle = (words || "").toLowerCase();
    for (const row of wanted) {
      const hide = needle !== "" && !row.textContent.toLowerCase().includes(needle);
      if (row.hidden !== hide) row.hidden = hide;
    }
    [...table.tHead.rows[0].cells].forEach((cell, at) => {
      const order = at !== column ? "none" : down ? "descending" : "ascending";
      if (cell.getAttribute("aria-sort") !== order) cell.setAttribute("aria-sort", order);
    });
  };

  const furnish = (place) => {
    if (place.firstChild) return;
    const input = document.createElement("input");
    input.type = "search";
    input.placeholder = "Filter";
    input.setAttribute("aria-label", place.dataset.label);
    input.value = kept(place.dataset.filter).words || "";
    input.addEventListener("input", () => {
      keep(place.dataset.filter, { ...kept(place.dataset.filter), words: input.value });
      arrangeAll();
    });
    place.appendChild(input);
  };

  const arrangeAll = () => {
    document.querySelectorAll("[data-filter]").forEach(furnish);
    document.querySelectorAll("table[data-table]").forEach(arrange);
  };

  /* ---- what a person opened: React draws rows anew, and knows nothing of it ---- */
  const opened = new Set();
  document.addEventListener("click", (event) => {
    const summary = event.target.closest && event.target.closest("details[data-kept] > summary");
    if (!summary) return;
    const { open, dataset } = summary.parentElement;
    if (open) opened.delete(dataset.kept);
    else opened.add(dataset.kept);
  });
  const reopen = (place) => {
    const wanted = opened.has(place.dataset.kept);
    if (place.open !== wanted) place.open = wanted;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("th .sort");
    if (!button) return;
    const table = button.closest("table[data-table]");
    const column = button.closest("th").cellIndex;
    const before = kept(table.dataset.table);
    const { words, all } = before;
    if (before.column !== column) keep(table.dataset.table, { words, all, column, down: button.closest("th").className.includes("number") });
    else if (before.turned) keep(table.dataset.table, { words, all });
    else keep(table.dataset.table, { words, all, column, down: !before.down, turned: true });
    arrangeAll();
  });

  /* a phone shows the first rows, until more are asked for */
  document.addEventListener("click", (event) => {
    const more = event.target.closest && event.target.closest(".table-scroll > .more");
    if (!more) return;
    const table = more.previousElementSibling, row = table.tBodies[0].rows[FIRST_ROWS];
    keep(table.dataset.table, { ...kept(table.dataset.table), all: true });
    arrange(table);
    row.tabIndex = -1;
    row.focus();
  });

  const observer = new MutationObserver(() => update());
  const watch = () => observer.observe(document.body, {
    childList: true, subtree: true, characterData: true, attributes: true,
    attributeFilter: ["datetime", "data-value", "data-kept"],
  });
  const update = () => {
    observer.disconnect();
    tellAll();
    arrangeAll();
    document.querySelectorAll("details[data-kept]").forEach(reopen);
    watch();
  };
  document.addEventListener("DOMContentLoaded", update);
  if (document.body) update();
  window.setInterval(update, 15000);
  window.setInterval(tellAges, 1000);
})();
