// Who is there now: the matcher's snapshot and the events after it.

export class Presence {
  constructor() {
    this.epoch = 0;
    this.next = 0;
    this.takenAt = 0;
    this.tracks = new Map();
    this.complete = false; // false: events were missed, a snapshot is needed
    this.waiting = []; // events that came while a snapshot was on its way
  }

  get(camera, track) {
    return this.tracks.get(`${camera} ${track}`);
  }

  everybody() {
    return [...this.tracks.values()].sort((a, b) => (a.since ?? 0) - (b.since ?? 0) || a.track - b.track);
  }

  needSnapshot() {
    this.complete = false;
  }

  take(event) {
    if (event.epoch < this.epoch) return;
    if (!this.complete) {
      this.waiting.push(event);
    } else if (event.epoch !== this.epoch || event.sequence > this.next) {
      this.needSnapshot();
      this.waiting.push(event);
    } else if (event.sequence === this.next) {
      this.next += 1;
      this.#apply(event);
    }
  }

  takeSnapshot(snapshot) {
    const before = this.tracks;
    this.tracks = new Map();
    for (const track of snapshot.tracks) {
      const key = `${track.camera} ${track.track}`;
      const since = track.entered_at_ns ? track.entered_at_ns / 1e6 : before.get(key)?.since;
      this.tracks.set(key, { ...track, since });
    }
    this.epoch = snapshot.epoch;
    this.next = snapshot.next_sequence;
    this.complete = true;
    this.takenAt = Date.now();
    const waiting = this.waiting;
    this.waiting = [];
    for (const event of waiting) this.take(event);
  }

  #apply(event) {
    const key = `${event.camera} ${event.track}`;
    if (event.type === "end") {
      for (const [one, track] of this.tracks) if (track.camera === event.camera) this.tracks.delete(one);
    } else if (event.type === "exit") {
      this.tracks.delete(key);
    } else {
      const { camera, track, track_id, name, state, score } = event;
      const known = this.tracks.get(key);
      const since = known ? known.since : event.captured_at_ns / 1e6;
      this.tracks.set(key, { camera, track, track_id, name, state, score, since });
    }
  }
}
