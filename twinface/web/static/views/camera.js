// One camera: its picture, and over it the boxes of the very frame that is shown.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { whyOf } from "../api.js";
import { lasting, ms, personTitle, printable } from "../format.js";
import { condition, trackOf, watch } from "../live.js";
import { place } from "../parts.js";
import { words } from "../words.js";

const STALE_MS = 3000;
const LABEL_HEIGHT_PX = 24;
const LABEL_PADDING_PX = 18;
const LABEL_MOST_PX = 220;
const pen = document.createElement("canvas").getContext("2d");

export function stateOf(process) {
  if (process.alive) return process.state;
  return process.age_s === null ? words.notStarted : words.silentFor(lasting(process.age_s * 1000));
}

export function Camera({ name, process }) {
  const [shown, setShown] = useState(true);
  const [inSight, setInSight] = useState(false);
  const [drawnAt, setDrawnAt] = useState(0);
  const [, tick] = useState(0);
  const figure = useRef(null), canvas = useRef(null), overlay = useRef(null);

  useEffect(() => {
    const sight = new IntersectionObserver((seen) => setInSight(seen.at(-1).isIntersecting), { rootMargin: "100px" });
    sight.observe(figure.current);
    const timer = setInterval(() => tick((before) => before + 1), 1000);
    return () => { sight.disconnect(); clearInterval(timer); };
  }, []);
  useEffect(() => {
    if (!shown || !inSight) return undefined;
    const boxes = new Boxes(overlay.current, name);
    const end = watch(name, (head, bitmap) => {
      draw(canvas.current, head, bitmap);
      boxes.show(head);
      setDrawnAt(Date.now());
    });
    return () => { end(); boxes.clear(); setDrawnAt(0); };
  }, [shown, inSight]);

  const down = condition(process) !== "fine", stale = drawnAt > 0 && (down || Date.now() - drawnAt > STALE_MS);
  const said = [stateOf(process), process.alive ? process.detail : ""].filter(Boolean).join(" · ");
  const note = down ? `${name}: ${stateOf(process)}` : stale ? words.live.stale : shown ? words.live.waiting : words.live.hidden;
  return html`<figure class="camera" ref=${figure}>
    <div class=${`frame${stale ? " stale" : ""}`}>
      <canvas ref=${canvas} role="img" aria-label=${words.live.picture(name)} hidden=${!drawnAt}></canvas>
      <div ref=${overlay} class="boxes"></div>
      ${(!drawnAt || stale) && html`<p>${note}</p>`}
    </div>
    <figcaption><span class="dot" data-state=${condition(process)}></span><b>${printable(name)}</b><span class="quiet" title=${printable(said)}>${printable(said)}</span>
      <button type="button" aria-label=${`${shown ? words.live.hide : words.live.show} ${words.live.of(name)}`} onClick=${() => setShown(!shown)}>${shown ? words.live.hide : words.live.show}</button>
    </figcaption>
  </figure>`;
}

function draw(canvas, head, bitmap) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  canvas.dataset.capturedAtMs = ms(head.captured_at_ns);
  canvas.dataset.frame = head.frame;
  canvas.parentElement.style.setProperty("--ratio", head.width_px / head.height_px);
}

// The boxes are elements that stay while their track does, so that they can be clicked and keep the focus.
class Boxes {
  constructor(root, camera) {
    Object.assign(this, { root, camera, elements: new Map() });
  }

  clear() {
    this.root.replaceChildren();
    this.elements.clear();
  }

  show(head) {
    const shown = head.tracks.map((one) => ({ ...one, ...(trackOf(this.camera, one.track) ?? { state: "pending" }), box: one.box_xyxy }));
    const gone = new Set(this.elements.keys());
    const labels = layLabels(shown, head, this.root);
    for (const [at, one] of shown.entries()) {
      gone.delete(one.track);
      this.#update(one, head, labels[at]);
    }
    for (const track of gone) {
      this.elements.get(track).remove();
      this.elements.delete(track);
    }
  }

  #update(one, head, label) {
    let element = this.elements.get(one.track);
    if (!element) {
      element = document.createElement("a");
      element.className = "box";
      element.append(document.createElement("b"));
      element.firstChild.dir = "auto";
      this.elements.set(one.track, element);
      this.root.append(element);
    }
    Object.assign(element.style, place(one.box, head));
    element.dataset.state = one.state;
    const title = printable(personTitle(one));
    if (one.track_id && !element.hash) Object.assign(element, { href: whyOf(one.track_id), role: "link" });
    if (element.hash && element.ariaLabel !== title) element.ariaLabel = title;
    if (element.title !== title) {
      element.title = title;
      element.firstChild.ariaHidden = "true";
      element.firstChild.textContent = one.state === "pending" ? "" : title;
    }
    element.dataset.label = label;
  }
}

// Where the label of each face goes, so that none covers a face or another label; "none" where there is no room.
function layLabels(shown, head, root) {
  const width = root.clientWidth, height = root.clientHeight;
  pen.font = "600 13px system-ui, sans-serif";
  const faces = shown.map(({ box: [left, top, right, bottom] }) => [(left * width) / head.width_px, (top * height) / head.height_px, (right * width) / head.width_px, (bottom * height) / head.height_px]);
  const taken = [];
  const order = shown.map((_, at) => at).sort((a, b) => (shown[b].state === "known") - (shown[a].state === "known") || shown[a].track - shown[b].track);
  const labels = shown.map(() => "none");
  for (const at of order) {
    if (shown[at].state === "pending") continue;
    const [left, top, right, bottom] = faces[at];
    const long = Math.min(LABEL_MOST_PX, pen.measureText(printable(personTitle(shown[at]))).width + LABEL_PADDING_PX);
    const places = { above: [left, top - LABEL_HEIGHT_PX, left + long, top], "above-right": [right - long, top - LABEL_HEIGHT_PX, right, top],
      below: [left, bottom, left + long, bottom + LABEL_HEIGHT_PX], "below-right": [right - long, bottom, right, bottom + LABEL_HEIGHT_PX] };
    for (const [name, place] of Object.entries(places)) {
      const inside = place[0] >= -2 && place[1] >= 0 && place[2] <= width + 2 && place[3] <= height;
      if (inside && ![...taken, ...faces.filter((_, other) => other !== at)].some((other) => overlap(place, other))) {
        labels[at] = name;
        taken.push(place);
        break;
      }
    }
  }
  return labels;
}

function overlap(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}
