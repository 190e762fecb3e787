// The memorandum: sign it or withdraw, as a member; comment, answer, leave one's interest or have all
// of it deleted, as an outsider. What is signed is put together here, from what the page says.

import { drop, keep, kept, keyFor, signature } from "./device-keys.mjs";
import { chooser, connect, fail, post, say, signTypedData } from "./wallet.mjs";

const STORE = ["vklad-memorandum", "kept"];

// Now in whole seconds: what is signed has one spelling.
const now = () => `${new Date().toISOString().slice(0, 19)}Z`;
const language = document.documentElement.lang;
const plain = (field) => (field?.value ?? "").replaceAll("\r\n", "\n").trim();

async function outsider(register, statement) {
  const { pair, key } = await keyFor(STORE, `outsider ${register}`);
  const said_at = now();
  const whole = { ...statement, register, said_at };
  return { public_key: key, said_at, signature: await signature(pair, "vklad.memorandum.outsider.v1", whole) };
}

const mine = async (register) => (await kept(STORE, `comments ${register}`)) ?? [];

// What a form does: it gets the form, its data and the session's token, and says whether the page
// has to be shown anew.
const DEEDS = {
  async sign(form, data, csrf, by) {
    const part = await post(`/v1/memorandum/versions/${data.version}/signer`, {}, csrf);
    const said = { act: data.act, version: data.version, language, turn: part.next_turn, signed_at: now() };
    let signed;
    if (by === "wallet") {
      const shown = await post("/v1/memorandum/entry-messages", said, csrf);
      say(form, "connecting");
      const wallet = await connect(data.wallet, chooser(form));
      say(form, "sign");
      signed = { by, signature: await signTypedData(wallet, shown.typed_data) };
    } else {
      const { pair, key } = await keyFor(STORE, `member ${part.member}`);
      const statement = {
        act: said.act, content: part.content, language, member: part.member, number: part.number,
        register: part.register, signed_at: said.signed_at, turn: said.turn,
      };
      signed = { by: "device", public_key: key, signature: await signature(pair, "vklad.memorandum.entry.v1", statement) };
    }
    say(form, "sending");
    await post("/v1/memorandum/entries", { ...said, signed }, csrf);
    return true;
  },

  async comment(form, data) {
    const { section } = data;
    const name = plain(form.elements.name);
    const said = plain(form.elements.said);
    const by = await outsider(data.register, { act: "comment", content: data.content, name, said, section });
    const body = { ...by, version: data.version, section, name, language, said };
    const written = await post("/v1/memorandum/outsiders/comments", body, "");
    await keep(STORE, `comments ${data.register}`, [...(await mine(data.register)), written.id]);
    return true;
  },

  async takeback(form, data) {
    const by = await outsider(data.register, { act: "withdraw", comment: data.comment });
    await post(`/v1/memorandum/outsiders/comments/${data.comment}/withdraw`, by, "");
    return true;
  },

  async interest(form, data) {
    const name = plain(form.elements.name);
    const contact = plain(form.elements.contact);
    const by = await outsider(data.register, { act: "interest", consent: data.consent, contact, name });
    await post("/v1/memorandum/outsiders/interest", { ...by, name, contact, language }, "");
    return false;
  },

  async answers(form, data) {
    const answers = {};
    for (const chosen of form.querySelectorAll("input:checked")) answers[chosen.name] = Number(chosen.value);
    const by = await outsider(data.register, { act: "answer", answers, version: data.version });
    await post("/v1/memorandum/outsiders/answers", { ...by, version: data.version, language, answers }, "");
    return true;
  },

  async forget(form, data) {
    const by = await outsider(data.register, { act: "forget" });
    await post("/v1/memorandum/outsiders/forget", by, "");
    await drop(STORE, `outsider ${data.register}`);
    await drop(STORE, `comments ${data.register}`);
    return true;
  },
};

async function submit(event) {
  const form = event.target;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  say(form, "sending");
  try {
    const anew = await DEEDS[form.dataset.deed](form, form.dataset, form.elements.csrf?.value ?? "", event.submitter?.value);
    say(form, "sent", { tone: "good" });
    if (anew) location.reload();
  } catch (error) {
    fail(form, error);
  }
  delete form.dataset.busy;
}

for (const form of document.querySelectorAll("form[data-deed]")) {
  if (form.dataset.deed !== "takeback") form.hidden = false;
  form.addEventListener("submit", submit);
}

// Comments of this browser can be taken back by it.
async function showOwn(place) {
  const own = await mine(place.dataset.register).catch(() => []);
  for (const form of place.querySelectorAll("form[data-deed=takeback]")) {
    form.hidden = !own.includes(form.dataset.comment);
  }
}
for (const place of document.querySelectorAll("[data-own]")) showOwn(place);
