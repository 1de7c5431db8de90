// Box: whether everything works and what mends it, what it costs, the heads, and what was changed by hand.

import { html, useEffect, useState } from "../vendor/preact.js";
import { act, changes, get, post, session, undo } from "../api.js";
import { moment, ms, printable, share } from "../format.js";
import { condition, connection, health } from "../live.js";
import { Empty, Trouble, useAnswer } from "../parts.js";
import { words } from "../words.js";
import { stateOf } from "./camera.js";
import { Series } from "./series.js";

const AGAIN_MS = 30000;

export function Box() {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setTurn((before) => before + 1), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const [box] = useAnswer("/box", {}, turn);
  const [past] = useAnswer("/box/history", {}, turn);
  return html`<div class="boxview">
    <h2>${words.box.title}</h2>
    <section class="card"><h3>${words.box.wrong}</h3>${box?.problems?.length ? html`<ul class="problems">${box.problems.map((one) => html`<li key=${one.words}><b>${printable(one.process ?? "")}</b> ${printable(one.words)}${one.mend && html`<br /><span class="quiet">${words.box.mend}${printable(one.mend)}</span>`}</li>`)}</ul>`
      : html`<p class="quiet">${saidOfAll(box)}</p>`}
      ${box && html`<p class="quiet">${words.box.version} ${box.version}${box.disk ? ` · ${words.box.free(Math.round(box.disk.free_mb))} · ${words.box.events(Math.round(box.disk.events_mb), Math.round(box.disk.max_mb))}` : ""}</p>`}
      ${box?.books && html`<details class="quiet"><summary>${words.box.books}: ${box.books.balance ? words.box.balance : words.box.noBalance}</summary><ul class="lines">${(box.books.lines ?? []).map((line) => html`<li key=${line}>${printable(line)}</li>`)}</ul></details>`}</section>
    <${Processes} />
    <${Boxes} turn=${turn} />
    <div class="plots">${past && past.at_ns.length > 1 ? html`
      <${Series} title=${words.box.latency} at=${past.at_ns} lines=${past.latency_ms} unit="ms" />
      <${Series} title=${words.box.cpuOver} at=${past.at_ns} lines=${Object.fromEntries(Object.entries(past.processes).map(([name, one]) => [name, one.cpu]))} unit="%" scale=${100} />` : html`<${Empty}>${words.box.noHistory}<//>`}</div>
    <${Heads} />
    <${Changes} />
    <${Settings} />
  </div>`;
}

// How everything is, where nothing of it has words of its own; nothing is said to work that was not heard of just now.
function saidOfAll(box) {
  if (connection.value !== "live") return words.connection[connection.value];
  if (!box || !health.value) return words.loading;
  return health.value.ok ? words.box.fine : health.value.problems.map(printable).join(" · ");
}

function Processes() {
  return html`<section id="health" class="card" aria-labelledby="health-title"><h3 id="health-title">${words.box.processes}</h3>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="health-title"><table>
      <thead><tr><th scope="col">${words.box.process}</th><th scope="col">${words.box.stateHead}</th><th scope="col" class="number">${words.box.cpu}</th><th scope="col" class="number">${words.box.memory}</th><th scope="col">${words.box.says}</th></tr></thead>
      <tbody id="processes">${(health.value?.processes ?? []).map((one) => html`<tr key=${one.process}>
        <th scope="row">${printable(one.process)}</th><td><span class="dot" data-state=${condition(one)}></span>${stateOf(one)}</td>
        <td class="number">${one.alive ? `${Math.round((100 * one.cpu_s) / Math.max(one.uptime_s, 0.001))} %` : ""}</td><td class="number">${one.alive ? `${Math.round(one.memory_mb)} MB` : ""}</td><td>${printable(one.detail)}</td></tr>`)}</tbody>
    </table></div></section>`;
}

// Every box that shares a database with this one; nothing where it shares none.
function Boxes({ turn }) {
  const [found, error, again] = useAnswer("/boxes", {}, turn);
  if (!error && !found?.shared) return null;
  return html`<section id="boxes" class="card" aria-labelledby="boxes-title"><h3 id="boxes-title">${words.box.boxes}</h3>
    ${error && html`<${Trouble} error=${error} again=${again} />`}
    ${found?.shared && html`<div class="scroll" tabindex="0" role="group" aria-labelledby="boxes-title"><table>
      <thead><tr><th scope="col">${words.box.boxName}</th><th scope="col">${words.box.version}</th><th scope="col">${words.box.gallery}</th><th scope="col" class="number">${words.box.waits}</th><th scope="col">${words.box.says}</th></tr></thead>
      <tbody>${found.boxes.map((one) => html`<tr key=${one.id}>
        <th scope="row">${one.page ? html`<a href=${one.page}>${printable(one.name)}</a>` : printable(one.name)}</th><td>${printable(one.version)}</td>
        <td>${one.gallery_version}${one.gallery_behind > 0 && html` <span class="quiet">${words.box.behind(one.gallery_behind)}</span>`}</td><td class="number">${one.events_waiting}</td>
        <td><span class="dot" data-state=${!one.is_here ? "failed" : one.ok ? "running" : "degraded"}></span>${one.is_here ? "" : words.box.notSince(moment(1000 * one.seen_at_s))}${printable(one.health)}${one.warnings.map((warning) => html`<br /><span class="bad">${printable(warning)}</span>`)}</td></tr>`)}</tbody>
    </table></div><${ChangesOfAllBoxes} />`}</section>`;
}

// What was changed at every box, asked for when somebody wants to see it. A step is taken back at the box that made it.
function ChangesOfAllBoxes() {
  const [open, setOpen] = useState(false);
  return html`<details id="all-changes" onToggle=${({ target }) => setOpen(target.open)}><summary>${words.box.allChanges}</summary>${open && html`<${ChangesListed} />`}</details>`;
}

function ChangesListed() {
  const [found, error, again] = useAnswer("/audit/all-boxes", { limit: 50 }, changes.value);
  if (error) return html`<${Trouble} error=${error} again=${again} />`;
  if (!found) return html`<p class="quiet">${words.loading}</p>`;
  return html`${!found.entries.length && html`<p class="quiet">${words.box.noChanges}</p>`}
    <ol class="changes">${found.entries.map((one) => html`<li key=${`${one.box_id} ${one.at_ns} ${one.what}`}><time class="quiet">${moment(ms(one.at_ns))}</time> <span dir="auto">${printable(one.box)}</span> <span>${printable(one.said || one.what)}</span> <span class="quiet">${printable(one.who)}</span>
      ${one.undone_by && html`<span class="quiet">${words.box.takenBack}</span>`}</li>`)}</ol>`;
}

// Every head there has been, and the training of the next one.
function Heads() {
  const [found, error, again] = useAnswer("/heads", {}, changes.value);
  const [training, setTraining] = useState(null);
  const mayChange = session.value.role === "change";
  useEffect(() => {
    let timer = null;
    const look = async () => {
      const now = await get("/heads/retrain").catch(() => null);
      setTraining(now);
      timer = setTimeout(look, now?.state === "running" ? 1000 : 10000);
    };
    look();
    return () => clearTimeout(timer);
  }, [changes.value]);
  const busy = training?.state === "running";
  useEffect(() => { if (training?.state === "done") again(); }, [training?.state]);
  return html`<section class="card"><h3>${words.box.heads}</h3><p class="quiet">${words.box.headsIntro}</p>
    ${error && html`<${Trouble} error=${error} again=${again} />`}
    <ol class="heads">${(found?.versions ?? []).map((one) => html`<li key=${one.version}><b>${printable(one.version ?? words.box.bundled)}</b>${one.in_use && html` <span class="pill fine">${words.box.inUse}</span>`} <span class="quiet">${one.made_at_ns ? moment(ms(one.made_at_ns)) : ""} ${printable(one.architecture ?? "")}</span>
      ${one.verdict && html`<p>${printable(one.verdict)}</p>`}<dl class="measures">${Object.entries(one.figures ?? {}).filter(([, value]) => typeof value === "number").map(([name, value]) => html`<div key=${name}><dt>${printable(name)}</dt><dd>${value > 0 && value < 1 ? share(value) : value}</dd></div>`)}</dl>
      ${mayChange && one.comes_back && html`<button onClick=${() => act(() => post("/heads/rollback", { version: one.version }), () => words.box.rolledBack)}>${words.box.rollback}</button>`}</li>`)}</ol>
    ${mayChange && html`<div class="actions"><button class="main" disabled=${busy} onClick=${() => act(() => post("/heads/retrain", {}), (now) => { setTraining(now); return now.detail; })}>${words.box.retrain}</button>
      <span role="status" class=${training?.state === "failed" ? "bad" : "quiet"}>${saidOf(training)}</span>${busy && training.progress !== null && training.progress !== undefined && html`<progress max="1" value=${training.progress} aria-label=${words.box.working}></progress>`}</div>`}
  </section>`;
}

// How the training goes, or what came of it.
function saidOf(training) {
  if (!training || training.state === "idle") return "";
  if (training.state === "running") return `${words.box.working} ${printable(training.detail)}`;
  if (training.state === "failed" || !training.report) return printable(training.detail);
  return training.report.published ? words.box.published : `${words.box.kept} ${training.report.reasons.map(printable).join(" · ")}`;
}

// Every setting in force, asked for when somebody wants to see it.
function Settings() {
  const [open, setOpen] = useState(false);
  return html`<details class="card" onToggle=${({ target }) => setOpen(target.open)}><summary>${words.box.settings}</summary>${open && html`<${SettingsInForce} />`}</details>`;
}

function SettingsInForce() {
  const [found, error, again] = useAnswer("/settings");
  if (error) return html`<${Trouble} error=${error} again=${again} />`;
  if (!found) return html`<p class="quiet">${words.loading}</p>`;
  return html`<p class="quiet">${words.box.settingsIn(printable(found.path))}</p>
    <div class="scroll" tabindex="0" role="group" aria-label=${words.box.settings}><table id="settings">
      <thead><tr><th scope="col">${words.box.setting}</th><th scope="col">${words.box.value}</th><th scope="col">${words.box.from}</th></tr></thead>
      <tbody>${Object.entries(found.settings).map(([name, one]) => html`<tr key=${name}><th scope="row">${printable(name)}</th><td>${printable(JSON.stringify(one.value))}</td><td class="quiet">${one.line ? words.box.line(one.line) : words.box.byDefault}</td></tr>`)}</tbody>
    </table></div>`;
}

function Changes() {
  const [found] = useAnswer("/audit", { limit: 50 }, changes.value);
  const entries = found?.entries ?? [];
  return html`<section class="card"><h3>${words.box.changes}</h3>${found && !entries.length && html`<p class="quiet">${words.box.noChanges}</p>`}
    <ol class="changes">${entries.map((one) => html`<li key=${one.number}><time class="quiet">${moment(ms(one.at_ns))}</time> <span dir="auto">${printable(one.said)}</span> <span class="quiet">${printable(one.who)}</span>
      ${one.undone_by ? html`<span class="quiet">${words.box.takenBack}</span>` : one.step && session.value.role === "change" && html`<button onClick=${() => undo(one.step)}>${words.undo}</button>`}</li>`)}</ol></section>`;
}
