"use strict";
/* Runs in the head: the chosen theme is on the document before anything is drawn. Unset: the system's. */
(() => {
  const NAME = "trade-agent-theme";
  const NEXT = { auto: "light", light: "dark", dark: "auto" };
  const root = document.documentElement;
  let chosen = "auto";
  try {
    chosen = localStorage.getItem(NAME) || "auto";
  } catch { /* storage may be forbidden: then the system's */ }
  if (!NEXT[chosen]) chosen = "auto";

  const put = () => {
    if (chosen === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", chosen);
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${chosen}`;
  };
  put();

  document.addEventListener("click", (event) => {
    if (!event.target.closest || !event.target.closest("#theme")) return;
    chosen = NEXT[chosen];
    try {
      localStorage.setItem(NAME, chosen);
    } catch { /* it lasts as long as the page */ }
    put();
  });
  window.tradeAgentTheme = put;
})();
