// Drawing. Every text goes through textContent: a name is never markup, and turns the order of nothing around it.

const byId = (id) => document.getElementById(id);
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hourCycle: "h23" });

const moment = (ms) => (Date.now() - ms < 86400000 ? clock(ms) : new Date(ms).toLocaleString([], { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null));
  return element;
}

// What has no shape, or turns the order of letters around, as twinface/text.py has it; joiners stay, which form letters.
const UNSHOWN = /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu;

export function printable(text) {
  return text.replace(/\p{Zs}/gu, " ").replace(UNSHOWN, "\ufffd");
}

// A name among other words.
function named(text) {
  return make("bdi", "", printable(text));
}

// A name that has a line to itself: cut off at its end where it is too long, which is on the left of some scripts.
export function nameLine(text) {
  const line = make("b", "", printable(text));
  line.dir = "auto";
  return line;
}

export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function initials(name) {
  return (name.match(/[\p{L}\p{N}]+/gu) ?? ["·"]).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

const UNNAMED = { pending: "looking…", uncertain: "not sure" };

export function title(person) {
  return person.state === "known" ? person.name : UNNAMED[person.state] ?? "unknown";
}

// Faces that are not known yet are many, and soon are: they share a line.
export function showHere(people) {
  byId("here-count").textContent = people.length || "";
  byId("nobody").hidden = people.length > 0;
  const pending = people.filter((person) => person.state === "pending");
  const rows = people.filter((person) => person.state !== "pending").map((person) => {
    const since = person.since ? ` · since ${clock(person.since)} · ${lasting(Date.now() - person.since)}` : "";
    const mark = { known: () => initials(person.name), uncertain: () => "~" }[person.state]?.() ?? "?";
    return row(person.state, mark, title(person), `${person.camera}${since}`);
  });
  if (pending.length) {
    const more = `${pending.length}${rows.length ? " more" : ""} ${pending.length === 1 ? "face" : "faces"}`;
    rows.push(row("pending", "…", more, `${UNNAMED.pending} · ${[...new Set(pending.map((one) => one.camera))].join(", ")}`));
  }
  byId("here").replaceChildren(...rows);
}

function row(state, mark, name, more) {
  const face = make("span", "face", mark);
  face.setAttribute("aria-hidden", "true");
  return make("li", state, face, make("div", "who", nameLine(name), make("span", "", printable(more))));
}

// What happened, as a list of words and names; null where there is nothing to say.
export function describe(event) {
  const where = ` at ${event.camera}`;
  if (event.type === "end") return [`${event.camera}: the stream has ended`];
  if (event.type === "exit") return event.name ? [named(event.name), ` left ${event.camera}`] : null;
  if (event.type !== "match") return null;
  if (event.state === "known") return [named(event.name), where];
  if (event.state === "uncertain") return [`not sure who is${where}`];
  return event.state === "unknown" ? [`somebody unknown${where}`] : null;
}

// The same of an event that was stored: of visits of people, and of somebody unknown who stayed.
function describeStored(event) {
  if (event.kind === "stayed") return [`somebody unknown at ${event.camera}`];
  if (event.subject !== "person" || !event.name) return null;
  if (event.kind === "enter") return [named(event.name), ` at ${event.camera}`];
  return event.kind === "exit" ? [named(event.name), ` left ${event.camera}`] : null;
}

// What came since the page was opened, and before that what the box has stored.
export function showLog(news, stored) {
  const said = news.map((event) => ({ atMs: (event.captured_at_ns ?? 0) / 1e6, said: describe(event), state: event.type === "match" ? event.state : "quiet" }));
  const first = Math.min(...said.map((one) => one.atMs || Infinity));
  const before = stored.map((event) => ({ atMs: event.at_ns / 1e6, said: describeStored(event), state: event.kind === "exit" ? "quiet" : event.state }));
  const rows = [...before.filter((one) => one.atMs < first), ...said].filter((one) => one.said !== null).slice(-40).reverse();
  byId("nothing").hidden = rows.length > 0;
  byId("log").replaceChildren(...rows.map((one) =>
    make("li", "", make("time", "", one.atMs ? moment(one.atMs) : ""), make("span", `said ${one.state}`, ...one.said))));
}

export function showProcesses(processes) {
  byId("processes").replaceChildren(...processes.map((one) => {
    const dot = make("span", "dot");
    dot.dataset.state = condition(one);
    const name = make("th", "", one.process);
    name.scope = "row";
    const cpu = one.alive ? `${Math.round((100 * one.cpu_s) / Math.max(one.uptime_s, 0.001))} %` : "";
    const memory = one.alive ? `${Math.round(one.memory_mb)} MB` : "";
    return make("tr", "", name, make("td", "", dot, stateOf(one)), make("td", "number", cpu),
      make("td", "number", memory), make("td", "", printable(one.detail)));
  }));
}

export function condition(process) {
  if (!process.alive || process.state === "failed") return "down";
  if (process.ok === false) return "degraded";
  return process.state === "ended" ? "ended" : "fine";
}

export function stateOf(process) {
  if (process.alive) return process.state;
  return process.age_s === null ? "not started" : `silent for ${lasting(process.age_s * 1000)}`;
}

export function showConnection(state, text) {
  const pill = byId("connection");
  if (pill.textContent !== text) pill.textContent = text;
  pill.dataset.state = state;
}

export function showAlarm(text, peopleUnsure) {
  const alarm = byId("alarm");
  const line = printable(text);
  alarm.hidden = !line;
  if (alarm.textContent !== line) alarm.textContent = line;
  document.body.toggleAttribute("data-stale", peopleUnsure);
}

export function announce(parts) {
  byId("announcer").replaceChildren(...parts);
}
