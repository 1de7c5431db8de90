// The page: its parts by the address after #, what is wrong, what was done, and the login.

import { html, render, signal, useState } from "./vendor/preact.js";
import { dismiss, learnSession, logIn, logOut, messages, reasonOf, session, undo } from "./api.js";
import { printable } from "./format.js";
import { condition, connection, health, start } from "./live.js";
import { Dialog, Icon } from "./parts.js";
import { Box } from "./views/box.js";
import { Enrol } from "./views/enrol.js";
import { History } from "./views/history.js";
import { Live } from "./views/live.js";
import { People } from "./views/people.js";
import { Person } from "./views/person.js";
import { Review } from "./views/review.js";
import { Why } from "./views/why.js";
import { words } from "./words.js";

const VIEWS = { live: Live, review: Review, people: People, enrol: Enrol, history: History, box: Box };
const route = signal(parse());

function parse() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, ...rest] = path.split("/");
  return { view: view || "live", id: rest.length ? decoded(rest.join("/")) : null, query: Object.fromEntries(new URLSearchParams(query)) };
}

// What an address means; one that was typed may have a % of its own.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function App() {
  const { view, id, query } = route.value;
  const Shown = view === "why" && id ? Why : view === "people" && id ? Person : VIEWS[view] ?? Live;
  return html`<header>
      <h1><a href="#/live"><img src="/static/icon.svg" alt="" width="28" height="28" /> twinface</a></h1>
      <nav aria-label="twinface">${Object.keys(VIEWS).map((one) => html`<a key=${one} href=${`#/${one}`} aria-current=${one === view ? "page" : undefined}><${Icon} name=${one} />${words.nav[one]}</a>`)}</nav>
      <${Connection} />
    </header>
    <${Alarm} />
    <main key=${`${view} ${id ?? ""} ${JSON.stringify(query)}`}><${Shown} id=${id} ...${query} /></main>
    <${Messages} />
    ${session.value.asked && html`<${Login} />`}`;
}

const badProcesses = () => (health.value?.processes ?? []).filter((one) => ["down", "degraded"].includes(condition(one)));

function Connection() {
  const state = connection.value, bad = state === "live" && badProcesses().length > 0;
  return html`<p id="connection" class="pill" data-state=${bad ? "lost" : state} role="status">${bad ? words.connection.bad : words.connection[state]}</p>
    ${session.value.needs_token && session.value.role && html`<button class="plain" onClick=${logOut}>${words.login.leave}</button>`}`;
}

function Alarm() {
  const lines = connection.value === "lost" ? [words.connectionLost] : connection.value === "live" ? badProcesses().map((one) => `${one.process} ${trouble(one)}`) : [];
  return lines.length > 0 && html`<p id="alarm" role="alert">${printable(lines.join(" · "))}</p>`;
}

function trouble(process) {
  return process.alive ? `${words.trouble[process.state] ?? words.troubleElse}: ${process.detail}` : words.noAnswer;
}

function Messages() {
  return html`<div class="messages" role="status">${messages.value.map((one) => html`<p key=${one.number} class=${one.bad ? "bad" : ""}><span dir="auto">${printable(one.text)}</span>
    ${one.step !== null && html`<button onClick=${() => { dismiss(one.number); undo(one.step); }}>${words.undo}</button>`}<button aria-label=${words.close} onClick=${() => dismiss(one.number)}>×</button></p>`)}</div>`;
}

function Login() {
  const [token, setToken] = useState(""), [refused, setRefused] = useState("");
  const enter = (event) => {
    event.preventDefault();
    logIn(token.trim()).then(() => setToken(""), (error) => setRefused(reasonOf(error)));
  };
  return html`<${Dialog} title=${words.login.title} fixed><form onSubmit=${enter}>
    <p class="quiet">${session.value.expired ? words.login.expired : words.login.intro}</p>
    <label class="field">${words.login.token}<input type="password" autocomplete="current-password" value=${token} onInput=${(event) => setToken(event.target.value)} /></label>
    ${refused && html`<p class="bad" role="alert">${printable(refused)}</p>`}
    <div class="actions"><button class="main" disabled=${!token.trim()}>${words.login.enter}</button></div></form><//>`;
}

addEventListener("hashchange", () => { route.value = parse(); scrollTo(0, 0); });
render(html`<${App} />`, document.getElementById("app"));
await learnSession().catch(() => {});
start();
