// Keeps an open page true: when the server says that something was stored, the page is fetched
// again and what differs in its live parts is changed in place. Without this script each page works
// as it is, and shows what was so when it was loaded.
"use strict";

(() => {
  const LEAST_MS = 3000; // between two looks, and at the end once more: the server may lag as much
  const say = document.getElementById("live-state");
  const button = document.getElementById("live-pause");
  if (!say || !button || !document.querySelector("[data-live]")) return;

  const LAST_MS = 25000; // after the last change, when what the server read behind is there

  let source = null, timer = 0, later = 0, looked = 0, again = false, busy = false;
  let paused = sessionStorage.getItem("paused") === "yes";

  const show = (kind, words) => { say.dataset.kind = kind; say.textContent = words; };

  // Make `old` like `now` with as few changes as there are, so that focus, scroll and what the
  // reader has opened stay.
  const morph = (old, now) => {
    if (old.isEqualNode(now)) return;
    const same = old.nodeType === now.nodeType && old.nodeName === now.nodeName && old.id === now.id;
    if (!same) { old.replaceWith(document.importNode(now, true)); return; }
    if (old.nodeType !== Node.ELEMENT_NODE) { old.data = now.data; return; }
    for (const { name, value } of now.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    const known = new Map();
    for (const child of old.children) if (child.id) known.set(child.id, child);
    let place = old.firstChild;
    for (const child of [...now.childNodes]) {
      const mine = child.id && known.get(child.id);
      if (mine && mine !== place) old.insertBefore(mine, place);
      else if (!place) { old.appendChild(document.importNode(child, true)); continue; }
      else if (child.id && !mine) { old.insertBefore(document.importNode(child, true), place); continue; }
      const target = mine || place, next = target.nextSibling;
      morph(target, child);
      place = next;
    }
    while (place) { const next = place.nextSibling; place.remove(); place = next; }
  };

  const look = async () => {
    if (busy || paused || document.hidden) return;
    busy = true;
    looked = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { "X-Fieldproof-Live": "1" }, cache: "no-store" });
      if (answer.status === 401) return over();
      if (!answer.ok) throw new Error(String(answer.status));
      const now = new DOMParser().parseFromString(await answer.text(), "text/html");
      const focused = document.activeElement;
      const parts = (whole) => [...whole.querySelectorAll("[data-live]")];
      const names = (whole) => parts(whole).map((part) => part.id).join();
      if (names(document) === names(now)) {
        for (const part of parts(document)) morph(part, now.getElementById(part.id));
      } else { // the page has got other parts, as when the first device arrives
        morph(document.getElementById("main"), now.getElementById("main"));
      }
      if (focused && focused !== document.activeElement && focused.isConnected) {
        focused.focus({ preventScroll: true });
      }
      show("live", "Live");
    } catch {
      show("away", "Not live: no answer");
    } finally {
      busy = false;
    }
  };

  const soon = () => {
    again = true;
    clearTimeout(later);
    later = setTimeout(look, LAST_MS);
    if (timer) return;
    const wait = Math.max(0, looked + LEAST_MS - performance.now());
    timer = setTimeout(async () => {
      timer = 0;
      again = false;
      await look();
      // What is shown may be some seconds old while much comes in: one last look after it.
      if (!timer) timer = setTimeout(() => { timer = 0; if (again) soon(); else look(); }, LEAST_MS + 2000);
    }, wait);
  };

  const over = () => { stop(); show("away", "You are not signed in any more: load the page again."); };

  const stop = () => {
    if (source) source.close();
    source = null;
    clearTimeout(timer);
    clearTimeout(later);
    timer = 0;
  };

  const start = () => {
    if (source || paused || document.hidden) return;
    source = new EventSource("/live");
    source.addEventListener("hello", () => { show("live", "Live"); soon(); });
    source.addEventListener("change", soon);
    source.addEventListener("bye", over);
    source.addEventListener("trouble", (event) => {
      if (JSON.parse(event.data)) show("away", "The store cannot be read now"); else soon();
    });
    source.onerror = () => show("away", "Not live: connecting again");
  };

  const label = () => {
    button.textContent = paused ? "Resume updates" : "Pause updates";
    if (paused) show("paused", "Paused");
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    sessionStorage.setItem("paused", paused ? "yes" : "no");
    label();
    if (paused) stop(); else start();
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); else start(); });
  label();
  start();
})();
