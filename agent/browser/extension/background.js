// Tells Overt's program on this machine which listed page has the keys, if any: its origin, never its path or title.
// It learns of other pages only that the keys went to them, and not which they are.
"use strict";

const api = globalThis.browser ?? globalThis.chrome;
const HOST = "org.overt.host";
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60000;
const SURE_MS = 100; // after a question: by then the browser has heard of the window or tab that it was about
const SOON_MS = 25; // for a page whose element lost the keys to say that another one of it has them

const pages = new Set(); // ports of the listed pages that are open
let host = null;
let renew = null; // how often a page that has the keys says so; null while nobody wants to know
let seq = 0;
let turn = 0; // counts what was heard, so that an answer that was overtaken is thrown away
let here = null; // the port of the page that was told of last
let asked = null; // the port of the page whose claim is being looked into
let sure = null; // a timer: when to answer the last question once more
let doubt = null; // a timer: what was told of last will not be true any more
let retryMs = FIRST_RETRY_MS;
let notBefore = 0;

function say(state, at, page) {
  clearTimeout(doubt);
  doubt = null;
  if (host && renew) host.postMessage({ v: 2, seq: seq++, at, state, ...page });
}

function sayPage({ tab, url }, at, secret) {
  if (tab.incognito) say("private", at);
  else say("page", at, { origin: new URL(url).origin, secret });
}

function elsewhere(at) {
  turn++;
  here = asked = null;
  say("elsewhere", at);
}

async function claims(port, at, secret) {
  const mine = ++turn;
  asked = port;
  const { tab } = port.sender;
  if (secret && here === port) sayPage(port.sender, at, secret); // worse news do not wait to be looked into
  const [tabs, window] = await Promise.all([
    api.tabs.query({ active: true, windowId: tab.windowId }),
    api.windows.get(tab.windowId),
  ]).catch(() => [[], null]);
  if (mine !== turn || !pages.has(port)) return;
  if (!window?.focused || tabs[0]?.id !== tab.id) return void elsewhere(at);
  here = port;
  asked = null;
  sayPage(port.sender, at, secret);
}

function heard(port, { has, soon, secret, at }) {
  if (!host) connectHost();
  if (has) claims(port, at, secret !== false);
  else if (here !== port && asked !== port) return;
  else if (soon) doubt ??= setTimeout(elsewhere, SOON_MS, at);
  else elsewhere(at);
}

function want(ms) {
  renew = ms ?? null;
  ask();
  clearTimeout(sure);
  if (renew) sure = setTimeout(ask, SURE_MS);
}

function ask() {
  if (!here) say("elsewhere", Date.now());
  for (const page of pages) page.postMessage({ renew });
}

function connectHost() {
  if (!pages.size || Date.now() < notBefore) return;
  host = api.runtime.connectNative(HOST);
  seq = 0;
  host.onMessage.addListener((message) => {
    retryMs = FIRST_RETRY_MS;
    want(message.renew_ms);
  });
  host.onDisconnect.addListener(() => {
    void api.runtime.lastError; // read, so that it is not reported as unheard
    host = null;
    here = null;
    notBefore = Date.now() + retryMs;
    setTimeout(() => { if (!host) connectHost(); }, retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    want(null);
  });
  host.postMessage({ v: 2, seq: seq++, at: Date.now(), state: "elsewhere" });
}

api.runtime.onConnect.addListener((port) => {
  if (port.name !== "page" || port.sender?.id !== api.runtime.id || port.sender.frameId !== 0) return;
  pages.add(port);
  port.onMessage.addListener((message) => heard(port, message));
  port.onDisconnect.addListener(() => {
    pages.delete(port);
    if (here === port || asked === port) elsewhere(Date.now());
    if (!pages.size && host) {
      host.disconnect();
      host = null;
      renew = null;
    }
  });
  if (!host) connectHost();
  port.postMessage({ renew });
});

// The browser's own word, which does not wait for a page that is busy.
api.tabs.onActivated.addListener(({ tabId, windowId }) => {
  const tab = here?.sender.tab;
  if (tab && tab.windowId === windowId && tab.id !== tabId) elsewhere(Date.now());
});
api.windows.onFocusChanged.addListener((windowId) => {
  if (here && here.sender.tab.windowId !== windowId) elsewhere(Date.now());
});
