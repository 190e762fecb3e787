// Ballots, proposals, permits and delegations: ask for the message, sign it, post the signature, tell what
// happens. A form names its deed by data-sign and holds its sentences (templates/votes/signing.html).

import {
  chooser, connect, fail, get, LOOK_EVERY_MS, post, say, signTypedData, typing, WalletError,
} from "./wallet.mjs";

const UNITS_PER_TOKEN = 10n ** 18n;

// What each kind of proposal wants beside its words, from the form's fields.
const ORDERS = {
  spending: (fields) => ({ project: fields.project.value }),
  budget: (fields) => ({ budget: fields.budget.value }),
  guardian: (fields) => ({ guardian: fields.guardian.value.trim() }),
  key: (fields) => ({ key: { role: fields.key_role.value, account: fields.key_account.value.trim() } }),
  tokens: (fields) => ({ tokens: { to: fields.tokens_to.value.trim(), tokens: Number(fields.tokens_count.value) } }),
  limits: (fields) => ({
    limits: Object.fromEntries(["capacity_points", "refill_points_per_day", "growth_points_max"]
      .map((name) => [name, Number(fields[name].value)])),
  }),
};

const DEEDS = {
  async ballot(form, submitter, sign) {
    const path = `/v1/proposals/${form.dataset.proposal}`;
    const support = submitter.value;
    const reason = form.elements.reason?.value.trim() ?? "";
    const division = support === "divided" ? divided(form) : null;
    const asked = { support, reason };
    if (division) asked.division = [division.against, division.for, division.abstain].join(",");
    const shown = await get(`${path}/ballot-message?${new URLSearchParams(asked)}`);
    const signature = await sign(shown.typed_data);
    const ballot = { support, reason, nonce: shown.nonce, signature };
    await post(`${path}/ballots`, division ? { ...ballot, division } : ballot, form.elements.csrf.value);
    return () => location.reload();
  },

  async proposal(form, _, sign) {
    const kind = form.elements.kind.value;
    const draft = { kind, title: form.elements.title.value.trim(), body: form.elements.body.value.trim() };
    if (kind === "programme") {
      const from = form.elements.effective_at.value;
      draft.programme = form.elements.programme.value;
      draft.effective_at = (from ? new Date(from) : new Date()).toISOString();
    }
    Object.assign(draft, ORDERS[kind]?.(form.elements));
    const csrf = form.elements.csrf.value;
    const shown = await post("/v1/proposal-messages", draft, csrf);
    if (shown.preview) draft.preview = shown.preview;
    const signature = await sign(shown.typed_data);
    const made = await post("/v1/proposals", { ...draft, replaces: shown.replaces, deadline: shown.deadline, signature }, csrf);
    return () => location.assign(`/votes/${made.id}`);
  },

  async permit(form, _, sign) {
    const spender = form.elements.spender.value.trim();
    const units = String(BigInt(Number(form.elements.permitted.value)) * UNITS_PER_TOKEN);
    const shown = await get(`/v1/permit-message?${new URLSearchParams({ spender, units })}`);
    const { spender: to, value } = shown.typed_data.message;
    const signature = await sign(shown.typed_data, `${BigInt(value) / UNITS_PER_TOKEN} VKL → ${to}`);
    const { nonce, deadline } = shown;
    const made = await post("/v1/permits", { spender, units, nonce, deadline, signature }, form.elements.csrf.value);
    return () => follow(form, "/v1/permits", made.id);
  },

  async delegation(form, submitter, sign) {
    const other = submitter?.value === "other" ? form.elements.delegatee.value.trim() : "";
    const shown = await get(`/v1/delegation-message${other ? `?${new URLSearchParams({ delegatee: other })}` : ""}`);
    const signature = await sign(shown.typed_data);
    const { delegatee, nonce, expiry } = shown;
    const made = await post("/v1/delegations", { delegatee, nonce, expiry, signature }, form.elements.csrf.value);
    return () => follow(form, "/v1/delegations", made.id);
  },
};

// Percents of all votes, rounded down; who names less than a hundred abstains with the rest.
function divided(form) {
  const weight = BigInt(form.dataset.weight);
  const percent = (side) => BigInt(form.elements[`percent_${side}`].value);
  const [inFavour, against] = [percent("for"), percent("against")];
  if (inFavour + against > 100n) throw new WalletError("too_much");
  const sides = { for: (weight * inFavour) / 100n, against: (weight * against) / 100n };
  return {
    for: String(sides.for), against: String(sides.against), abstain: String(weight - sides.for - sides.against),
  };
}

// A delegation or permit under way: say why it failed, or show the page anew.
async function follow(form, path, id) {
  const { data } = await get(path);
  const found = data.find((each) => each.id === id);
  if (found?.state === "failed") say(form, "rejected", { tone: "bad", detail: found.failure ?? "" });
  else if (found?.state === "mined" || found?.state === "done") location.reload();
  else setTimeout(() => follow(form, path, id).catch(() => null), LOOK_EVERY_MS);
}

async function submit(event) {
  event.preventDefault();
  const form = event.target;
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const buttons = [...form.querySelectorAll("button")].filter((button) => !button.disabled);
  for (const button of buttons) button.disabled = true;
  try {
    say(form, "asking");
    const sign = async (typedData, detail = "") => {
      say(form, "connecting");
      const wallet = await connect(form.dataset.wallet, chooser(form));
      say(form, "sign", { detail });
      const signature = await signTypedData(wallet, typedData);
      say(form, "sending");
      return signature;
    };
    const after = await DEEDS[form.dataset.sign](form, event.submitter, sign);
    say(form, "sent", { tone: "good" });
    await after();
  } catch (error) {
    fail(form, error);
    for (const button of buttons) button.disabled = false;
    delete form.dataset.busy;
  }
}

// A proposal or ballot under way: look again until its state is another one, then show the page anew.
async function watch(place) {
  const { watch: path, watchState: state, watchProposal: proposal } = place.dataset;
  const found = await get(path).catch(() => null);
  const now = proposal ? found?.data.find((each) => each.proposal === proposal)?.state : found?.state;
  if (now && now !== state && !typing()) location.reload();
  else setTimeout(() => watch(place), LOOK_EVERY_MS);
}

// Of a proposal's form only the fields of the chosen kind are shown.
function showKind(form) {
  for (const part of form.querySelectorAll("[data-for-kind]")) {
    part.hidden = part.dataset.forKind !== form.elements.kind.value;
  }
}

for (const form of document.querySelectorAll("form[data-sign]")) {
  form.addEventListener("submit", submit);
  if (form.dataset.sign === "proposal") {
    form.addEventListener("change", () => showKind(form));
    showKind(form);
  }
}
for (const place of document.querySelectorAll("[data-watch]")) setTimeout(() => watch(place), LOOK_EVERY_MS);
