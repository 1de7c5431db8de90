// One person: the pictures that are enrolled, what stands out, and what can be changed.

import { html, useState } from "../vendor/preact.js";
import { act, call, changes, reasonOf, session } from "../api.js";
import { moment, ms, printable, score } from "../format.js";
import { AskName, Dialog, Empty, Face, Trouble, useAnswer } from "../parts.js";
import { words } from "../words.js";

export function Person({ id }) {
  const path = `/people/${encodeURIComponent(id)}`;
  const [person, error, again] = useAnswer(path, {}, changes.value);
  const [pictures] = useAnswer(`${path}/pictures`, {}, changes.value);
  const [chosen, setChosen] = useState(new Set()), [dialog, setDialog] = useState(null);
  if (error) return html`<p><a href="#/people">‹ ${words.people.back}</a></p><${Trouble} error=${error} again=${again} />`;
  if (!person) return html`<${Empty}>${words.loading}<//>`;
  const files = [...chosen], version = person.version, close = () => setDialog(null);
  const done = (work, said) => act(work, said).then((answer) => { if (!answer.refused) { setChosen(new Set()); if (answer.id && answer.id !== id) location.hash = `#/people/${encodeURIComponent(answer.id)}`; } return answer; });
  const flip = (file) => { const next = new Set(chosen); if (!next.delete(file)) next.add(file); setChosen(next); };
  const remove = () => done(() => call("DELETE", `${path}/pictures`, { query: { file: files }, version }), () => words.people.removed(files.length));
  return html`<article class="person">
    <p><a href="#/people">‹ ${words.people.back}</a></p>
    <header class="card summary"><${Face} src=${person.picture} name=${person.name} large />
      <div class="who"><h2 dir="auto">${printable(person.name)}</h2>
        <p class="quiet">${words.people.pictures(person.pictures)} · ${person.last_seen_ns ? words.people.lastSeen(moment(ms(person.last_seen_ns)), printable(person.last_camera)) : words.people.neverSeen} · <a href=${`#/history?name=${encodeURIComponent(person.name)}`}>${words.people.history}</a></p></div>
      ${session.value.role === "change" && html`<div class="actions">
        <button onClick=${() => setDialog("rename")}>${words.people.rename}</button><button onClick=${() => setDialog("merge")}>${words.people.merge}</button>
        <a class="button" href=${`#/enrol?name=${encodeURIComponent(person.name)}`}>${words.people.addPictures}</a><button class="danger" onClick=${() => setDialog("forget")}>${words.people.forget}</button></div>`}
    </header>
    <section class="card"><h3>${words.people.health}</h3>${person.health?.length ? html`<ul>${person.health.map((one) => html`<li key=${one.words}>${printable(one.words)}</li>`)}</ul>` : html`<p class="quiet">${words.people.healthy}</p>`}</section>
    ${session.value.role === "change" && pictures && html`<div class="actions"><button disabled=${!files.length} onClick=${() => setDialog("split")}>${words.people.split}</button><button disabled=${!files.length} onClick=${remove}>${words.people.remove}</button>
      <span class="quiet">${files.length ? words.review.selected(files.length) : words.people.choose}</span></div>`}
    <ul class="enrolled">${pictures?.pictures.map((one) => html`<li key=${one.file}><button type="button" aria-pressed=${chosen.has(one.file)} onClick=${() => flip(one.file)}>
      <${Face} src=${one.url} mark="–" large /><span dir="auto" title=${printable(one.name)}>${printable(one.name.split("/").at(-1))}</span><span class="quiet">${words.people.source} ${printable(one.source)} · ${words.people.quality} ${score(one.quality)}</span>
      ${one.outlier && html`<span class="flag">! ${words.people.outlier}</span>`}${one.poor && html`<span class="flag">! ${words.people.poor}</span>`}</button></li>`)}</ul>
    ${dialog === "rename" && html`<${AskName} title=${words.people.renameTo} initial=${person.name} onClose=${close} onDone=${(name) => done(() => call("PATCH", path, { body: { name }, version }), (answer) => words.people.renamed(printable(answer.name)))} />`}
    ${dialog === "merge" && html`<${Merge} path=${path} version=${version} onClose=${close} done=${done} />`}
    ${dialog === "split" && html`<${AskName} title=${words.people.moveTo} onClose=${close} onDone=${(name) => done(() => call("POST", `${path}/split`, { body: { files, name, merge: true }, version }), (answer) => words.people.moved(files.length, printable(answer.name)))} />`}
    ${dialog === "forget" && html`<${Forget} person=${person} path=${path} onClose=${close} />`}
  </article>`;
}

// Two who do not look alike are merged only by somebody who says so again.
function Merge({ path, version, onClose, done }) {
  const [refused, setRefused] = useState(null);
  const merge = (name, force) => done(() => call("PATCH", path, { body: { name, merge: true, force }, version }), (answer) => words.people.merged(printable(answer.name)))
    .then((answer) => { if (answer.refused) setRefused({ name, why: reasonOf(answer.refused) }); else onClose(); });
  if (!refused) return html`<${AskName} title=${words.people.mergeWith} onClose=${onClose} onDone=${(name) => merge(name, false)} />`;
  return html`<${Dialog} title=${words.people.mergeWith} onClose=${onClose}><p>${printable(refused.why)}</p>
    <div class="actions"><button class="danger" onClick=${() => merge(refused.name, true)}>${words.people.sure}</button><button onClick=${onClose}>${words.cancel}</button></div><//>`;
}

function Forget({ person, path, onClose }) {
  const [found, error] = useAnswer(`${path}/traces`);
  const forget = () => act(() => call("DELETE", path, { version: person.version }), () => words.people.forgot(printable(person.name))).then((done) => { if (!done.refused) location.hash = "#/people"; onClose(); });
  return html`<${Dialog} title=${words.people.forgetTitle(person.name)} onClose=${onClose}>
    ${error && html`<${Trouble} error=${error} />`}<p>${words.people.forgetIntro}</p>
    <ul>${(found?.traces ?? []).filter((one) => one.count).map((one) => html`<li key=${one.what + one.where}>${words.people.trace(one.count, printable(one.what))}</li>`)}</ul>
    <div class="actions"><button class="danger" disabled=${!found} onClick=${forget}>${words.people.forgetNow}</button><button onClick=${onClose}>${words.cancel}</button></div><//>`;
}
