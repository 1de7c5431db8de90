// Somebody before a camera of the box: a picture now and then, with a word on how to turn, until there are some of each pose.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { cameras, watch } from "../live.js";
import { words } from "../words.js";

const WANTED = { front: 4, left: 2, right: 2, up: 1, down: 1 };
const IN_ALL = Object.values(WANTED).reduce((sum, count) => sum + count);
const TURNED_DEG = 10, LIFTED_DEG = 5;
const EVERY_MS = 700; // between two pictures

// How many pictures of each pose are wanted still, beside the accepted ones, and which of these show more of the same.
// How far a face is lowered is told from its first picture from the front: landmarks lie differently in each face.
export function stillWanted(pictures) {
  const wanted = { ...WANTED }, surplus = [];
  let level = null;
  for (const one of pictures) {
    const { yaw_deg: yaw, pitch_deg: pitch } = one.answer?.measures ?? {};
    if (one.state !== "accepted" || yaw === undefined) continue;
    if (Math.abs(yaw) < TURNED_DEG) level ??= pitch;
    const pose = poseOf(yaw, pitch - (level ?? pitch));
    if (wanted[pose] > 0) wanted[pose] -= 1;
    else surplus.push(one);
  }
  return { wanted, surplus };
}

// Whose right side a picture shows has turned to their left: the picture is no mirror.
function poseOf(yaw, lowered) {
  if (Math.abs(yaw) >= TURNED_DEG) return yaw > 0 ? "left" : "right";
  if (Math.abs(lowered) < LIFTED_DEG) return "front";
  return lowered > 0 ? "down" : "up";
}

export function Wizard({ pictures, onPicture, leaveOut }) {
  const [camera, setCamera] = useState(cameras.value[0]?.name ?? ""), [running, setRunning] = useState(false), [faces, setFaces] = useState(0);
  const canvas = useRef(null), now = useRef({});
  const { wanted, surplus } = stillWanted(pictures), next = Object.keys(WANTED).find((pose) => wanted[pose] > 0);
  const busy = pictures.some((one) => ["waiting", "checking"].includes(one.state));
  now.current = { onPicture, wants: running && !busy && next !== undefined };
  useEffect(() => {
    let takenAt = 0;
    return watch(camera, (head, bitmap) => {
      const at = canvas.current;
      if (!at) return;
      Object.assign(at, { width: bitmap.width, height: bitmap.height });
      at.getContext("2d").drawImage(bitmap, 0, 0);
      setFaces(head.tracks.length);
      const { wants, onPicture } = now.current;
      if (!wants || head.tracks.length !== 1 || Date.now() - takenAt < EVERY_MS) return;
      takenAt = Date.now();
      shoot(bitmap, bitmap.width, bitmap.height).then(onPicture);
    });
  }, [camera]);
  useEffect(() => { for (const one of surplus) if (one.from === "box") leaveOut(one); });
  const taken = IN_ALL - Object.values(wanted).reduce((sum, count) => sum + count);
  const hint = next === undefined ? words.enrol.enough : running && faces === 0 ? words.enrol.nobody : words.enrol.hints[running ? next : "front"];
  return html`<div class="shot"><label>${words.enrol.camera} <select value=${camera} onChange=${(event) => setCamera(event.target.value)}>${cameras.value.map(({ name }) => html`<option key=${name}>${name}</option>`)}</select></label>
    <p role="status"><b>${hint}</b> ${words.enrol.progress(taken, IN_ALL)}</p><progress max=${IN_ALL} value=${taken} aria-label=${words.enrol.progress(taken, IN_ALL)}></progress>
    <button type="button" class="main" disabled=${next === undefined} onClick=${() => setRunning(!running)}>${running && next !== undefined ? words.enrol.stop : words.enrol.start}</button>
    <canvas ref=${canvas} role="img" aria-label=${words.live.picture(camera)}></canvas></div>`;
}

// What a video or a picture shows, as a file.
export function shoot(source, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(source, 0, 0, width, height);
  return new Promise((done) => canvas.toBlob((blob) => done(new File([blob], "photo.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95));
}
