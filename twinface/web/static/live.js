// The one connection of a tab: what is now, and pictures one at a time. It connects again by itself.

import { computed, signal } from "./vendor/preact.js";
import { changes, get, learnSession, session, url } from "./api.js";
import { ms } from "./format.js";
import { Presence } from "./presence.js";

export const connection = signal("waiting");
export const health = signal(null); // how the processes are, as GET /health has it
export const people = signal([]); // who is in sight
export const latest = signal([]); // stored events, the oldest first
export const announced = signal(null); // the last person who was named

export const trackOf = (camera, track) => presence.get(camera, track);
export const cameras = computed(() => (health.value?.processes ?? []).filter((one) => one.process.startsWith("camera."))
  .map((process) => ({ name: process.process.slice("camera.".length), process })));
export const matcherDown = computed(() => health.value?.processes.some((one) => one.process === "matcher" && condition(one) === "down") ?? false);

const SILENT_MS = 5000; // the server speaks every second
const RETRY_MS = 2000;
const PRESENT_EVERY_MS = 10000; // should the last event before a silence get lost
const STORED_AFTER_MS = [400, 2500]; // the box stores what happens a moment later
const LATE_MS = 500; // a picture that waited for so long, in a tab that was not served, is not shown
const KEPT_EVENTS = 100;
const SHOWN = [{ subject: "person" }, { kind: "stayed" }];
const LOGIN_ENDED = 4401; // what the socket is closed with

const presence = new Presence();
const watchers = new Map(); // by camera, who takes its pictures
const quickest = new Map(); // by camera, the least difference of the clocks from capture to arrival
let socket = null;
let heardAt = 0;
let openedAt = 0;
let askedAt = 0;
let newest = null;
let asking = false;

export function condition(process) {
  if (!process.alive || process.state === "failed") return "down";
  if (process.ok === false) return "degraded";
  return process.state === "ended" ? "ended" : "fine";
}

// Take the pictures of a camera from now on; returns what ends it. `draw` gets the picture's head and its bitmap.
export function watch(camera, draw) {
  watchers.set(camera, draw);
  tellWatched();
  return () => {
    if (watchers.get(camera) === draw) watchers.delete(camera);
    tellWatched();
  };
}

export function start() {
  connect();
  document.addEventListener("visibilitychange", tellWatched);
  setInterval(keepGoing, 500);
  changes.subscribe(() => { askForStored(); askForPresent(); });
}

function connect() {
  if (session.value.needs_token && !session.value.role) return;
  socket?.close();
  openedAt = Date.now();
  const address = new URL(url("/live"), location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const one = socket = new WebSocket(address, "twinface.live.1");
  one.binaryType = "arraybuffer";
  one.onopen = () => { quickest.clear(); presence.needSnapshot(); tellWatched(); askForStored(); };
  one.onclose = ({ code }) => { if (code === LOGIN_ENDED) learnSession().catch(() => {}); };
  one.onmessage = ({ data }) => {
    if (one !== socket) return;
    heardAt = Date.now();
    if (typeof data === "string") take(JSON.parse(data));
    else takePicture(data);
  };
}

function take(message) {
  if (message.type === "health") takeHealth(message);
  else if (message.type === "present") presence.takeSnapshot(message);
  else if (message.type === "match") takeMatch(message.event);
  people.value = presence.everybody();
}

function takeMatch(event) {
  presence.take(event);
  if (!event.news) return;
  if (event.type === "match" && event.state === "known") announced.value = event;
  for (const after of STORED_AFTER_MS) setTimeout(askForStored, after);
}

function takeHealth(report) {
  const matcher = report.processes.find((one) => one.process === "matcher");
  if (matcher.epoch !== presence.epoch || Date.now() - presence.takenAt > PRESENT_EVERY_MS) presence.needSnapshot();
  health.value = report;
  if (!presence.complete && matcher.alive && Date.now() - askedAt > RETRY_MS / 2) askForPresent();
}

function askForPresent() {
  askedAt = Date.now();
  send({ type: "present" });
}

// What was stored since the number that was given last, so that nothing is lost or comes twice.
async function askForStored() {
  if (asking) return;
  asking = true;
  try {
    const first = newest === null;
    const answers = first ? await Promise.all(SHOWN.map((one) => get("/events", { ...one, limit: KEPT_EVENTS }))) : [await get("/events", { after: newest, limit: 1000 })];
    if (!first && answers[0].newest < newest) latest.value = []; // another store
    const found = answers.flatMap((one) => one.events).sort((a, b) => a.sequence - b.sequence);
    newest = first || !found.length ? Math.min(...answers.map((one) => one.newest)) : found.at(-1).sequence;
    const told = found.filter((event) => event.subject === "person" || event.kind === "stayed");
    if (told.length) latest.value = [...latest.value, ...told].slice(-KEPT_EVENTS);
  } catch {
    // No connection: asked again with the next one.
  } finally {
    asking = false;
  }
}

async function takePicture(data) {
  const length = new DataView(data).getUint32(0);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  const behind = Date.now() - ms(head.captured_at_ns);
  quickest.set(head.camera, Math.min(behind, quickest.get(head.camera) ?? behind));
  try {
    if (behind - quickest.get(head.camera) > LATE_MS) return;
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" }));
    watchers.get(head.camera)?.(head, bitmap);
    bitmap.close();
  } catch {
    // No picture that can be shown: the next one comes.
  } finally {
    send({ type: "taken", camera: head.camera });
  }
}

// The camera makes pictures only while somebody looks: nothing is asked for from a page that is hidden.
function tellWatched() {
  send({ type: "watch", cameras: document.hidden ? [] : [...watchers.keys()] });
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function keepGoing() {
  const connected = Date.now() - heardAt < SILENT_MS;
  connection.value = connected ? "live" : heardAt ? "lost" : "waiting";
  if ((!connected || socket?.readyState === WebSocket.CLOSED) && Date.now() - Math.max(openedAt, 0) > RETRY_MS) connect();
}
