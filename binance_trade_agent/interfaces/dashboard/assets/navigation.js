"use strict";
/* The title of the page, the drawer of a phone, and where the focus goes on another page. */
(() => {
  const side = () => document.getElementById("side");
  const menu = (open) => {
    const opener = document.getElementById("open-menu");
    if (!side() || !opener) return;
    document.body.classList.toggle("menu-open", open);
    // while the drawer lies over the page, neither Tab nor a screen reader gets behind it
    document.querySelector(".body").inert = open;
    opener.setAttribute("aria-expanded", String(open));
    if (open) document.getElementById("close-menu").focus();
  };

  document.addEventListener("click", (event) => {
    if (!event.target.closest) return;
    if (event.target.closest("#open-menu")) menu(true);
    else if (event.target.closest("#close-menu")) { menu(false); document.getElementById("open-menu").focus(); }
    else if (event.target.closest("#navigation a")) menu(false);
    else if (document.body.classList.contains("menu-open") && !event.target.closest("#side")) menu(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.classList.contains("menu-open")) {
      menu(false);
      document.getElementById("open-menu").focus();
    }
  });

  // a phone that is turned, or a window that is widened: there the navigation is no drawer
  window.matchMedia("(min-width: 1101px)").addEventListener("change", () => menu(false));

  let first = true;
  const title = (text) => {
    if (text) document.title = text;
    if (!first) {
      window.scrollTo(0, 0);
      document.getElementById("page").focus({ preventScroll: true });
    }
    first = false;
    return window.dash_clientside.no_update;
  };
  window.dash_clientside = Object.assign({}, window.dash_clientside, { navigation: { title } });
})();
