// Runs in the top page of listed origins only. Tells the extension whether this page has the keys, and if in a field for
// a secret: nothing else of it.
"use strict";

(() => {
  const api = globalThis.browser ?? globalThis.chrome;
  if (!ORIGINS.includes(location.origin)) return; // a pattern knows no port in Firefox
  const FRAMES = new Set(["IFRAME", "FRAME", "OBJECT", "EMBED", "FENCEDFRAME", "PORTAL"]);
  const HTML = "http://www.w3.org/1999/xhtml";
  const watched = new WeakSet(); // documents and shadow trees
  const CALL_AGAIN_MS = 500; // short for a person who types on, long for a battery
  let port = null;
  let renew = null;
  let timer = null;
  let had = false;
  let hid = false; // whether that was a field for a secret

  // The root of an element's shadow tree, open or closed. Only elements of HTML have one.
  function shadow(element) {
    if (element.namespaceURI !== HTML) return null;
    return api.dom ? api.dom.openOrClosedShadowRoot(element) : element.openOrClosedShadowRoot;
  }

  // The element that has the keys within a document, also in shadow trees; null where that cannot be told.
  function innermost(root) {
    watch(root);
    const element = root.activeElement;
    const inner = element && shadow(element);
    return inner?.activeElement ? innermost(inner) : element;
  }

  // The document in a frame, if it is of our own origin.
  function within(frame) {
    const inside = frame.contentDocument;
    return inside?.defaultView?.origin === location.origin && inside.hasFocus() ? inside : null;
  }

  // The element of this page, or of a frame of the same origin in it, that has the keys; null: none, or who knows.
  function keyed() {
    if (document.visibilityState !== "visible" || !document.hasFocus()) return null;
    try {
      let element = innermost(document);
      while (element && FRAMES.has(element.tagName.toUpperCase())) {
        const inside = within(element);
        if (inside) listen(inside.defaultView);
        element = inside && innermost(inside);
      }
      return element;
    } catch {
      return null; // of another origin
    }
  }

  function send(message) {
    try {
      port?.postMessage({ ...message, at: Date.now() });
    } catch {
      hangUp();
    }
  }

  function secret(element) {
    try {
      return element !== null && isSecret(element);
    } catch {
      return true;
    }
  }

  function tell() {
    const element = keyed();
    const before = had;
    had = element !== null;
    hid = secret(element);
    again();
    if (had) send({ has: true, secret: hid });
    else if (before) send({ has: false });
  }

  // A field became one for a secret, perhaps the one that has the keys.
  function changed() {
    if (had && renew && secret(keyed()) !== hid) tell();
  }

  // Also while a frame of another origin has the keys, or nobody: not every way out of that is told.
  function again() {
    clearTimeout(timer);
    timer = renew && document.visibilityState === "visible" ? setTimeout(look, renew) : null;
  }

  function look() {
    if (!port) connect();
    else if (renew) tell();
  }

  function lookSoon() {
    setTimeout(() => { if (port) look(); }, 0); // not from a page that was left: it must not call again
  }

  // Whether the browser says that the keys go on to an element of ours that holds no other document.
  function plain(element) {
    try {
      return element?.ownerDocument?.defaultView?.origin === location.origin
        && !FRAMES.has(element.tagName.toUpperCase()) && !shadow(element);
    } catch {
      return false;
    }
  }

  // That the keys leave an element is told at once; whether they stay in the page is seen a moment later.
  function left(event) {
    if (!event.isTrusted) return; // the page's own doing
    if (had && renew && !plain(event.relatedTarget)) send({ has: false, soon: true });
    lookSoon();
  }

  function came(event) {
    if (!event.isTrusted) return;
    look();
    lookSoon(); // the page may make the field another one now
  }

  function hidden(event) {
    if (document.visibilityState === "visible") look();
    else left(event);
  }

  // Again and again: a frame that goes to another page has another window in the same place, which heard of nothing.
  function listen(view) {
    view.addEventListener("blur", left, true);
    view.addEventListener("focus", came, true);
    view.addEventListener("pagehide", view === window ? hangUp : left, true);
  }

  function watch(root) {
    if (watched.has(root)) return;
    watched.add(root);
    isSecret.watch(root, changed);
  }

  function hangUp() {
    clearTimeout(timer);
    had = false;
    port?.disconnect();
    port = null;
  }

  function connect() {
    if (!api.runtime?.id) return; // the extension is gone
    port = api.runtime.connect({ name: "page" });
    // The browser may end the extension's part that hears us, and starts it again when somebody calls. Nobody does
    // where nobody wants to know.
    port.onDisconnect.addListener(() => {
      clearTimeout(timer);
      timer = renew ? setTimeout(look, CALL_AGAIN_MS) : null;
      port = renew = null;
      had = false;
    });
    port.onMessage.addListener((message) => {
      renew = message.renew;
      if (renew) tell();
      else clearTimeout(timer);
    });
  }

  listen(window);
  watch(document);
  document.addEventListener("visibilitychange", hidden, true);
  window.addEventListener("pageshow", look, true);
  connect();
})();
