// What is asked of /api/v1. Refusals are problem details (RFC 9457); a login that is needed is waited for, then it goes on.

import { signal } from "./vendor/preact.js";
import { words } from "./words.js";

export const session = signal({ role: "change", needs_token: false, asked: false, expired: false });
export const messages = signal([]); // what was done or refused, each with the step that takes it back or none

const BASE = "/api/v1";
const SHOWN_MS = 15000;
let waiting = []; // whoever goes on after the login
let messageNumber = 0;

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? String(status));
    Object.assign(this, { status, code: problem.code ?? "", problem });
  }
}

export function url(path, query = {}) {
  const each = Object.entries(query).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, one]));
  const given = each.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return BASE + path + (given.length ? `?${new URLSearchParams(given)}` : "");
}

// Where the best kept picture of a track is, and the view that says why it was named so.
export const pictureOf = (track) => url(`/tracks/${encodeURIComponent(track)}/picture`);
export const whyOf = (track) => `#/why/${encodeURIComponent(track)}`;

// The answer; `body` is an object (JSON) or a Blob (as it is), `version` the one that is to be changed and no other.
// Throws Refusal, and TypeError where the box is out of reach.
export async function call(method, path, { query, body, version, signal: abort } = {}) {
  for (;;) {
    const raw = body instanceof Blob;
    const headers = body === undefined ? {} : { "Content-Type": raw ? body.type || "application/octet-stream" : "application/json" };
    if (version) headers["If-Match"] = `"${version}"`;
    const answer = await fetch(url(path, query), { method, headers, body: raw || body === undefined ? body : JSON.stringify(body), signal: abort });
    if (answer.status === 204) return null;
    const type = answer.headers.get("Content-Type") ?? "";
    const found = type.includes("json") ? await answer.json() : {};
    if (answer.ok) return found;
    if (answer.status !== 401) throw new Refusal(answer.status, found);
    await askForLogin(found.code === "session_expired");
  }
}

export const get = (path, query, options) => call("GET", path, { query, ...options });
export const post = (path, body, query) => call("POST", path, { body, query });

// Have what reads pictures loaded by the time that somebody has chosen one.
export const prepare = () => post("/pictures/prepare").catch(() => null);

function askForLogin(expired) {
  session.value = { ...session.value, needs_token: true, asked: true, expired };
  return new Promise((go) => waiting.push(go));
}

export async function logIn(token) {
  const answer = await fetch(url("/session"), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) });
  const found = await answer.json();
  if (!answer.ok) throw new Refusal(answer.status, found);
  session.value = { ...found, asked: false, expired: false };
  for (const go of waiting.splice(0)) go();
}

export async function logOut() {
  await fetch(url("/session"), { method: "DELETE" });
  session.value = { ...session.value, role: null, asked: true };
}

export async function learnSession() {
  const answer = await fetch(url("/session"));
  if (answer.ok) session.value = { asked: false, expired: false, ...(await answer.json()) };
  if (session.value.needs_token && !session.value.role) await askForLogin(false);
}

export function reasonOf(error) {
  return error instanceof Refusal ? words.refusals[error.code] ?? error.message : words.unreachable;
}

export function say(text, { step = null, bad = false } = {}) {
  const number = ++messageNumber;
  messages.value = [...messages.value.slice(-2), { number, text, step, bad }];
  setTimeout(() => dismiss(number), SHOWN_MS);
}

export function dismiss(number) {
  messages.value = messages.value.filter((one) => one.number !== number);
}

// Do something that changes the box; what came of it is said, and the page reads again what may have changed.
export async function act(work, said) {
  try {
    const done = await work();
    say(said(done), { step: done?.step ?? null });
    changed();
    return done;
  } catch (error) {
    say(error instanceof Refusal ? reasonOf(error) : words.gone, { bad: true });
    if (["changed_meanwhile", "not_there"].includes(error.code)) changed(); // what is shown is out of date
    return { refused: error };
  }
}

export function undo(step = null) {
  return act(() => post("/corrections/undo", step === null ? {} : { step }), () => words.undone);
}

export const changes = signal(0); // grows when this page has changed something

export function changed() {
  changes.value += 1;
}
