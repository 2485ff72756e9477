// Runs in the top page of listed origins only. Tells the extension whether this page has the keys: nothing else of it.
"use strict";

(() => {
  const api = globalThis.browser ?? globalThis.chrome;
  if (!ORIGINS.includes(location.origin)) return; // a pattern knows no port in Firefox
  const heard = new WeakSet();
  let port = null;
  let renew = null;
  let timer = null;
  let had = false;

  // The element that has the keys within a document or a shadow tree, open or closed.
  function innermost(root) {
    let element = root.activeElement;
    for (;;) {
      if (!element) return null;
      const inner = api.dom?.openOrClosedShadowRoot?.(element) ?? element.openOrClosedShadowRoot ?? element.shadowRoot;
      if (!inner?.activeElement) return element;
      element = inner.activeElement;
    }
  }

  // Whether the keys go to this page or to a frame of the same origin in it.
  function ours() {
    if (document.visibilityState !== "visible" || !document.hasFocus()) return false;
    let element = innermost(document);
    while (element && ["IFRAME", "FRAME", "OBJECT", "EMBED", "FENCEDFRAME"].includes(element.tagName.toUpperCase())) {
      let inside = null;
      try {
        inside = element.contentDocument;
        if (inside && inside.defaultView.origin !== location.origin) return false;
      } catch {
        return false;
      }
      if (!inside) return false; // of another origin
      listen(inside.defaultView);
      element = innermost(inside);
    }
    return true;
  }

  function tell(has) {
    had = has;
    again();
    try {
      port?.postMessage({ has, at: Date.now() });
    } catch {
      hangUp();
    }
  }

  // Also while a frame of another origin has the keys: not every way out of one is told.
  function again() {
    clearTimeout(timer);
    timer = renew && document.hasFocus() ? setTimeout(look, renew) : null;
  }

  function look() {
    if (!port) return connect();
    if (!renew) return;
    const has = ours();
    if (has || had) tell(has);
    else again();
  }

  // Leaving is told at once; whether the keys only went to a frame of our own is seen a moment later.
  function left() {
    if (had) tell(false);
    setTimeout(() => { if (port && ours()) look(); }, 0);
  }

  function listen(view) {
    if (!view || heard.has(view)) return;
    heard.add(view);
    view.addEventListener("blur", left, true);
    view.addEventListener("focus", () => { if (ours()) look(); else if (had) tell(false); }, true);
    view.addEventListener("pagehide", hangUp, true);
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
    port.onDisconnect.addListener(() => {
      clearTimeout(timer);
      port = null;
      had = false;
    });
    port.onMessage.addListener((message) => {
      renew = message.renew;
      if (renew) tell(ours());
      else clearTimeout(timer);
    });
  }

  listen(window);
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? look() : left()), true);
  window.addEventListener("pageshow", look, true);
  connect();
})();
