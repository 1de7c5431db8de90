// Review: the visits that need a person, answered by keys or clicks, one or many at once.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { act, changes, post, session, undo, whyOf } from "../api.js";
import { moment, ms, printable, score } from "../format.js";
import { cameras } from "../live.js";
import { AskName, Dialog, Empty, Face, NameLine, Trouble, useAnswer } from "../parts.js";
import { words } from "../words.js";

const PAGE = 60;
const AGAIN_MS = 15000; // others come meanwhile
const MOST = 200; // in one answer of the box; the others come when these are done
const SHOWN_FACES = 8;
const KINDS = Object.keys(words.kinds);

export function Review() {
  const [kind, setKind] = useState(""), [camera, setCamera] = useState("");
  const [current, setCurrent] = useState(null), [selected, setSelected] = useState(new Set()), [everything, setEverything] = useState(false);
  const [dialog, setDialog] = useState(null), [limit, setLimit] = useState(PAGE);
  const [turn, setTurn] = useState(0), asks = useRef(false);
  asks.current = dialog !== null; // what is asked is about what is shown
  useEffect(() => {
    const timer = setInterval(() => document.hidden || asks.current || setTurn((before) => before + 1), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const [found, error, again] = useAnswer("/review", { kind, camera, limit }, `${changes.value} ${turn}`);
  const items = found?.items ?? [];
  const at = Math.max(0, items.findIndex((one) => one.id === current)), item = items[at];
  useEffect(() => setCurrent((now) => (items.some((one) => one.id === now) ? now : item?.id ?? null)), [found]); // it stays so when others come before it
  const total = found?.total ?? 0, count = everything ? total : selected.size;
  const chosen = everything ? items : selected.size ? items.filter((one) => selected.has(one.id)) : item ? [item] : [];

  const clear = () => { setSelected(new Set()); setEverything(false); };
  const decide = async (action, name) => {
    if (!chosen.length) return null;
    const next = items.find((one, index) => index > at && !chosen.includes(one)) ?? items.find((one) => !chosen.includes(one));
    const ids = chosen.map((one) => one.id), saved = selected;
    const which = everything ? { all: { kind: kind || null, camera: camera || null } } : { items: ids };
    if (action !== "new") setDialog(null); // who types a name has it still where it is refused
    clear();
    setCurrent(next?.id ?? null); // at once: the next key is for the next one
    const done = await act(() => post("/review/act", { ...which, action, name }), (answer) => saidOf(action, name ?? chosen[0].name, answer));
    if (done.refused instanceof Error) { setSelected(saved); setCurrent(ids[0]); }
    return done;
  };
  const move = (step) => setCurrent(items[Math.min(items.length - 1, Math.max(0, at + step))]?.id ?? null);
  const select = () => {
    const next = new Set(selected);
    if (!next.delete(item.id)) next.add(item.id);
    setSelected(next);
  };
  const keys = {
    n: () => setDialog("new"), y: () => decide("right"), r: () => decide("not"), s: () => decide("skip"), x: () => decide("no_face"), u: () => undo(), "?": () => setDialog("keys"),
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), " ": () => item && select(), a: () => setEverything(true),
    w: () => item && (location.hash = whyOf(item.track)), Escape: clear,
  };
  for (const number of "123456789") keys[number] = () => item?.candidates[number - 1] && decide("name", item.candidates[number - 1].name);
  useKeys(keys, dialog === null);

  return html`<div class="review">
    <div class="bar-of-tools">
      <h2>${words.review.title} <span class="count">${found?.total ?? ""}</span></h2>
      <label>${words.review.which} <select value=${kind} onChange=${(event) => { clear(); setKind(event.target.value); }}><option value="">${words.all}</option>${KINDS.map((one) => html`<option key=${one} value=${one}>${words.kinds[one]}${found?.by_kind?.[one] ? ` (${found.by_kind[one]})` : ""}</option>`)}</select></label>
      <label>${words.review.camera} <select value=${camera} onChange=${(event) => { clear(); setCamera(event.target.value); }}><option value="">${words.all}</option>${[...new Set([...cameras.value.map((one) => one.name), ...items.map((one) => one.camera)])].map((name) => html`<option key=${name} value=${name}>${printable(name)}</option>`)}</select></label>
      ${total > 1 && html`<button onClick=${count ? clear : () => setEverything(true)}>${count ? words.review.clear : words.review.selectAll(total)}</button>`}
      ${count > 1 && html`<b role="status">${words.review.selected(count)}</b>`}
      <button onClick=${() => setDialog("keys")}>${words.review.keys} <kbd>?</kbd></button>
    </div>
    ${error && html`<${Trouble} error=${error} again=${again} />`}
    ${found && !items.length && html`<${Empty}><b>${words.review.empty}</b> ${words.review.emptyMore}<//>`}
    ${item && html`<div class="two">
      <div><ol class="queue" aria-label=${words.review.title}>${items.map((one) => html`<${Row} key=${one.id} one=${one} on=${one === item} selected=${everything || selected.has(one.id)} onOpen=${() => setCurrent(one.id)} />`)}</ol>
        ${total > items.length && limit < MOST && html`<button onClick=${() => setLimit(Math.min(MOST, limit + PAGE))}>${words.more}</button>`}</div>
      <${Item} item=${item} decide=${decide} onNew=${() => setDialog("new")} />
    </div>`}
    ${dialog === "new" && html`<${AskName} title=${words.acts.who} onClose=${() => setDialog(null)} onDone=${(name) => decide("new", name)} />`}
    ${dialog === "keys" && html`<${Dialog} title=${words.review.keys} onClose=${() => setDialog(null)}><dl class="keys">${words.review.legend.map(([key, what]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl><div class="actions"><button onClick=${() => setDialog(null)}>${words.close}</button></div><//>`}
  </div>`;
}

function saidOf(action, name, { done, refused = [] }) {
  const said = { right: words.acts.saidRight, not: words.acts.saidNot, name: words.acts.saidName, new: words.acts.saidName, skip: () => words.acts.saidSkip, no_face: () => words.acts.saidNoFace }[action](printable(name));
  return [done ? said : "", done > 1 ? words.review.done(done) : "", refused.length ? words.review.refused(refused.length, refused[0].reason) : ""].filter(Boolean).join(" ");
}

function useKeys(keys, on) {
  const now = useRef(keys);
  now.current = keys;
  useEffect(() => {
    if (!on) return undefined;
    const press = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
      if (event.key === " " && event.target.closest("button, a")) return;
      const act = now.current[event.key];
      if (act) { event.preventDefault(); act(); }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [on]);
}

const titleOf = (one) => one.name ?? one.unknown ?? words.state.unknown;

function Row({ one, on, selected, onOpen }) {
  const ref = useRef(null);
  useEffect(() => {
    const list = ref.current.parentElement;
    if (on && list.scrollHeight > list.clientHeight) ref.current.scrollIntoView({ block: "nearest" });
  }, [on]);
  return html`<li ref=${ref}><button type="button" aria-current=${on} class=${`row${selected ? " selected" : ""}`} onClick=${onOpen}>
    <${Face} src=${one.pictures.at(-1)} state=${one.name ? "uncertain" : "unknown"} name=${one.name ?? ""} />
    <span class="who"><${NameLine} text=${titleOf(one)} /><span>${words.kinds[one.kind]} · ${printable(one.camera)} · ${moment(ms(one.until_ns ?? one.since_ns))}</span></span>
    ${selected && html`<span class="tick" aria-label=${words.review.selected(1)}>✓</span>`}
  </button></li>`;
}

function Item({ item, decide, onNew }) {
  const tracks = item.tracks.map((track, at) => ({ track, picture: item.pictures[at] })).slice(-SHOWN_FACES).reverse(); // pictures of the last ones are kept longest
  const mayChange = session.value.role === "change";
  return html`<article class="card item" aria-live="polite">
    <h3 dir="auto">${printable(titleOf(item))}</h3>
    <p class="quiet">${words.kinds[item.kind]} · ${printable(item.camera)} · ${words.review.visits(item.visits ?? 1)} · ${moment(ms(item.since_ns))} · <a href=${whyOf(item.track)}>${words.live.why}</a></p>
    <div class="faces">${tracks.map(({ track, picture }) => html`<a key=${track} href=${whyOf(track)} aria-label=${words.live.why}><${Face} src=${picture} state="unknown" large /></a>`)}</div>
    <h4>${item.candidates.length ? words.review.candidates : words.review.noCandidates}</h4>
    <ol class="picks">${item.candidates.slice(0, 9).map((one, at) => html`<li key=${one.name}><button type="button" disabled=${!mayChange} onClick=${() => decide("name", one.name)}>
      <kbd>${at + 1}</kbd><${Face} src=${one.picture} name=${one.name} /><${NameLine} text=${one.name} /><span class="number">${score(one.score)}</span></button></li>`)}</ol>
    ${mayChange && html`<div class="actions">
      ${item.name && html`<button class="main" onClick=${() => decide("right")}><kbd>y</kbd> ${words.acts.right}</button><button onClick=${() => decide("not")}><kbd>r</kbd> ${words.acts.notHer(printable(item.name))}</button>`}
      <button onClick=${onNew}><kbd>n</kbd> ${words.acts.isNew}</button><button onClick=${() => decide("skip")}><kbd>s</kbd> ${words.acts.skip}</button><button onClick=${() => decide("no_face")}><kbd>x</kbd> ${words.acts.noFace}</button>
    </div>`}
  </article>`;
}
