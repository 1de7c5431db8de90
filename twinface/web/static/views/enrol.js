// Enrol: pictures from files, from this device's camera, or from a camera of the box; each is answered at once.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { act, call, post, reasonOf, Refusal, session } from "../api.js";
import { printable } from "../format.js";
import { cameras } from "../live.js";
import { Chosen, DropZone, Empty, NameField, useAnswer } from "../parts.js";
import { words } from "../words.js";
import { shoot, Wizard } from "./wizard.js";

const LARGEST_BYTES = 30 * 1024 * 1024;
const AT_A_TIME = 2;
const SETTLED_MS = 600; // after the last letter of a name

export const Enrol = ({ name }) => (session.value.role === "look" ? html`<${Empty}>${words.login.lookOnly}<//>` : html`<${Enrolling} name=${name} />`);

function Enrolling({ name: given = "" }) {
  const [name, setName] = useState(given);
  const [way, setWay] = useState(null);
  const { pictures, add, leaveOut, finish, refused } = useEnrolment(name);
  const good = pictures.filter((one) => one.state === "accepted").length;
  const ready = name.trim() !== "";
  const [found] = useAnswer(ready ? "/people" : null, { search: name.trim(), limit: 8 });
  const known = found?.people.some((one) => one.name === name.trim());
  return html`<div class="enrol">
    <h2>${words.enrol.title}</h2>
    <div class="card"><${NameField} label=${words.enrol.name} placeholder=${words.enrol.namePlaceholder} value=${name} onInput=${setName} focus />
      ${ready && known && html`<p role="status">${words.enrol.known(printable(name.trim()))}</p>`}
      <p class="quiet">${words.enrol.good}</p>
      ${refused && html`<p class="bad" role="alert">${printable(refused)}</p>`}
      <${DropZone} text=${words.enrol.drop} multiple onFiles=${(files) => add(files)} />
      ${!ready && pictures.length > 0 && html`<p class="bad" role="alert">${words.enrol.nameFirst}</p>`}
      ${ready && html`<div class="actions"><button type="button" aria-pressed=${way === "device"} onClick=${() => setWay(way === "device" ? null : "device")}>${words.enrol.take}</button>
          <button type="button" aria-pressed=${way === "box"} disabled=${!cameras.value.length} onClick=${() => setWay(way === "box" ? null : "box")}>${words.enrol.wizard}</button></div>`}
      ${ready && way === "device" && html`<${DeviceCamera} onPicture=${(file) => add([file])} />`}
      ${ready && way === "box" && html`<${Wizard} pictures=${pictures} onPicture=${(file) => add([file], "box")} leaveOut=${leaveOut} />`}
    </div>
    <ul class="answers" aria-live="polite">${pictures.map((one) => html`<li key=${one.key} class=${`card ${one.state}`}>
      <${Chosen} file=${one.file} boxes=${one.answer?.box_xyxy ? [one.answer.box_xyxy] : []} />
      <p><b>${words.enrol[one.state] ?? one.state}</b> ${one.state === "refused" && printable(one.words)}</p>
      ${["accepted", "refused"].includes(one.state) && html`<button type="button" class="plain" onClick=${() => leaveOut(one)}>${words.enrol.drop_one}</button>`}</li>`)}</ul>
    ${good > 0 && html`<div class="actions sticky"><button class="main" onClick=${finish}>${words.enrol.finish(good, printable(name.trim()))}</button></div>`}
  </div>`;
}

