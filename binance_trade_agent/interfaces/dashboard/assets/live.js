"use strict";
/* The bar: asks the server what moved, counts ages and the countdown itself, and says when nobody answers.
   Versions of topics go into Dash's stores; only callbacks that listen to a topic that moved run. */
(() => {
  const EVERY_MS = 2000;
  const HIDDEN_EVERY_MS = 15000;
  const PATIENCE_MS = 4000;
  const SILENCE_MS = 2 * EVERY_MS + 1000;
  const TOUCHED_MS = 60000;
  const SETTLED_MS = 100;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  let pulse = null;
  let topics = {};
  let wanted = {}; // the newest versions; they become `topics` when nothing is being drawn
  let drawing = 0; // callbacks that are not answered yet
  let drawnAt = 0;
  let telling = 0;
  let mark = "";
  let lastAnswer = Date.now();
  let skew = 0; // server time minus browser time
  let touched = Date.now();
  let asking = false;
  let timer = 0;

  for (const kind of ["pointerdown", "keydown", "wheel", "touchstart"]) {
    window.addEventListener(kind, () => { touched = Date.now(); }, { passive: true, capture: true });
  }

  /* Dash changes a part of a chart where the chart was when it asked: of a page that was left meanwhile nothing is told it. */
  const letGo = (answer) => {
    const read = answer.json.bind(answer);
    answer.json = async () => {
      const told = await read();
      const parts = Object.entries(told.response || {});
      const isLeft = parts.some(([id, part]) => part.figure && !document.getElementById(id));
      return isLeft ? { multi: true, response: {} } : told;
    };
  };

  /* every request tells the viewer's zone, and whether somebody is there; every answer tells the server's time */
  const ask = window.fetch.bind(window);
  window.fetch = async (resource, options = {}) => {
    const headers = new Headers(options.headers || (resource instanceof Request ? resource.headers : undefined));
    headers.set("X-Time-Zone", zone);
    if (Date.now() - touched < TOUCHED_MS) headers.set("X-Active", "1");
    const isDrawing = String(resource.url || resource).includes("/_dash-update-component");
    if (isDrawing) drawing += 1;
    let answer;
    try {
      answer = await ask(resource, { ...options, headers });
    } finally {
      if (isDrawing) {
        drawing -= 1;
        drawnAt = Date.now();
      }
    }
    if (answer.status === 401) window.location.assign("/login");
    if (isDrawing) letGo(answer);
    lastAnswer = Date.now();
    const date = Date.parse(answer.headers.get("Date") || "");
    if (!Number.isNaN(date)) {
      // the header has whole seconds: only a real difference counts
      const seen = date - lastAnswer;
      skew = Math.abs(seen) > 2000 ? seen : 0;
    }
    return answer;
  };

  const byId = (id) => document.getElementById(id);
  const set = (id, text, className) => {
    const element = byId(id);
    if (!element) return;
    if (element.textContent !== text) element.textContent = text;
    if (className !== undefined && element.className !== className) element.className = className;
  };

  const span = (ms) => {
    const s = Math.max(0, Math.round(ms / 1000));
    if (s < 120) return `${s} s`;
    if (s < 7200) return `${Math.round(s / 60)} min`;
    if (s < 172800) return `${Math.round(s / 3600)} h`;
    return `${Math.round(s / 86400)} days`;
  };

  const health = (now) => {
    const silent = Date.now() - lastAnswer;
    if (silent > SILENCE_MS) {
      return ["No answer", "bad", `the dashboard has not answered for ${span(silent)}`, true];
    }
    if (!pulse) return ["Connecting", "plain", "", false];
    const parts = [];
    if (pulse.text) parts.push(pulse.text);
    else if (pulse.cycle_at) parts.push(`cycle ${pulse.cycle}, ${span(now - pulse.cycle_at)} ago`);
    if (pulse.due_at) {
      const late = now - pulse.due_at;
      if (late > Math.max(pulse.interval_ms, 5000)) {
        parts.push(`next cycle ${span(late)} late`);
        return ["Overdue", "bad", parts.join(" · "), true];
      }
      parts.push(late < 0 ? `next in ${span(-late)}` : "next due now");
    }
    return [pulse.word, pulse.tone, parts.join(" · "), Boolean(pulse.stale) || pulse.tone === "bad"];
  };

  const figure = (name, shown, tone) => {
    const element = byId(`bar-${name}`);
    if (!element || !shown) return;
    const unit = shown.unit ? `\u00a0${shown.unit}` : "";
    if (element.textContent !== shown.text + unit) {
      element.replaceChildren(shown.text, Object.assign(document.createElement("span"), { className: "unit", textContent: unit }));
    }
    const wanted = tone === undefined ? shown.tone || "" : tone;
    if (element.className !== wanted) element.className = wanted;
    if (shown.value) element.dataset.value = shown.value;
    element.title = shown.note || "";
  };

  /* what the bar and the page both tell is one reading, the bar's: they are read one after the other, a cycle apart at times */
  const agree = () => {
    for (const element of document.querySelectorAll("#page [data-live]")) {
      const shown = pulse && pulse.figures && pulse.figures[element.dataset.live];
      if (!shown || !shown.value || element.dataset.value === shown.value) continue;
      if (element.dataset.day && element.dataset.day !== shown.day) continue;
      element.dataset.value = shown.value;
      element.className = shown.tone;
      element.querySelector(".value").textContent = shown.text;
      const note = element.nextElementSibling;
      if (note && note.dataset.note === "live") note.textContent = note.title = shown.note;
    }
  };

  const draw = () => {
    const now = Date.now() + skew;
    const [word, tone, text, stale] = health(now);
    set("bar-health", word, `pill ${tone}`);
    set("bar-clock", text);
    const clock = byId("bar-clock");
    if (clock) clock.title = text;
    document.body.classList.toggle("stale", stale);
    if (!pulse) return;
    if (pulse.control) {
      set("bar-control", pulse.control.word, `pill ${pulse.control.tone}`);
      set("bar-why", pulse.control.why);
      const why = byId("bar-why");
      if (why) why.title = pulse.control.why;
    }
    if (pulse.data_at !== undefined) {
      const old = pulse.data_at && now - pulse.data_at > 2 * Math.max(pulse.interval_ms, 5000);
      figure("data", { text: pulse.data_at ? span(now - pulse.data_at) : "–" }, old ? "bad" : "");
    }
    const figures = pulse.figures || {};
    figure("equity", figures.equity);
    figure("today", figures.today);
    for (const name of ["unresolved", "incidents"]) {
      if (figures[name]) figure(name, figures[name], figures[name].text === "0" ? "" : "bad");
    }
    agree();
  };

  const take = (answer) => {
    mark = answer.mark;
    pulse = { ...(pulse || {}), stale: false, data_at: undefined, ...answer.pulse };
    wanted = answer.topics;
    tell();
    draw();
  };

  /* Dash drops the answer to a question that is asked again before it came: a slow page would never be drawn. */
  const tell = () => {
    if (drawing || Date.now() - drawnAt < SETTLED_MS) {
      window.clearTimeout(telling);
      telling = window.setTimeout(tell, SETTLED_MS);
      return;
    }
    for (const [name, version] of Object.entries(wanted)) {
      if (topics[name] === version) continue;
      topics[name] = version;
      window.dash_clientside.set_props(`live-${name}`, { data: version });
    }
  };

  const poll = async () => {
    window.clearTimeout(timer);
    if (!asking) {
      asking = true;
      try {
        const answer = await window.fetch(`/live?seen=${mark}`, {
          cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
        });
        if (answer.status === 200) take(await answer.json());
      } catch { /* nobody answers: the clock says so */ } finally {
        asking = false;
      }
    }
    window.clearTimeout(timer);
    timer = window.setTimeout(poll, document.hidden ? HIDDEN_EVERY_MS : EVERY_MS);
  };

  const begin = () => {
    const live = byId("live");
    if (!live || !window.dash_clientside || !window.dash_clientside.set_props) {
      window.setTimeout(begin, 30);
      return;
    }
    topics = JSON.parse(live.dataset.topics);
    pulse = JSON.parse(live.dataset.pulse);
    mark = live.dataset.mark;
    if (window.tradeAgentTheme) window.tradeAgentTheme();
    draw();
    const bar = document.querySelector(".bar");
    new ResizeObserver(() => {
      document.documentElement.style.setProperty("--bar-height", `${bar.offsetHeight}px`);
    }).observe(bar);
    window.setInterval(draw, 1000);
    new MutationObserver(agree).observe(document.body, { childList: true, subtree: true, characterData: true });
    timer = window.setTimeout(poll, EVERY_MS);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
  };
  begin();

  window.tradeAgentLive = { poll, serverNow: () => Date.now() + skew, span };
})();
