"use strict";
/* A one-time link leads to a form with one button: press it. */
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-auto-submit]");
  if (form) form.submit();
});