// The pictures of an enrolment: sent two at a time, each with what the box said of it.
function useEnrolment(name) {
  const [pictures, setPictures] = useState([]), [refused, setRefused] = useState(null);
  const now = useRef({ pictures: [], enrolment: null, name: name.trim(), sending: 0, next: 0 });
  const show = () => setPictures([...now.current.pictures]);
  const begin = () => {
    const at = now.current;
    at.enrolment ??= post("/enrolments", { name: at.name, merge: true });
    return at.enrolment;
  };
  const pump = () => {
    const at = now.current;
    while (at.name && at.sending < AT_A_TIME) {
      const one = at.pictures.find((picture) => picture.state === "waiting");
      if (!one) break;
      at.sending += 1;
      one.state = "checking";
      const mine = begin();
      mine.catch(() => { if (at.enrolment === mine) at.enrolment = null; at.failed = mine; }); // the next picture begins again
      send(one, mine).then(() => setRefused(null), (error) => {
        Object.assign(one, { state: "refused", words: reasonOf(error), answer: {} });
        if (error instanceof Refusal && error.status !== 422) setRefused(reasonOf(error));
      }).finally(() => {
        at.sending -= 1;
        if (at.enrolment !== mine && at.failed !== mine) Object.assign(one, { state: "waiting", answer: undefined }); // the name has changed meanwhile
        pump();
      });
    }
    show();
  };
  const add = (files, from = "") => {
    for (const file of files) {
      const tooLarge = file.size > LARGEST_BYTES;
      now.current.pictures.push({ key: (now.current.next += 1), file, from, state: tooLarge ? "refused" : "waiting", words: tooLarge ? words.enrol.tooLarge : "" });
    }
    pump();
  };
  const leaveOut = async (one) => {
    now.current.pictures = now.current.pictures.filter((other) => other !== one);
    show();
    if (one.answer?.picture !== undefined) await call("DELETE", `/enrolments/${(await begin()).enrolment}/pictures/${one.answer.picture}`).catch(() => {});
  };
  const finish = async () => {
    const { enrolment } = await begin();
    const done = await act(() => post(`/enrolments/${enrolment}/finish`, {}), (answer) => words.enrol.done(answer.added, printable(answer.name)));
    if (done.refused) return;
    now.current.pictures = [];
    now.current.enrolment = null;
    location.hash = `#/people/${encodeURIComponent(done.id)}`;
  };
  useEffect(() => { // another name: what was answered is asked again, beside that person's pictures
    const timer = setTimeout(() => {
      const at = now.current, before = at.enrolment;
      if (at.name === name.trim()) return;
      Object.assign(at, { name: name.trim(), enrolment: null });
      before?.then(({ enrolment }) => call("DELETE", `/enrolments/${enrolment}`)).catch(() => {});
      for (const one of at.pictures) if (one.answer) Object.assign(one, { state: "waiting", answer: undefined });
      pump();
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [name]);
  return { pictures, add, leaveOut, finish, refused };
}

async function send(one, begun) {
  const { enrolment } = await begun;
  one.answer = await call("POST", `/enrolments/${enrolment}/pictures`, { body: one.file });
  Object.assign(one, { state: one.answer.accepted ? "accepted" : "refused", words: one.answer.words ?? one.answer.reason });
}

function DeviceCamera({ onPicture }) {
  const video = useRef(null), input = useRef(null), [live, setLive] = useState(false), [refused, setRefused] = useState(!navigator.mediaDevices);
  useEffect(() => {
    if (refused) return undefined;
    let stream = null, open = true;
    navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 } } }).then((found) => {
      stream = found;
      if (!open) return stream.getTracks().forEach((one) => one.stop());
      video.current.srcObject = stream;
      setLive(true);
    }, () => setRefused(true));
    return () => { open = false; stream?.getTracks().forEach((one) => one.stop()); };
  }, []);
  const take = () => shoot(video.current, video.current.videoWidth, video.current.videoHeight).then(onPicture);
  if (refused) return html`<p class="quiet">${words.enrol.noCamera}</p><button type="button" onClick=${() => input.current.click()}>${words.enrol.takeNow}</button>
    <input ref=${input} type="file" accept="image/*" capture="user" hidden onChange=${(event) => { for (const file of event.target.files) onPicture(file); event.target.value = ""; }} />`;
  return html`<div class="shot"><video ref=${video} autoplay playsinline muted></video><button type="button" class="main" disabled=${!live} onClick=${take}>${words.enrol.takeNow}</button></div>`;
}
