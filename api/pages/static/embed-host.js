// For a page of the school's: shows a member's points in a frame, and lets them pay with points.
//
//   <script src="https://points.example/embed/v1.js" async></script>
//   <div data-vklad="badge" data-token-url="/points/token"></div>
//   <div data-vklad="pay" data-token-url="/points/token?order=A-17"></div>
//
// or Vklad.mount(element, {view, token, lang}), where token gives a token each time it is called.
// It tells the frame a token and how to look, and nothing else: prices and the member's yes are the
// frame's. Says on the element, bubbling: vklad:ready, vklad:held, vklad:failed.
(() => {
  "use strict";
  if (window.Vklad) return;

  const service = new URL(document.currentScript.src).origin;
  const VIEWS = ["badge", "pay"];
  const READY_MS = 10_000;
  const HEIGHT_MAX = 2_000;
  const GAP = 8;
  const COLOURS = ["accent", "text", "surface"];
  const LENGTHS = ["radius", "font-size"];
  const frames = new Map();

  // Custom properties of the element, colours as a browser computes them.
  function themeOf(element) {
    const own = getComputedStyle(element);
    const theme = { scheme: own.getPropertyValue("--vklad-scheme").trim() };
    const probe = document.createElement("i");
    probe.hidden = true;
    element.append(probe);
    for (const name of COLOURS) {
      const value = own.getPropertyValue(`--vklad-${name}`).trim();
      probe.style.color = "";
      probe.style.color = value;
      if (value && probe.style.color) theme[name] = getComputedStyle(probe).color;
    }
    for (const name of LENGTHS) theme[name] = own.getPropertyValue(`--vklad-${name}`).trim();
    probe.remove();
    return theme;
  }

  async function fetchToken(url) {
    const answer = await fetch(url, {
      credentials: "same-origin",
      cache: "no-store",
      headers: { accept: "application/json" },
    });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return (await answer.json()).token;
  }

  function say(element, name, detail) {
    element.dispatchEvent(new CustomEvent(`vklad:${name}`, { bubbles: true, detail }));
  }

  function frameOf(view, lang) {
    const frame = document.createElement("iframe");
    const address = new URL(`/embed/${view}`, service);
    address.searchParams.set("origin", location.origin);
    address.searchParams.set("lang", lang);
    frame.src = address.href;
    frame.referrerPolicy = "no-referrer";
    frame.sandbox = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox";
    Object.assign(frame.style, {
      border: "0", display: "block", width: view === "badge" ? "160px" : "100%", height: "0",
      colorScheme: "normal", maxWidth: "none",
    });
    return frame;
  }

  // The badge keeps its place in the text; its popover lies over what follows, within the window.
  function fit(element, frame, view, { width, height, open }) {
    const tall = `${Math.min(Number(height) || 0, HEIGHT_MAX)}px`;
    frame.style.height = tall;
    if (view !== "badge") return 0;
    const wide = Math.min(Number(width) || 0, innerWidth - 2 * GAP);
    frame.style.width = `${wide}px`;
    if (!open) {
      Object.assign(element.style, { width: `${wide}px`, height: tall });
      Object.assign(frame.style, { left: "0", zIndex: "" });
      return 0;
    }
    const { left } = element.getBoundingClientRect();
    const over = Math.max(left + wide - (innerWidth - GAP), 0);
    const shift = Math.min(over, Math.max(left - GAP, 0));
    Object.assign(frame.style, { left: `${-shift}px`, zIndex: "2147483000" });
    return shift;
  }

  function mount(element, options = {}) {
    if (frames.has(element)) return;
    const view = options.view ?? element.dataset.vklad;
    if (!VIEWS.includes(view)) throw new Error(`Vklad: no view ${view}`);
    const url = element.dataset.tokenUrl;
    const give = options.token ?? (() => fetchToken(url));
    const frame = frameOf(view, options.lang ?? (element.dataset.lang || document.documentElement.lang));
    if (view === "badge") {
      Object.assign(element.style, {
        position: "relative", display: "inline-block", verticalAlign: "middle",
      });
      frame.style.position = "absolute";
      frame.style.top = "0";
    }
    const send = (message) => frame.contentWindow?.postMessage({ vklad: 1, ...message }, service);
    let shifted = 0;
    const late = setTimeout(() => {
      unmount(element);
      say(element, "failed", { code: "not_shown" });
    }, READY_MS);

    async function tokenAsked() {
      try {
        send({ type: "token", token: String(await give()) });
      } catch {
        say(element, "failed", { code: "no_token" });
      }
    }
    const takes = {
      ready({ title }) {
        clearTimeout(late);
        frame.title = String(title);
        frame.style.visibility = "";
        send({ type: "theme", theme: themeOf(element) });
        say(element, "ready", {});
      },
      token: tokenAsked,
      size(message) {
        const by = fit(element, frame, view, message);
        if (by !== shifted) send({ type: "shift", by });
        shifted = by;
      },
      held: ({ redemption, order, state }) => say(element, "held", { redemption, order, state }),
      failed: ({ code }) => say(element, "failed", { code }),
    };
    function hear({ source, origin, data }) {
      if (origin !== service || source !== frame.contentWindow || data?.vklad !== 1) return;
      if (Object.hasOwn(takes, data.type)) takes[data.type](data);
    }
    const shut = (event) => { if (!element.contains(event.target)) send({ type: "close" }); };

    frame.style.visibility = "hidden"; // What may not be framed shows nothing, not a browser's page.
    frames.set(element, {
      theme: () => send({ type: "theme", theme: themeOf(element) }),
      end() {
        clearTimeout(late);
        removeEventListener("message", hear);
        removeEventListener("pointerdown", shut);
        frame.remove();
      },
    });
    addEventListener("message", hear);
    addEventListener("pointerdown", shut);
    element.append(frame);
  }

  function unmount(element) {
    frames.get(element)?.end();
    frames.delete(element);
  }

  window.Vklad = Object.freeze({
    mount,
    unmount,
    // After the page changed its custom properties, as for the dark.
    retheme() { for (const each of frames.values()) each.theme(); },
  });

  const begin = () => document.querySelectorAll("[data-vklad]").forEach((each) => mount(each));
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
