// History: who came, by day, person, camera and state; exported; and searched by a face.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { call, changes, get, prepare, reasonOf, url, whyOf } from "../api.js";
import { clock, dayOf, dayRange, lasting, moment, ms, personTitle, printable, score, share } from "../format.js";
import { cameras } from "../live.js";
import { Chosen, DropZone, Empty, Face, NameField, NameLine, Trouble, useAnswer, useEnd } from "../parts.js";
import { words } from "../words.js";

const FOUND = 60; // visits of one face
const PAGE = 60;

export function History({ name: given = "" }) {
  const [day, setDay] = useState(given ? "" : dayOf(Date.now())), [name, setName] = useState(given), [camera, setCamera] = useState(""), [state, setState] = useState(""), [box, setBox] = useState(null);
  const [shared] = useAnswer("/events/all-boxes", { limit: 1 }, 0), boxes = shared?.boxes ?? [];
  const [from, until] = day ? dayRange(day) : [null, null];
  const query = { since_ns: from && `${from}000000`, until_ns: until && `${until}000000`, name: name.trim(), camera, state };
  return html`<div class="history">
    <h2>${words.history.title}</h2>
    <${FaceSearch} />
    <div class="bar-of-tools">
      <label>${words.history.day} <input type="date" value=${day} max=${dayOf(Date.now())} onChange=${(event) => setDay(event.target.value)} /></label>
      <${NameField} label=${words.history.person} value=${name} onInput=${setName} />
      <label>${words.history.camera} <select value=${camera} onChange=${(event) => setCamera(event.target.value)}><option value="">${words.all}</option>${cameras.value.map((one) => html`<option key=${one.name}>${one.name}</option>`)}</select></label>
      <label>${words.history.state} <select value=${state} onChange=${(event) => setState(event.target.value)}><option value="">${words.all}</option>${["known", "uncertain", "unknown"].map((one) => html`<option key=${one} value=${one}>${words.state[one]}</option>`)}</select></label>
      ${boxes.length > 0 && html`<label>${words.history.box} <select value=${box ?? " "} onChange=${({ target }) => setBox(target.value === " " ? null : target.value)}><option value=" ">${words.history.thisBox}</option><option value="">${words.history.allBoxes}</option>${boxes.map((one) => html`<option key=${one}>${one}</option>`)}</select></label>`}
      <a class="button" href=${url("/visits.csv", query)} download="visits.csv">${words.history.export} ${words.history.csv}</a>
      <a class="button" href=${url("/visits", { ...query, limit: 1000 })} download="visits.json">${words.history.export} ${words.history.json}</a>
    </div>
    <${Days} camera=${camera} chosen=${day} onChoose=${setDay} />
    ${box === null ? html`<${Visits} key=${JSON.stringify([query, changes.value])} query=${query} from=${from} until=${until} />` : html`<${OfBoxes} query=${{ since_ns: query.since_ns, until_ns: query.until_ns, name: query.name, camera, box, limit: 300 }} />`}
  </div>`;
}

// The last days of which something is stored, each as tall as it had visits; the newest is in sight.
function Days({ camera, chosen, onChoose }) {
  const [found] = useAnswer("/days", { camera }, changes.value);
  const days = (found?.days ?? []).slice(0, 31).reverse(), most = Math.max(1, ...days.map((one) => one.visits));
  const strip = useRef(null);
  useEffect(() => strip.current?.scrollTo(strip.current.scrollWidth, 0), [days.length]);
  if (days.length < 2) return null;
  return html`<div ref=${strip} class="card days" role="group" aria-label=${words.history.days}>${days.map((one) => html`<button key=${one.day} type="button" aria-pressed=${one.day === chosen} title=${`${one.day}: ${one.visits}`} onClick=${() => onChoose(one.day)}>
    <span class="column"><i style=${{ height: `${(100 * one.visits) / most}%` }}></i></span>${one.day.slice(8)}</button>`)}</div>`;
}

function Visits({ query, from, until }) {
  const [all, setAll] = useState([]), [next, setNext] = useState(undefined), [error, setError] = useState(null), [busy, setBusy] = useState(false);
  const load = async () => {
    if (busy || next === null) return;
    setBusy(true);
    try {
      const found = await get("/visits", { ...query, before: next, limit: PAGE });
      setAll((before) => [...before, ...found.visits]);
      setNext(found.next ?? null);
    } catch (refused) {
      setError(refused);
      setNext(null);
    }
    setBusy(false);
  };
  useEffect(() => { load(); }, []);
  const end = useEnd(load);
  return html`${from && all.length > 1 && html`<${TimeLine} visits=${all} from=${from} until=${Math.min(until, Date.now())} />`}
    ${error && html`<${Trouble} error=${error} />`}
    ${next === null && !all.length && !error && html`<${Empty}>${words.history.none}<//>`}
    <ol class="visits">${all.map((one) => html`<${Visit} key=${one.number ?? one.track} one=${one} />`)}</ol><div ref=${end}></div>`;
}

// Who came and went at the boxes of one database, the latest first; who is at two of them at once is marked.
function OfBoxes({ query }) {
  const [found, error] = useAnswer("/events/all-boxes", query, changes.value);
  if (error) return html`<${Trouble} error=${error} />`;
  if (found && !found.events.length) return html`<${Empty}>${words.history.none}<//>`;
  return html`<ol class="visits">${[...(found?.events ?? [])].reverse().map((one) => html`<li key=${`${one.box_id} ${one.sequence} ${one.at_ns}`} class=${`row card ${one.state}`}>
    <span class="who"><${NameLine} text=${one.name ?? words.state[one.state] ?? one.state} /><span>${printable(`${one.box} · ${one.camera}`)} · ${moment(ms(one.at_ns))} · ${words.history.kinds[one.kind] ?? one.kind}</span>
    ${one.also_at.length > 0 && html`<b>${words.history.alsoAt(printable(one.also_at.join(", ")))}</b>`}</span></li>`)}</ol>`;
}

