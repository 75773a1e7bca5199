"use strict";
/* A button names an act; the server words the question; one confirmation sends it once; its outcome is told. */
(() => {
  const POLL_MS = 400;
  let dialog = null;
  let opener = null;
  /* The question that was asked for last: what comes for another one opens, changes and closes no dialog. */
  let asking = null;

  const element = (tag, properties = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  };

  const post = async (address, body) => {
    const answer = await window.fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: answer.status, ...(await answer.json()) };
  };

  const toast = (text, tone) => {
    const place = document.getElementById("toasts");
    const close = element("button", { type: "button", className: "icon-button", textContent: "✕", "aria-label": "Dismiss" });
    const shown = element("div", { className: `note ${tone}` }, element("span", { textContent: text }), close);
    close.addEventListener("click", () => shown.remove());
    place.prepend(shown);
    while (place.children.length > 4) place.lastChild.remove();
    return shown;
  };

  const shut = () => {
    asking = null;
    if (dialog) {
      dialog.close();
      dialog.remove();
      dialog = null;
    }
    if (opener && opener.isConnected) opener.focus();
  };

  const show = (title, ...content) => {
    if (dialog) dialog.remove();
    dialog = element("dialog", { className: "dialog", "aria-labelledby": "dialog-title" },
      element("h2", { id: "dialog-title", textContent: title }), ...content);
    dialog.addEventListener("cancel", () => window.setTimeout(shut));
    document.getElementById("dialog-place").appendChild(dialog);
    dialog.showModal();
  };

  const cancelButton = () => {
    const cancel = element("button", { type: "button", className: "act", textContent: "Cancel" });
    cancel.addEventListener("click", shut);
    return cancel;
  };

  const labelled = (label, control, hint) => {
    const parts = [element("span", { className: "label", textContent: label }), control];
    if (hint) parts.push(element("small", { textContent: hint }));
    return element("label", {}, ...parts);
  };

  const trouble = () => element("p", { className: "wrong", role: "alert" });

  const follow = async (key, what) => {
    const shown = toast(`${what} …`, "plain working");
    for (;;) {
      let outcome = null;
      try {
        const answer = await window.fetch(`/acts/${key}`, { cache: "no-store" });
        outcome = await answer.json();
        if (answer.status !== 200) outcome = { state: "failed", text: outcome.problem || "its outcome is not known: see Audit" };
      } catch { /* asked again */ }
      if (outcome && outcome.state !== "working") {
        shown.remove();
        toast(outcome.text, outcome.state === "done" ? "good" : "bad");
        if (window.tradeAgentLive) window.tradeAgentLive.poll();
        return;
      }
      await new Promise((resolve) => { window.setTimeout(resolve, POLL_MS); });
    }
  };

  const confirm = (question) => {
    const mine = asking;
    const reason = element("input", { type: "text", maxLength: 200, name: "reason", autocomplete: "off", placeholder: "it is shown and kept" });
    const typed = element("input", { type: "text", name: "typed", autocomplete: "off", spellcheck: false });
    const send = element("button", { type: "submit", className: `act ${question.grave ? "grave" : "primary"}`, textContent: question.confirm });
    const wrong = trouble();
    const matches = () => !question.typed || typed.value.trim().toUpperCase() === question.typed;
    send.disabled = !matches();
    typed.addEventListener("input", () => { send.disabled = !matches(); });
    const form = element("form", {},
      element("p", { className: "words", textContent: question.text }),
      labelled("Reason", reason),
      ...(question.typed ? [labelled(`Type ${question.typed} to confirm`, typed)] : []),
      wrong,
      element("div", { className: "buttons" }, cancelButton(), send));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (send.disabled) return;
      send.disabled = true;
      try {
        const answer = await post("/acts/do", { key: question.key, typed: typed.value, reason: reason.value });
        if (answer.status !== 202) {
          if (asking !== mine) toast(answer.problem, "bad");
          wrong.textContent = answer.problem;
          send.disabled = answer.status === 410;
          return;
        }
        if (asking === mine) shut();
        follow(question.key, question.confirm);
      } catch {
        if (asking !== mine) {
          // it was sent before its dialog was closed
          follow(question.key, question.confirm);
          return;
        }
        // the key is spent at most once, so to press again is safe
        wrong.textContent = "The dashboard did not answer. Pressing again is safe: it is done once at most.";
        send.disabled = false;
      }
    });
    show(question.title, form);
  };

  const fieldOf = (field) => {
    if (field.kind === "choice") {
      const select = element("select", { name: field.name });
      for (const choice of field.choices) select.append(element("option", { value: choice, textContent: choice, selected: choice === field.value }));
      return labelled(field.label, select, field.hint);
    }
    const input = element("input", { type: "text", name: field.name, value: field.value, autocomplete: "off" });
    if (field.kind === "decimal") input.inputMode = "decimal";
    return labelled(field.label, input, field.hint);
  };

  const fill = (act, target, label, fields) => {
    const mine = asking;
    const wrong = trouble();
    const go = element("button", { type: "submit", className: "act primary", textContent: "Continue" });
    const form = element("form", {}, ...fields.map(fieldOf), wrong,
      element("div", { className: "buttons" }, cancelButton(), go));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        const answer = await post("/acts/ask", { act, target, values: Object.fromEntries(new FormData(form)) });
        if (asking !== mine) return;
        if (answer.key) confirm(answer);
        else wrong.textContent = answer.problem;
      } catch {
        wrong.textContent = "The dashboard did not answer.";
      }
      go.disabled = false;
    });
    show(label, form);
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest && event.target.closest("[data-act]");
    if (!button || dialog || button.disabled) return;
    opener = button;
    const mine = asking = {};
    const { act, target } = button.dataset;
    // read before the answer comes: an update may give the element to another row meanwhile
    const label = button.getAttribute("aria-label") || button.textContent;
    button.disabled = true;
    try {
      const answer = await post("/acts/ask", { act, target: target || "" });
      if (asking !== mine) return;
      if (answer.fields) fill(act, target || "", label, answer.fields);
      else if (answer.key) confirm(answer);
      else toast(answer.problem, "bad");
    } catch {
      if (asking === mine) toast("The dashboard did not answer: nothing was done.", "bad");
    } finally {
      button.disabled = false;
    }
  });
})();
