"use strict";
/* What the browser does by itself: ages and countdown, the confirmation, and noticing that nobody answers. */
(() => {
  const SILENCE_MS = 12000;
  let lastAnswer = Date.now();
  let skew = 0; // server time minus browser time

  const ask = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    if (answer.status === 401) {
      window.location.assign("/login");
    }
    const date = Date.parse(answer.headers.get("Date") || "");
    lastAnswer = Date.now();
    if (!Number.isNaN(date)) {
      // the header has whole seconds: only a real difference counts
      const seen = date - lastAnswer;
      skew = Math.abs(seen) > 2000 ? seen : 0;
    }
    return answer;
  };

  const span = (ms) => {
    const s = Math.max(0, Math.round(ms / 1000));
    if (s < 120) return `${s} s`;
    if (s < 7200) return `${Math.round(s / 60)} min`;
    if (s < 172800) return `${Math.round(s / 3600)} h`;
    return `${Math.round(s / 86400)} days`;
  };

  const clock = (_, pulse) => {
    const now = Date.now() + skew;
    if (Date.now() - lastAnswer > SILENCE_MS) {
      return ["No answer", "pill bad", `the dashboard has not answered for ${span(Date.now() - lastAnswer)}`];
    }
    if (!pulse) {
      return ["Connecting", "pill plain", ""];
    }
    const parts = [];
    if (pulse.text) parts.push(pulse.text);
    else if (pulse.cycle_at) parts.push(`cycle ${pulse.cycle}, ${span(now - pulse.cycle_at)} ago`);
    let word = pulse.word;
    let tone = pulse.tone;
    if (pulse.due_at) {
      const late = now - pulse.due_at;
      if (late > Math.max(pulse.interval_ms, 5000)) {
        word = "Overdue";
        tone = "bad";
        parts.push(`next cycle ${span(late)} late`);
      } else {
        parts.push(late < 0 ? `next in ${span(-late)}` : "next due now");
      }
    }
    return [word, `pill ${tone}`, parts.join(" · ")];
  };

  const WORDS = {
    pause: ["Pause trading?", "No new positions are opened until somebody resumes. Exits go on. It survives restarts."],
    resume: ["Resume trading?", "Entries are allowed again, whatever stopped them: a pause, a limit or the kill switch."],
  };

  const open = () => {
    const intent = window.dash_clientside.callback_context.triggered_id;
    const dialog = document.getElementById("confirm");
    if (!WORDS[intent] || dialog.open) return Array(4).fill(window.dash_clientside.no_update);
    dialog.showModal();
    return [intent, ...WORDS[intent], ""];
  };

  const close = () => {
    document.getElementById("confirm").close();
    return window.dash_clientside.no_update;
  };

  const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  window.dash_clientside = Object.assign({}, window.dash_clientside, { page: { clock, open, close, zone } });
})();