// What the person is called now, and was then.
function called(one) {
  return one.present_name && one.present_name !== one.name ? words.history.then(one.present_name, one.name) : one.name;
}

function Visit({ one, value = null, below = false }) {
  const ended = one.until_ns ? lasting(ms(one.until_ns - one.since_ns)) : words.history.still;
  return html`<li><a class=${`row card ${one.state}${below ? " below" : ""}`} href=${whyOf(one.track)}>
    <${Face} src=${one.picture} state=${one.state} name=${one.name ?? ""} />
    <span class="who"><${NameLine} text=${called(one) ?? one.unknown ?? personTitle(one)} /><span>${printable(one.camera)} · ${moment(ms(one.since_ns))} · ${ended}${one.looks ? ` · ${words.history.visit(one.looks)}` : ""}</span></span>
    ${value !== null && html`<span class="number">${score(value)}</span>`}</a></li>`;
}

// A line for each person and camera of the day: when they were there.
function TimeLine({ visits, from, until }) {
  const lines = new Map();
  for (const one of visits) {
    const who = called(one) ?? one.unknown ?? words.state.unknown;
    lines.set(who, [...(lines.get(who) ?? []), one]);
  }
  const shown = [...lines].slice(0, 12), first = Math.min(...visits.map((one) => ms(one.since_ns))), start = Math.max(from, first - 600000), span = Math.max(1, until - start);
  const at = (time) => `${(100 * (time - start)) / span}%`;
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => start + part * span);
  return html`<figure class="card timeline"><figcaption>${words.history.timeline}</figcaption>
    ${shown.map(([who, theirs]) => html`<div key=${who} class="lane"><${NameLine} text=${who} /><span class="track">${theirs.map((one) => html`<a key=${one.track} class=${one.state} href=${whyOf(one.track)} title=${`${printable(who)} ${clock(ms(one.since_ns))}`}
      style=${{ left: at(ms(one.since_ns)), width: `max(4px, ${(100 * (ms(one.until_ns ?? one.since_ns) - ms(one.since_ns))) / span}%)` }}><span class="for-ears">${clock(ms(one.since_ns))}</span></a>`)}</span></div>`)}
    <div class="lane hours" aria-hidden="true"><b></b><span class="track">${marks.map((time) => html`<span key=${time} style=${{ left: at(time) }}>${clock(time).slice(0, 5)}</span>`)}</span></div></figure>`;
}

function FaceSearch() {
  const [file, setFile] = useState(null), [face, setFace] = useState(null), [state, setState] = useState({});
  useEffect(() => {
    if (!file) return undefined;
    const abort = new AbortController();
    setState({ busy: true });
    call("POST", "/pictures/search", { body: file, query: { face, limit: FOUND }, signal: abort.signal })
      .then((found) => setState({ found }), (error) => abort.signal.aborted || setState({ error }));
    return () => abort.abort();
  }, [file, face]);
  const { found, error, busy } = state;
  const reached = (found?.visits ?? []).filter((one) => found.threshold === null || one.score >= found.threshold), below = (found?.visits ?? []).filter((one) => !reached.includes(one)).slice(0, 6);
  return html`<details class="card search" open=${Boolean(file)} onToggle=${({ target }) => target.open && prepare()}><summary>${words.history.searchTitle}</summary>
    <p class="quiet">${words.history.searchIntro}</p>
    <div class="two"><div><${DropZone} text=${file ? words.history.searchAgain : words.history.searchDrop} onFiles=${([one]) => { setFace(null); setFile(one); }} />
      ${file && html`<${Chosen} key=${file.name + file.lastModified} file=${file} boxes=${found?.faces?.map((one) => one.box_xyxy) ?? []} chosen=${found?.face} onBox=${setFace} />`}
      ${found?.faces?.length > 1 && html`<p class="quiet">${words.history.otherFaces}</p>`}</div>
      <div role="status">${busy && html`<p>${words.history.searching}</p>`}${error && html`<p class="bad">${printable(reasonOf(error))}</p>`}
        ${found && html`<p><b>${reached.length ? words.history.found(reached.length, FOUND) : words.history.foundNone}</b> <span class="quiet">${found.threshold !== null && words.history.threshold(score(found.threshold), found.false_accept_rate === null || found.false_accept_rate === undefined ? null : share(found.false_accept_rate))}</span></p>
          <ol class="visits">${reached.map((one) => html`<${Visit} key=${one.track} one=${one} value=${one.score} />`)}</ol>
          ${below.length > 0 && html`<p class="quiet">${words.history.below}</p><ol class="visits">${below.map((one) => html`<${Visit} key=${one.track} one=${one} value=${one.score} below />`)}</ol>`}`}</div></div>
  </details>`;
}
