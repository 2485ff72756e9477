// Runs one operation of the npm package `age-encryption`, an implementation of age that is not ours.
//
//   node scripts/age_vectors.mjs NODE_MODULES < request.json > answer.json
//
// NODE_MODULES is the folder that holds `age-encryption` (and `cctv-age` for the operation "testkit").
// Requests: {"op": "encrypt", "recipients": [...], "plaintext": base64}   -> {"file": base64}
//           {"op": "decrypt", "identities": [...], "file": base64}        -> {"plaintext": base64}
//           {"op": "recipient", "identity": "..."}                        -> {"recipient": "..."}
//           {"op": "testkit"}                                             -> {"vectors": {name: base64}}
// A refusal by the package is {"error": message}. Secrets come by standard input, never as arguments.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(resolve(process.argv[2]), "from-here.js"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const toBase64 = (bytes) => Buffer.from(bytes).toString("base64");
const fromBase64 = (text) => new Uint8Array(Buffer.from(text, "base64"));

const operations = {
  async encrypt({ recipients, plaintext }) {
    const encrypter = new (await load("age-encryption")).Encrypter();
    for (const recipient of recipients) encrypter.addRecipient(recipient);
    return { file: toBase64(await encrypter.encrypt(fromBase64(plaintext))) };
  },
  async decrypt({ identities, file }) {
    const decrypter = new (await load("age-encryption")).Decrypter();
    for (const identity of identities) decrypter.addIdentity(identity);
    return { plaintext: toBase64(await decrypter.decrypt(fromBase64(file))) };
  },
  async recipient({ identity }) {
    return { recipient: await (await load("age-encryption")).identityToRecipient(identity) };
  },
  async testkit() {
    const vectors = Object.entries(await load("cctv-age")).filter(([, value]) => value instanceof Uint8Array);
    return { vectors: Object.fromEntries(vectors.map(([name, value]) => [name, toBase64(value)])) };
  },
};

const { op, ...request } = JSON.parse(readFileSync(0, "utf8"));
try {
  console.log(JSON.stringify(await operations[op](request)));
} catch (error) {
  console.log(JSON.stringify({ error: String(error?.message ?? error) }));
}
