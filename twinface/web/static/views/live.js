// Live: every camera, who is there now, and what happened last.

import { html, useEffect, useState } from "../vendor/preact.js";
import { pictureOf, whyOf } from "../api.js";
import { clock, initials, lasting, moment, ms, personTitle, printable } from "../format.js";
import { announced, cameras, health, latest, matcherDown, people } from "../live.js";
import { Empty, Face, Name, NameLine } from "../parts.js";
import { words } from "../words.js";
import { Camera } from "./camera.js";

const SHOWN_EVENTS = 40;

export function Live() {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((before) => before + 1), 1000); // the times since when go on
    return () => clearInterval(timer);
  }, []);
  return html`<div class="live">
    <section id="cameras" aria-label=${words.live.cameras}>
      ${cameras.value.map(({ name, process }) => html`<${Camera} key=${name} name=${name} process=${process} />`)}
      ${health.value && !cameras.value.length && html`<${Empty}>${words.live.noCameras}<//>`}
    </section>
    <div id="side">
      <${Here} />
      <${Latest} />
    </div>
    <p class="for-ears" role="status">${announced.value && html`<${Name} text=${announced.value.name} />${words.live.at(announced.value.camera)}`}</p>
  </div>`;
}

// Faces that are not known yet are many, and soon are: they share a line.
function Here() {
  const all = people.value, pending = all.filter((one) => one.state === "pending"), others = all.filter((one) => one.state !== "pending");
  return html`<section class="card" aria-labelledby="here-title" data-stale=${matcherDown.value}>
    <h2 id="here-title">${words.live.here} <span id="here-count" class="count">${all.length || ""}</span></h2>
    <ul id="here" class="rows">
      ${others.map((one) => html`<${Person} key=${`${one.camera} ${one.track}`} one=${one} />`)}
      ${pending.length > 0 && html`<li class="pending"><${Face} state="pending" mark="…" />
        <div class="who"><b>${words.live.faces(pending.length, others.length > 0)}</b><span>${words.state.pending} · ${[...new Set(pending.map((one) => printable(one.camera)))].join(", ")}</span></div></li>`}
    </ul>
    ${!all.length && html`<p id="nobody" class="quiet">${words.live.nobody}</p>`}
  </section>`;
}

function Person({ one }) {
  const mark = { known: () => initials(one.name), uncertain: () => "~" }[one.state]?.() ?? "?";
  const since = one.since ? ` · ${words.live.since(clock(one.since), lasting(Date.now() - one.since))}` : "";
  const inside = html`<${Face} src=${one.track_id && pictureOf(one.track_id)} state=${one.state} mark=${mark} soon />
    <div class="who"><${NameLine} text=${personTitle(one)} /><span>${printable(one.camera)}${since}</span></div>`;
  return html`<li class=${one.state}>${one.track_id ? html`<a class="row" href=${whyOf(one.track_id)}>${inside}<span class="go">${one.state === "known" ? words.live.why : words.live.is}</span></a>` : inside}</li>`;
}

function Latest() {
  const rows = latest.value.toSorted((a, b) => a.at_ns - b.at_ns).map((event) => ({ event, said: describe(event) })).filter((one) => one.said !== null).slice(-SHOWN_EVENTS).reverse();
  return html`<section class="card" aria-labelledby="log-title">
    <h2 id="log-title">${words.live.latest}</h2>
    <ol id="log" class="rows" tabindex="0" aria-labelledby="log-title">${rows.map(({ event, said }) => html`<li key=${event.sequence}>
      <time>${moment(ms(event.at_ns))}</time><span class=${`said ${event.kind === "exit" ? "quiet" : event.state}`}>${said}</span></li>`)}</ol>
    ${!rows.length && html`<p id="nothing" class="quiet">${words.live.nothing}</p>`}
  </section>`;
}

// An event as words and names: visits of people, and of somebody unknown who stayed; null of others.
function describe(event) {
  const camera = printable(event.camera);
  if (event.kind === "stayed") return words.live.somebody(camera);
  if (event.subject !== "person" || !event.name) return null;
  if (event.kind === "enter") return html`<${Name} text=${event.name} />${words.live.at(camera)}`;
  return event.kind === "exit" ? html`<${Name} text=${event.name} />${words.live.left(camera)}` : null;
}
