// Keys that this browser makes (WebCrypto, P-256): their private half cannot be read out
// (non-extractable), and they stay in this browser's IndexedDB. Shared by every page that signs
// without a wallet.

import { WalletError } from "./wallet.mjs";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNED = { name: "ECDSA", hash: "SHA-256" };

export const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// A store of this browser, by its database and name: `use` gets it, and says what is asked of it.
function inStore([database, name], mode, use) {
  return new Promise((resolve, reject) => {
    if (!globalThis.crypto?.subtle || !globalThis.indexedDB) throw new WalletError("no_keys");
    const opening = indexedDB.open(database, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(name);
    opening.onerror = () => reject(new WalletError("no_keys"));
    opening.onsuccess = () => {
      const transaction = opening.result.transaction(name, mode);
      const asked = use(transaction.objectStore(name));
      transaction.oncomplete = () => { opening.result.close(); resolve(asked.result); };
      transaction.onabort = () => { opening.result.close(); reject(new WalletError("no_keys")); };
    };
  });
}

export const kept = (where, place) => inStore(where, "readonly", (store) => store.get(place));
export const keep = (where, place, value) => inStore(where, "readwrite", (store) => store.put(value, place));
export const drop = (where, place) => inStore(where, "readwrite", (store) => store.delete(place));

const named = async (pair) => ({ pair, key: hex(await crypto.subtle.exportKey("raw", pair.publicKey)) });

// A new key for a place, instead of the one that may be there. { pair, key }, the key in hex.
export async function newKeyFor(where, place) {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
  await keep(where, place, pair);
  return named(pair);
}

// This browser's key for a place: the one it has, or a new one.
export async function keyFor(where, place) {
  const pair = await kept(where, place);
  return pair ? named(pair) : newKeyFor(where, place);
}

// The one form that is hashed and signed (RFC 8785): names in order, no spaces.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const parts = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${parts.join(",")}}`;
}

// The key's signature of a statement, under a tag that says what it is.
export async function signature(pair, tag, statement) {
  const bytes = new TextEncoder().encode(`${tag}\n${canonical(statement)}`);
  return hex(await crypto.subtle.sign(SIGNED, pair.privateKey, bytes));
}
