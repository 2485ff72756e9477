// Whether a field is one for a secret: a password, a payment card, a one-time code. By what the page says of the field
// and how it looks, never by what is in it. Where in doubt it is one: then nothing is recorded.
"use strict";

const isSecret = (() => {
  const hid = new WeakSet(); // fields that hid what is typed once: whoever shows it now shows a secret

  // The last word of the attribute names the field, after "section-…", "billing" and the like (HTML, "Autofill").
  const TOKENS = /^(cc-.+|one-time-code|current-password|new-password)$/;
  // Anywhere in a field's name or id, and only as a word of it ("pass", not "compass").
  const INSIDE = /passw|passphrase|passcode|pwd|kennwort|contrase|motdepasse|secret|cardn|creditcard|ccn|cvv|cvc/;
  const WORDS = new Set(["pass", "pin", "puk", "tan", "otp", "totp", "mfa", "2fa", "csc", "iban", "token"]);
  const ENTRIES = new Set(["text", "tel", "number", "search", "email", "url"]);

  function named(field) {
    return [field.getAttribute("name"), field.id].some((name) => {
      const words = String(name ?? "").replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase().split(/[^a-z0-9]+/);
      return INSIDE.test(words.join("")) || words.some((word) => WORDS.has(word));
    });
  }

  // One box of several, one character each: how codes are asked for.
  const single = (field) => field.maxLength === 1;

  function dotted(element) {
    const style = element.ownerDocument.defaultView.getComputedStyle(element);
    return (style.webkitTextSecurity ?? "none") !== "none";
  }

  function isSecret(element) {
    if (hid.has(element) || dotted(element)) return true;
    const tag = element.tagName.toUpperCase();
    if (tag !== "INPUT" && tag !== "TEXTAREA") return false;
    if (element.type === "password") {
      hid.add(element);
      return true;
    }
    const told = (element.getAttribute("autocomplete") ?? "").trim().toLowerCase().split(/\s+/);
    if (told.some((token) => TOKENS.test(token))) return true;
    return tag === "INPUT" && ENTRIES.has(element.type) && (single(element) || named(element));
  }

  // Some pages make a field one for a password only once it has the keys, or show the password at a click.
  isSecret.watch = (root, changed) => {
    const seen = (records) => {
      for (const { target, oldValue } of records) if (oldValue?.toLowerCase() === "password") hid.add(target);
      changed();
    };
    new MutationObserver(seen).observe(root, {
      subtree: true, attributes: true, attributeFilter: ["type"], attributeOldValue: true,
    });
  };

  return isSecret;
})();
