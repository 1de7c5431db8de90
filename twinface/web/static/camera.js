// One camera: its picture, the boxes over it, and whether it works.

import { condition, nameLine, printable, stateOf, title } from "./view.js";

const STALE_MS = 3000;

export class CameraCard {
  constructor(name, shown) {
    this.name = name;
    this.shown = shown;
    this.playing = false;
    this.boxesAt = 0;
    this.root = document.createElement("figure");
    this.root.className = "camera";
    this.root.innerHTML =
      '<div class="frame"><img hidden><div aria-hidden="true"></div><p></p></div>' +
      '<figcaption><span class="dot"></span><b></b><span class="quiet"></span><button type="button"></button></figcaption>';
    this.frame = this.root.querySelector(".frame");
    [this.image, this.overlay, this.note] = this.frame.children;
    [this.dot, this.label, this.detail, this.button] = this.root.querySelector("figcaption").children;
    this.image.alt = `live picture of camera ${name}`;
    this.label.textContent = name;
    this.button.addEventListener("click", () => {
      this.shown = !this.shown;
      this.refresh();
    });
    this.refresh();
  }

  // The camera makes pictures only while somebody looks: nothing is asked for from a page that is hidden.
  refresh() {
    const play = this.shown && !document.hidden;
    if (play && !this.playing) this.image.src = `/preview/${encodeURIComponent(this.name)}.mjpeg?${Date.now()}`;
    if (!play && this.playing) this.image.removeAttribute("src");
    this.playing = play;
    this.button.textContent = this.shown ? "Hide picture" : "Show picture";
    this.button.setAttribute("aria-label", `${this.button.textContent} of ${this.name}`);
    if (!play) this.#clear();
    this.tick();
  }

  restart() {
    if (this.playing) this.image.removeAttribute("src");
    this.playing = false;
    this.#clear();
    this.refresh();
  }

  takeBoxes(meta, presence) {
    if (!this.playing) return;
    this.boxesAt = Date.now();
    this.frame.style.setProperty("--ratio", meta.width_px / meta.height_px);
    this.image.hidden = false;
    this.overlay.replaceChildren(...meta.tracks.map(({ track, box_xyxy: box }) => {
      const [left, top, right, bottom] = box.map((side, axis) => (100 * side) / (axis % 2 ? meta.height_px : meta.width_px));
      const element = document.createElement("div");
      const person = presence.get(this.name, track) ?? { state: "pending" };
      element.className = `box${top < 9 ? " high" : ""}${left + right > 110 ? " right" : ""}`;
      element.dataset.state = person.state;
      Object.assign(element.style, { left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%` });
      if (person.state !== "pending") element.append(nameLine(title(person)));
      return element;
    }));
    this.tick();
  }

  takeHealth(process) {
    this.process = process;
    this.dot.dataset.state = condition(process);
    const said = [stateOf(process), process.alive ? process.detail : ""].filter(Boolean).join(" · ");
    this.detail.textContent = printable(said);
    this.detail.title = this.detail.textContent;
    this.tick();
  }

  tick() {
    const down = this.process && condition(this.process) !== "fine";
    const stale = this.playing && this.boxesAt > 0 && (down || Date.now() - this.boxesAt > STALE_MS);
    if (stale) this.overlay.replaceChildren();
    this.frame.classList.toggle("stale", Boolean(stale));
    this.note.hidden = this.playing && this.boxesAt > 0 && !stale;
    const text = this.#explain(down, stale);
    if (this.note.textContent !== text) this.note.textContent = text;
  }

  #explain(down, stale) {
    if (down) return `${this.name}: ${stateOf(this.process)}`;
    if (stale) return "no new picture";
    return this.shown ? "waiting for the picture…" : "picture hidden";
  }

  #clear() {
    this.boxesAt = 0;
    this.image.hidden = true;
    this.overlay.replaceChildren();
  }
}
