// Why: every look of a track with its picture, what was measured, who came near, and by which rule it was decided.

import { html, useEffect, useState } from "../vendor/preact.js";
import { act, changes, post, session } from "../api.js";
import { clock, moment, ms, personTitle, printable, score } from "../format.js";
import { people } from "../live.js";
import { AskName, Empty, Face, Name, NameLine, Trouble, useAnswer } from "../parts.js";
import { words } from "../words.js";

const AGAIN_MS = 2000;
const STORED_WITHIN_MS = 5000;
const PLOT = { width: innerWidth < 480 ? 340 : 640, height: 160, left: 34, bottom: 22, top: 10 };

export function Why({ id }) {
  const [turn, setTurn] = useState(0);
  const [found, error, again] = useAnswer(`/tracks/${encodeURIComponent(id)}/why`, {}, `${changes.value} ${turn}`);
  useEffect(() => { // somebody in sight is looked at again and again, and what was seen last is stored a moment later
    let lastSeenAt = Date.now();
    const timer = setInterval(() => {
      if (people.value.some((one) => one.track_id === id)) lastSeenAt = Date.now();
      if (Date.now() - lastSeenAt < STORED_WITHIN_MS && !document.hidden) setTurn((before) => before + 1);
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, [id]);
  const [kept] = useAnswer("/pictures");
  return html`<div class="why">
    <p><button type="button" class="back" onClick=${() => history.back()}>‹ ${words.why.back}</button></p>
    ${error && html`<${Trouble} error=${error} again=${again} />`}
    ${found?.tracks.map((track) => html`<${Track} key=${track.track} track=${track} />`)}
    ${kept && html`<p class="quiet">${kept.kept === "disk" ? words.why.pictureDisk(kept.days) : words.why.pictureMemory}</p>`}
  </div>`;
}

function Track({ track }) {
  const looks = track.looks, first = looks[0] ?? track.history[0], title = personTitle(track);
  return html`<article>
    <header class="card summary">
      <${Face} src=${looks.findLast((one) => one.picture)?.picture} state=${track.state} name=${track.name ?? ""} large />
      <div class="who"><h2 dir="auto">${printable(title)}</h2>
        <p class="quiet">${printable(track.camera)}${first && ` · ${moment(ms(first.at_ns))}`} · ${words.why.looks(looks.length)}${track.unknown ? ` · ${track.unknown}` : ""}</p>
        ${track.decision?.reason && html`<p>${printable(track.decision.reason)}</p>`}</div>
      ${session.value.role === "change" && html`<${Acts} track=${track} />`}
    </header>
    ${looks.length > 1 && html`<${Plot} looks=${looks} />`}
    ${!looks.length && html`<${Empty}>${words.why.noLooks}<//>`}
    <ol class="looks">${looks.map((look, at) => html`<${Look} key=${look.look} look=${look} number=${at + 1} />`)}</ol>
  </article>`;
}

function Acts({ track }) {
  const [asking, setAsking] = useState(false);
  const about = { track: track.track };
  return html`<div class="actions">
    ${track.name && html`<button class="main" onClick=${() => act(() => post("/corrections/confirm", about), (done) => words.acts.saidRight(done.name))}>${words.acts.right}</button>
      <button onClick=${() => act(() => post("/corrections/reject", about), (done) => words.acts.saidNot(done.name))}>${words.acts.notHer(printable(track.name))}</button>`}
    <button class=${track.name ? "" : "main"} onClick=${() => setAsking(true)}>${words.acts.name}</button>
    ${asking && html`<${AskName} title=${words.acts.who} onClose=${() => setAsking(false)} onDone=${(name) => nameTrack(track.track, name)} />`}
  </div>`;
}

// Somebody new, or somebody known who was not recognised: the box refuses the first for who is known already.
export function nameTrack(track, name, force = false) {
  return act(() => post("/corrections/enrol", { track, name, merge: true, force }), (done) => words.acts.saidName(done.name));
}

function Look({ look, number }) {
  const threshold = look.bounds?.threshold, best = look.together?.[0];
  return html`<li class="card look">
    <div class="top"><${Face} src=${look.picture} state=${look.state ?? "pending"} mark=${number} large />
      <div><b>${words.why.look} ${number}</b><time class="quiet"> ${clock(ms(look.at_ns))}</time>
        <p><${State} look=${look} /></p>
        ${look.reason && html`<p class="quiet">${printable(look.reason)}</p>`}
        ${look.objection && html`<p class="quiet">${words.why.objection}: ${printable(look.objection)}</p>`}
        ${look.enrolled_as && html`<p class="quiet">${words.why.enrolledAs(printable(look.enrolled_as))}</p>`}</div></div>
    <${Candidates} title=${words.why.together} candidates=${look.together} threshold=${threshold} />
    <${Candidates} title=${words.why.alone} candidates=${look.candidates} threshold=${threshold} />
    ${best && threshold !== undefined && threshold !== null && html`<p class="quiet">${look.missed_by ? words.why.missed(score(look.missed_by)) : words.why.reached}${look.lead_missed_by ? ` · ${words.why.lead(score(look.lead_missed_by))}` : ""}
      ${look.bounds.rule ? ` · ${words.why.rule}: ${look.bounds.rule}` : ""}</p>`}
    <dl class="measures">${Object.entries(look.measures ?? {}).map(([name, value]) => html`<div key=${name}><dt>${words.why.measures[name] ?? name}</dt><dd>${measure(name, value)}</dd></div>`)}</dl>
  </li>`;
}

function State({ look }) {
  const state = look.state ?? "pending";
  return html`<span class=${state}>${state === "known" ? html`<${Name} text=${look.name} />` : words.state[state]}</span>`;
}

function measure(name, value) {
  if (name.endsWith("_deg")) return `${Math.round(value)}°`;
  if (name.endsWith("_px")) return `${Math.round(value)} px`;
  return value <= 1 ? value.toFixed(2) : Math.round(value);
}

// Who comes near, as bars from 0 to 1 with the threshold marked; `pick` makes each a button.
export function Candidates({ title, candidates = [], threshold, pick }) {
  if (!candidates?.length) return null;
  return html`<div class="candidates"><h3>${title}</h3><ol>${candidates.slice(0, 5).map((one) => html`<li key=${one.name}>
    <${NameLine} text=${one.name} /><span class="number">${score(one.score)}</span>
    <span class="bar" aria-hidden="true"><i style=${{ width: `${100 * Math.min(1, Math.max(0, one.score))}%` }}></i>${threshold !== undefined && threshold !== null && html`<u style=${{ left: `${100 * threshold}%` }}></u>`}</span>
  </li>`)}</ol></div>`;
}

// The best score by all looks until then, over the time of the visit, with the threshold.
function Plot({ looks }) {
  const scored = looks.filter((one) => one.together?.length);
  if (scored.length < 2) return null;
  const { width, height, left, bottom, top } = PLOT;
  const from = scored[0].at_ns, until = Math.max(scored.at(-1).at_ns, from + 1);
  const x = (ns) => left + ((width - left - 8) * (ns - from)) / (until - from), y = (value) => top + (height - top - bottom) * (1 - value);
  const threshold = scored.findLast((one) => one.bounds?.threshold !== undefined)?.bounds.threshold;
  return html`<figure class="card plot"><figcaption>${words.why.score}</figcaption>
    <svg viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${words.why.score}>
      ${[0, 0.5, 1].map((value) => html`<g key=${value}><line class="grid" x1=${left} x2=${width - 8} y1=${y(value)} y2=${y(value)} /><text x=${left - 6} y=${y(value) + 4} text-anchor="end">${value}</text></g>`)}
      ${threshold !== undefined && threshold !== null && html`<line class="threshold" x1=${left} x2=${width - 8} y1=${y(threshold)} y2=${y(threshold)} /><text x=${width - 8} y=${y(threshold) - 5} text-anchor="end">${words.why.threshold} ${score(threshold)}</text>`}
      <polyline points=${scored.map((one) => `${x(one.at_ns)},${y(one.together[0].score)}`).join(" ")} />
      ${scored.map((one) => html`<circle key=${one.look} class=${one.state} cx=${x(one.at_ns)} cy=${y(one.together[0].score)} r="4"><title>${printable(one.together[0].name)} ${score(one.together[0].score)}</title></circle>`)}
      <text x=${left} y=${height - 4}>${clock(ms(from))}</text><text x=${width - 8} y=${height - 4} text-anchor="end">${clock(ms(until))}</text>
    </svg></figure>`;
}
