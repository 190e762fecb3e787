// Inside the frame: the token comes from the page around it, by message and never by address.
// Who that page is our server wrote into this one; nobody else is listened or talked to.
import { readTheme } from "./embed-theme.mjs";

const root = document.documentElement;
const { origin, kind } = root.dataset;
const content = document.getElementById("content");
const problem = document.getElementById("problem");
const TOKEN_WAIT_MS = 15_000;
const SEEN_MS = 800; // So long the confirmation stands in full sight before it can be given.
const COVERED_AFTER_MS = 1_500;
const OPEN_WIDTH = 380;

let token = "";
let waiting = [];
let asked = null;

const say = (key) => document.querySelector(`template[data-say="${key}"]`).content.textContent;
const tell = (message) => parent.postMessage({ vklad: 1, ...message }, origin);

function complain(words, code) {
  problem.textContent = words;
  problem.hidden = false;
  tell({ type: "failed", code });
}

// A token lives for minutes. The page gives another one when asked.
function freshToken() {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("no_token")), TOKEN_WAIT_MS);
    waiting.push(() => { clearTimeout(late); resolve(); });
    tell({ type: "token" });
  });
}

async function send(path, options) {
  return fetch(path, {
    ...options,
    credentials: "omit",
    cache: "no-store",
    headers: {
      ...options.headers,
      authorization: `Bearer ${token}`,
      "accept-language": root.lang,
      "x-vklad-embed-origin": origin,
    },
  });
}

// Show what our server answers: a part of a page, or what is wrong. True: a part was shown.
async function show(path, options = {}) {
  try {
    if (!token) await freshToken();
    let answer = await send(path, options);
    if (answer.status === 401) {
      await freshToken();
      answer = await send(path, options);
    }
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      problem.hidden = true;
      content.replaceChildren(...page.body.childNodes);
      wire();
      return true;
    }
    const found = await answer.json();
    complain(`${found.title}. ${found.detail}`, found.code);
  } catch (error) {
    const key = error.message === "no_token" ? "no_token" : "no_answer";
    complain(say(key), key);
  }
  return false;
}

// --- the badge ---

function open(wanted) {
  const chip = document.getElementById("chip");
  if (!chip) return;
  chip.setAttribute("aria-expanded", String(wanted));
  document.getElementById("why").hidden = !wanted;
  measure();
}

const isOpen = () => document.getElementById("chip")?.getAttribute("aria-expanded") === "true";

function measure() {
  const chip = content.querySelector(".chip");
  const width = isOpen() ? OPEN_WIDTH : Math.ceil(chip?.getBoundingClientRect().width ?? 160) + 8;
  tell({
    type: "size",
    open: isOpen(),
    width: kind === "badge" ? width : null,
    height: Math.ceil(document.body.getBoundingClientRect().height),
  });
}

// --- paying ---

// Whether somebody really sees the question, only the browser knows: nothing over it, whole, neither
// transparent nor moved away. Where it does not tell, the number is typed instead.
const tellsSight = "trackVisibility" in (globalThis.IntersectionObserver?.prototype ?? {});

function confirming() {
  const section = document.getElementById("confirm");
  const yes = document.getElementById("yes");
  const words = document.getElementById("seen");
  let watch = null;
  let timer = null;

  function allow(wanted, key) {
    yes.disabled = !wanted;
    words.textContent = key ? say(key) : "";
  }

  function look(entries) {
    const seen = entries.at(-1).isVisible && entries.at(-1).intersectionRatio >= 0.99;
    clearTimeout(timer);
    if (seen) timer = setTimeout(() => allow(true, "ready"), SEEN_MS);
    else timer = setTimeout(() => allow(false, "covered"), yes.disabled ? COVERED_AFTER_MS : 0);
  }

  function begin() {
    section.hidden = false;
    document.getElementById("offer").hidden = true;
    if (tellsSight) {
      allow(false, "looking");
      const sight = { threshold: [0, 0.5, 0.99, 1], trackVisibility: true, delay: 100 };
      watch = new IntersectionObserver(look, sight);
      watch.observe(section); // The question too: a button in sight under other words is no yes.
      document.getElementById("no").focus();
    } else {
      const typed = document.getElementById("typed");
      document.getElementById("typing").hidden = false;
      typed.addEventListener("input", () =>
        allow(typed.value.replace(/\D/g, "") === section.dataset.points));
      typed.focus();
    }
  }

  function end() {
    watch?.disconnect();
    clearTimeout(timer);
    allow(false);
    section.hidden = true;
    document.getElementById("offer").hidden = false;
    document.getElementById("offer-button").focus();
  }

  async function hold(event) {
    if (!event.isTrusted || yes.disabled) return;
    watch?.disconnect();
    clearTimeout(timer);
    yes.disabled = true;
    const done = await show("/embed/parts/hold", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ quote: section.dataset.quote }),
    });
    if (!done) {
      // What was offered no longer holds, or was done before: show how it stands, and say why.
      const words = problem.textContent;
      await quote(asked);
      problem.textContent = words;
      problem.hidden = document.getElementById("held") !== null;
    }
    content.querySelector("h1[tabindex]")?.focus();
  }

  document.getElementById("offer-button").addEventListener("click", begin);
  document.getElementById("no").addEventListener("click", end);
  yes.addEventListener("click", hold);
}

function quote(points) {
  asked = points;
  return show(`/embed/parts/pay${points === null ? "" : `?points=${points}`}`);
}

async function again(event) {
  event.preventDefault();
  await quote(Number(document.getElementById("points").value) || 0);
  (document.getElementById("offer-button") ?? document.getElementById("points"))?.focus();
}

function told() {
  const held = document.getElementById("held");
  if (!held) return;
  const { redemption, order, state } = held.dataset;
  tell({ type: "held", redemption, order, state });
}

function wire() {
  document.getElementById("chip")?.addEventListener("click", () => open(!isOpen()));
  document.getElementById("ask")?.addEventListener("submit", again);
  if (document.getElementById("confirm")) confirming();
  told();
  measure();
}

// --- the page around ---

const TAKES = {
  token(message) {
    if (typeof message.token !== "string") return;
    token = message.token;
    for (const go of waiting.splice(0)) go();
  },
  theme: (message) => { readTheme(root, message.theme); measure(); },
  close: () => open(false),
  // The popover was moved to the left, so as to stay in the window; its button stays where it was.
  shift({ by }) {
    const chip = document.getElementById("chip");
    if (chip && by >= 0 && by <= OPEN_WIDTH) chip.style.marginLeft = `${by}px`;
  },
};

if (parent !== window && origin) {
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== parent || from !== origin || data?.vklad !== 1) return;
    if (Object.hasOwn(TAKES, data.type)) TAKES[data.type](data);
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    open(false);
    document.getElementById("chip").focus();
  });
  new ResizeObserver(measure).observe(document.body);
  tell({ type: "ready", title: document.title });
  if (kind === "badge") show("/embed/parts/badge");
  else quote(null);
}
