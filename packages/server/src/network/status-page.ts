import { createHash } from "node:crypto";

const STYLE = `
:root { color-scheme: light dark; --ground: light-dark(#f6f6f4, #16181b); --card: light-dark(#fff, #22262b);
  --ink: light-dark(#1c1e21, #e9eaec); --faint: light-dark(#5c6066, #a2a8b0); --line: light-dark(#d9dadc, #3a3f46);
  --accent: light-dark(#0b6b57, #4cc9a7); }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 46rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; }
h1 { margin: 0; font-size: 1.5rem; }
h2 { margin: 0; font-size: 1.1rem; }
section { margin-top: 1rem; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
.head, .client { display: grid; grid-template-columns: 1fr auto; gap: .25rem .75rem; align-items: center; }
.client { margin-top: .75rem; padding-top: .75rem; border-top: 1px solid var(--line); grid-template-columns: minmax(7rem, 1fr) minmax(6rem, 2fr) 3.5rem auto; }
.away { opacity: .55; }
small, .state { color: var(--faint); }
output { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
input[type=range] { width: 100%; accent-color: var(--accent); }
button, select { font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .5rem;
  padding: .25rem .6rem; min-height: 2.25rem; }
select option { color: CanvasText; background: Canvas; }
button[aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: var(--card); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem; }
@media (max-width: 30rem) { .client { grid-template-columns: 1fr 3.5rem auto; } .client > :first-child { grid-column: 1 / -1; } .head { grid-template-columns: 1fr; } }
`;

const SCRIPT = `
"use strict";
const main = document.querySelector("main");
const state = document.querySelector(".state");
let socket, house, calls = 0, dragging = false, redrawAfter = false;
const waiting = new Map();

function element(tag, properties = {}, ...children) {
  const { aria = {}, ...own } = properties;
  const made = Object.assign(document.createElement(tag), own);
  for (const [name, value] of Object.entries(aria)) made.setAttribute("aria-" + name, value);
  made.append(...children);
  return made;
}
function call(method, params, done) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const id = ++calls;
  waiting.set(id, done ?? (() => {}));
  socket.send(JSON.stringify({ id, jsonrpc: "2.0", method, params }));
}
function refresh() { call("Server.GetStatus", {}, (result) => { house = result.server; draw(); }); }
function draw() {
  if (dragging) { redrawAfter = true; return; }
  redrawAfter = false;
  const focused = document.activeElement?.id;
  document.title = house.server.tutti.name + " - Tutti";
  document.querySelector("h1").textContent = house.server.tutti.name;
  main.replaceChildren(streams(), ...house.groups.map(group));
  if (focused) document.getElementById(focused)?.focus();
}
function streams() {
  const words = { playing: "playing", idle: "idle", disabled: "off", unknown: "unknown" };
  const items = house.streams.map(({ id, status, uri }) => element("div", { className: "head" },
    element("span", { textContent: id }), element("small", { textContent: uri.query.codec + ", " + (status === "idle" && uri.query.fallback || words[status]) })));
  return element("section", { aria: { label: "Streams" } }, element("h2", { textContent: "Streams" }), ...items);
}
function group(it) {
  const names = it.clients.map(nameOf).join(", ");
  const title = it.name || names;
  const options = house.streams.map(({ id }) => element("option", { value: id, textContent: id, selected: id === it.stream_id }));
  if (!house.streams.some(({ id }) => id === it.stream_id)) options.unshift(element("option", { value: it.stream_id, textContent: it.stream_id + " (gone)", selected: true }));
  const choose = element("select", { id: "stream-" + it.id, aria: { label: "Stream of " + title },
    onchange: () => call("Group.SetStream", { id: it.id, stream_id: choose.value }, refresh) }, ...options);
  const mute = button("mute-" + it.id, "Mute group", it.muted, title, () => call("Group.SetMute", { id: it.id, mute: !it.muted }, refresh));
  return element("section", { aria: { label: title } },
    element("div", { className: "head" }, element("h2", { textContent: title }), element("div", { className: "controls" }, choose, mute)),
    ...it.clients.map(client));
}
function client(it) {
  const { volume } = it.config;
  const name = nameOf(it);
  const shown = element("output", { textContent: volume.percent + " %" });
  let sentAt = 0;
  const slider = element("input", { type: "range", min: 0, max: 100, value: volume.percent, id: "volume-" + it.id,
    disabled: !it.connected, aria: { label: "Volume of " + name } });
  const tell = () => call("Client.SetVolume", { id: it.id, volume: { percent: Number(slider.value) } });
  slider.oninput = () => {
    dragging = true;
    shown.textContent = slider.value + " %";
    if (Date.now() - sentAt > 50) { sentAt = Date.now(); tell(); }
  };
  slider.onchange = () => { dragging = false; tell(); refresh(); };
  const mute = button("mute-" + it.id, "Mute", volume.muted, name,
    () => call("Client.SetVolume", { id: it.id, volume: { muted: !volume.muted } }, refresh));
  const about = [it.connected ? "" : "away", it.host.ip, it.config.latency ? it.config.latency + " ms" : ""].filter(Boolean).join(", ");
  return element("div", { className: it.connected ? "client" : "client away" },
    element("div", {}, element("div", { textContent: name }), element("small", { textContent: about })), slider, shown, mute);
}
function button(id, text, pressed, name, onclick) {
  return element("button", { id, type: "button", textContent: text, onclick, aria: { pressed: String(pressed), label: text + ": " + name } });
}
function nameOf({ config, host, id }) { return config.name || host.name || id; }
function connect() {
  socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/jsonrpc");
  socket.onopen = () => { state.textContent = "connected"; refresh(); };
  socket.onmessage = ({ data }) => {
    const content = JSON.parse(data);
    for (const one of Array.isArray(content) ? content : [content]) {
      if (one.id === undefined || one.id === null) { refresh(); continue; }
      const done = waiting.get(one.id);
      waiting.delete(one.id);
      if (one.error) state.textContent = one.error.data || one.error.message;
      else done?.(one.result);
    }
  };
  socket.onclose = () => { state.textContent = "no connection to the server, trying again"; waiting.clear(); dragging = false; setTimeout(connect, 1000); };
}
addEventListener("pointerup", () => { dragging = false; if (redrawAfter) draw(); });
connect();
`;

/** A page that shows the house and sets volumes, whole in itself: one file, no build, no other server. */
export const STATUS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Tutti</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>Tutti</h1><span class="state" role="status">connecting</span></header>
<noscript><p>This page needs JavaScript. The API at /jsonrpc does not.</p></noscript>
<main></main>
<script>${SCRIPT}</script>
</body>
</html>
`;

/** Lets the page run its own script and nothing else, and nobody frame it. */
export function pageHeaders(): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `script-src '${digest(SCRIPT)}'`,
    `style-src '${digest(STYLE)}'`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": policy.join("; "),
    "Referrer-Policy": "no-referrer",
  };
}

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
