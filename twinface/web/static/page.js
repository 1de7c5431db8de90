// Listens to the server's events and shows them; connects again by itself, asks the matcher for what was missed.

import { CameraCard } from "./camera.js";
import { Presence } from "./presence.js";
import { announce, condition, describe, showAlarm, showConnection, showHere, showLog, showProcesses } from "./view.js";

const SILENT_MS = 5000; // the server speaks every second
const RETRY_MS = 2000;
const SNAPSHOT_EVERY_MS = 10000; // should the last event before a silence get lost
const KEPT_NEWS = 100;
const SHOWN_AT_FIRST = 4; // browsers open six connections to a server, a picture takes one

const presence = new Presence();
const cameras = new Map();
let news = [];
let stored = []; // of the time before the page was opened
let processes = [];
let source = null;
let heardAt = 0;
let openedAt = 0;
let asking = false;
let changed = true;

function connect() {
  source?.close();
  openedAt = Date.now();
  source = new EventSource("/api/events");
  const on = (kind, handle) => source.addEventListener(kind, (event) => {
    heardAt = Date.now();
    handle(JSON.parse(event.data));
    changed = true;
  });
  on("recent", (recent) => {
    news = recent;
    presence.needSnapshot();
    for (const camera of cameras.values()) camera.restart();
    askForStored();
  });
  on("match", takeMatch);
  on("boxes", (meta) => cameras.get(meta.camera)?.takeBoxes(meta, presence));
  on("health", takeHealth);
}

function takeMatch(event) {
  presence.take(event);
  if (!event.news) return;
  news = [...news, event].slice(-KEPT_NEWS);
  if (event.type === "match" && event.state === "known") announce(describe(event));
}

function takeHealth(report) {
  const matcher = report.processes.find((one) => one.process === "matcher");
  if (matcher.epoch !== presence.epoch || Date.now() - presence.takenAt > SNAPSHOT_EVERY_MS) presence.needSnapshot();
  processes = report.processes;
  for (const process of processes) {
    const [kind, name] = process.process.split(".");
    if (kind !== "camera") continue;
    if (!cameras.has(name)) {
      const card = new CameraCard(name, cameras.size < SHOWN_AT_FIRST);
      cameras.set(name, card);
      document.getElementById("cameras").append(card.root);
    }
    cameras.get(name).takeHealth(process);
  }
  if (!presence.complete && matcher.alive) askForSnapshot();
}

async function askForSnapshot() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch("/api/snapshot");
    if (answer.ok) presence.takeSnapshot(await answer.json(), news);
  } catch {
    // No connection: the next report about health asks again.
  } finally {
    asking = false;
    changed = true;
  }
}

async function askForStored() {
  try {
    const answer = await fetch("/api/v1/events?limit=200");
    if (answer.ok) stored = (await answer.json()).events;
    changed = true;
  } catch {
    // No connection: asked again with the next one.
  }
}

function trouble(process) {
  return { failed: "has failed", waiting: "waits", starting: "is starting" }[process.state] ?? "has a problem";
}

function showState() {
  const connected = Date.now() - heardAt < SILENT_MS;
  const bad = processes.filter((one) => ["down", "degraded"].includes(condition(one)));
  if (!connected) {
    showConnection(heardAt ? "lost" : "waiting", heardAt ? "connection lost" : "connecting…");
    showAlarm(heardAt ? "The connection to the box is lost. Trying again…" : "", true);
  } else {
    showConnection(bad.length ? "lost" : "live", bad.length ? "not everything works" : "live");
    const lines = bad.map((one) => `${one.process} ${one.alive ? `${trouble(one)}: ${one.detail}` : "does not answer"}`);
    showAlarm(lines.join(" · "), bad.some((one) => one.process === "matcher" && condition(one) === "down"));
  }
  if (!connected && Date.now() - Math.max(openedAt, heardAt) > RETRY_MS) connect();
}

function draw() {
  if (changed) {
    changed = false;
    showHere(presence.everybody());
    showLog(news, stored);
    showProcesses(processes);
  }
  showState();
}

document.addEventListener("visibilitychange", () => {
  for (const camera of cameras.values()) camera.refresh();
});
setInterval(draw, 250);
setInterval(() => {
  changed = true; // the times since when go on
  for (const camera of cameras.values()) camera.tick();
}, 1000);
connect();
