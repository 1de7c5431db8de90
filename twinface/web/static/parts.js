// Parts that several views are made of.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { get, reasonOf } from "./api.js";
import { initials, printable } from "./format.js";
import { words } from "./words.js";

// A name among other words: it turns the order of nothing around it.
export const Name = ({ text }) => html`<bdi>${printable(text)}</bdi>`;

// A name that has a line to itself: cut off at its end where it is too long, which is on the left of some scripts.
export const NameLine = ({ text }) => html`<b dir="auto">${printable(text)}</b>`;

const ICONS = {
  live: "M4 6h11v12H4zM15 10l5-3v10l-5-3", review: "M4 12l5 5L20 6", people: "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-7 7-7s7 3 7 7M16 11a4 4 0 0 0 0-8M18 14c2.5.5 4 3 4 7",
  enrol: "M12 5v14M5 12h14", history: "M12 7v5l4 2M21 12a9 9 0 1 1-9-9 9 9 0 0 1 9 9z", box: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8", undo: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6",
};

export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${ICONS[name]} /></svg>`;

// A picture of a face, or what stands for it where none is kept: `mark`, or the initials. Of somebody who is in sight
// (`soon`) it may come a moment later.
export function Face({ src, name = "", state = "known", mark, large = false, soon = false }) {
  const [failed, setFailed] = useState({ src: null, times: 0 });
  const shown = src && failed.src !== src;
  const fail = () => {
    const times = failed.times + 1;
    setFailed({ src, times });
    if (soon && times < 4) setTimeout(() => setFailed({ src: null, times }), 2000 * times);
  };
  return html`<span class=${`face ${state}${large ? " large" : ""}`} aria-hidden="true">
    ${shown ? html`<img src=${src} alt="" loading="lazy" decoding="async" onError=${fail} />` : mark ?? (name ? initials(name) : "?")}
  </span>`;
}

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

export const Trouble = ({ error, again }) => html`<p class="empty bad">${words.failed(reasonOf(error))} ${again && html`<button onClick=${again}>${words.retry}</button>`}</p>`;

// [found, error, again]: what an address answers, read again when `key` changes. What was found stays until the next is there.
export function useAnswer(path, query, key = "") {
  const [state, setState] = useState([null, null]);
  const [turn, setTurn] = useState(0);
  const asked = JSON.stringify([path, query]);
  useEffect(() => {
    if (path === null) return setState([null, null]);
    const abort = new AbortController();
    get(path, query, { signal: abort.signal }).then((found) => setState([found, null]), (error) => abort.signal.aborted || setState(([before]) => [before, error]));
    return () => abort.abort();
  }, [asked, key, turn]);
  return [...state, () => setTurn((before) => before + 1)];
}

// A dialog over the page; Escape closes it unless it is `fixed`, and what was in focus has the focus again.
export function Dialog({ title, onClose, children, fixed = false }) {
  const ref = useRef(null);
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  // A second Escape closes it whatever `cancel` is answered.
  const closed = () => { if (ref.current?.isConnected) { if (fixed) ref.current.showModal(); else onClose(); } };
  return html`<dialog ref=${ref} aria-label=${title} onClose=${closed} onCancel=${(event) => { event.preventDefault(); if (!fixed) onClose(); }}>
    <h2>${printable(title)}</h2>${children}
  </dialog>`;
}

// Asks for a name; those who are known are offered.
export function AskName({ title, save = words.acts.save, initial = "", note, onDone, onClose }) {
  const [text, setText] = useState(initial), [refused, setRefused] = useState(null), [busy, setBusy] = useState(false);
  const send = async (event) => {
    event.preventDefault();
    if (!text.trim() || busy) return;
    setBusy(true);
    const done = await onDone(text.trim());
    setBusy(false);
    if (done?.refused instanceof Error) setRefused(done.refused);
    else onClose();
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form onSubmit=${send}>
      <${NameField} label=${words.name} value=${text} onInput=${setText} focus />
      ${note && html`<p class="quiet">${note(text)}</p>`}
      ${refused && html`<p class="bad" role="alert">${printable(reasonOf(refused))}</p>`}
      <div class="actions"><button class="main" disabled=${!text.trim() || busy}>${save}</button><button type="button" onClick=${onClose}>${words.cancel}</button></div>
    </form>
  <//>`;
}

export function NameField({ label, value, onInput, focus = false, placeholder = "" }) {
  const ref = useRef(null);
  const [found] = useAnswer(value.trim().length > 0 ? "/people" : null, { search: value.trim(), limit: 8 });
  useEffect(() => { if (focus) ref.current.focus(); }, []);
  return html`<label class="field">${label}
    <input ref=${ref} list="names" value=${value} placeholder=${placeholder} maxlength="300" autocomplete="off" onInput=${(event) => onInput(event.target.value)} />
    <datalist id="names">${(found?.people ?? []).map((one) => html`<option key=${one.id} value=${one.name} />`)}</datalist>
  </label>`;
}

// Takes files by drop, by click and by the keyboard.
export function DropZone({ text, onFiles, multiple = false }) {
  const [over, setOver] = useState(false);
  const input = useRef(null);
  const take = (files) => { const all = [...files]; if (all.length) onFiles(multiple ? all : all.slice(0, 1)); };
  return html`<div class=${`drop${over ? " over" : ""}`}
      onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)}
      onDrop=${(event) => { event.preventDefault(); setOver(false); take(event.dataTransfer.files); }}>
    <p>${text}</p>
    <button type="button" onClick=${() => input.current.click()}>${words.enrol.choose}</button>
    <input ref=${input} type="file" accept="image/*,.heic,.heif" multiple=${multiple} hidden onChange=${(event) => { take(event.target.files); event.target.value = ""; }} />
  </div>`;
}

// A picture that was chosen here, drawn small, with boxes over it. Formats that the browser cannot decode stay empty.
export function Chosen({ file, boxes = [], onBox, chosen }) {
  const canvas = useRef(null), [size, setSize] = useState(null);
  useEffect(() => {
    let open = true;
    createImageBitmap(file).then((picture) => {
      if (!open) return;
      const at = canvas.current, scale = Math.min(1, 480 / Math.max(picture.width, picture.height));
      at.width = picture.width * scale;
      at.height = picture.height * scale;
      at.getContext("2d").drawImage(picture, 0, 0, at.width, at.height);
      setSize({ width_px: picture.width, height_px: picture.height });
    }, () => {});
    return () => { open = false; };
  }, [file]);
  return html`<div class="chosen"><canvas ref=${canvas} role="img" aria-label=${printable(file.name ?? "")}></canvas>
    ${size && boxes.map((box, at) => html`<button key=${at} class=${`box known${chosen === at ? " on" : ""}`} aria-label=${`${at + 1}`} style=${place(box, size)} onClick=${() => onBox?.(at)}></button>`)}
  </div>`;
}

// Where a box is in a picture, in shares of its sides.
export function place([left, top, right, bottom], { width_px: width, height_px: height }) {
  return { left: `${(100 * left) / width}%`, top: `${(100 * top) / height}%`, width: `${(100 * (right - left)) / width}%`, height: `${(100 * (bottom - top)) / height}%` };
}

// Calls back with what comes into sight of a list's end.
export function useEnd(onEnd) {
  const ref = useRef(null);
  useEffect(() => {
    const watch = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) onEnd(); }, { rootMargin: "400px" });
    watch.observe(ref.current);
    return () => watch.disconnect();
  });
  return ref;
}
