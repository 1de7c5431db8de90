// Every text of the page, in English. A translation is another file of this shape.

const many = (count, one, more = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

// What forgetting somebody erases, by the word that the box has for it.
const TRACES = {
  vectors: ["vector of their face", "vectors of their face"], crops: ["enrolled picture", "enrolled pictures"], events: ["event", "events"], looks: ["look of a camera", "looks of cameras"],
  unknowns: ["unknown visitor", "unknown visitors"], "unknown visitors": ["unknown visitor who looks like them", "unknown visitors who look like them"], mentions: ["place that names them as a candidate", "places that name them as a candidate"],
  corrections: ["correction", "corrections"], answers: ["answer", "answers"], "steps to be taken back": ["change that could be undone", "changes that could be undone"], "pictures set aside": ["picture set aside", "pictures set aside"],
  "faces that cameras have learnt from": ["face that a camera has learnt from", "faces that cameras have learnt from"], "events and looks of all boxes": ["event or look of all boxes", "events and looks of all boxes"],
};

export const words = {
  many,
  refusals: { name_taken: "Somebody has this name already. Choose another one, or merge the two under People." },
  nav: { live: "Live", review: "Review", people: "People", enrol: "Enrol", history: "History", box: "Box" },
  connection: { waiting: "connecting…", live: "live", lost: "connection lost", bad: "not everything works" },
  connectionLost: "The connection to the box is lost. Trying again…",
  trouble: { failed: "has failed", waiting: "waits", starting: "is starting" },
  troubleElse: "has a problem",
  noAnswer: "does not answer",
  notStarted: "not started",
  silentFor: (time) => `silent for ${time}`,
  state: { known: "known", unknown: "unknown", uncertain: "not sure", pending: "looking…" },
  kinds: {
    unknown_again: "came again, and is not known", uncertain: "not sure who this is", new_name: "named for the first time",
    close_names: "two names are close",
  },
  undo: "Undo",
  undone: "Taken back.",
  close: "Close",
  cancel: "Cancel",
  retry: "Try again",
  loading: "Loading…",
  more: "Show more",
  failed: (why) => `That did not work: ${why}`,
  unreachable: "the box does not answer",
  gone: "The box does not answer; whether it was done is seen when it is back.",
  all: "all",
  name: "Name",

  login: {
    title: "Who may look?", intro: "This box asks for its token. `twinface token` on the box makes one.", token: "Token",
    enter: "Log in", leave: "Log out", expired: "Your login has expired. Nothing is lost: it goes on after you have logged in again.",
    lookOnly: "You may look, and change nothing.",
  },

  live: {
    cameras: "Cameras", here: "Here now", nobody: "Nobody in sight.", latest: "Latest", nothing: "Nothing has happened yet.",
    noCameras: "No camera has reported yet.", hide: "Hide picture", show: "Show picture", of: (camera) => `of ${camera}`,
    picture: (camera) => `live picture of camera ${camera}`, hidden: "picture hidden", waiting: "waiting for the picture…",
    stale: "no new picture", since: (when, how) => `since ${when} · ${how}`, faces: (count, more) => `${count}${more ? " more" : ""} ${count === 1 ? "face" : "faces"}`,
    left: (camera) => ` left ${camera}`, at: (camera) => ` at ${camera}`,
    somebody: (camera) => `somebody unknown at ${camera}`, why: "Why?", is: "Who is this?",
  },

  acts: {
    right: "Right", notHer: (name) => `Not ${name}`, name: "Name…", isNew: "New person…", skip: "Skip", noFace: "No face",
    saidRight: (name) => `Confirmed: ${name}.`, saidNot: (name) => `Noted: this is not ${name}.`, saidName: (name) => `Named: ${name}.`,
    saidSkip: "Skipped.", saidNoFace: "Noted: no face.", who: "Who is this?", save: "Save",
  },

  review: {
    title: "Review", empty: "Nothing waits for you.", emptyMore: "Visits that need a person come here: unknown people who came again, names in doubt, names given for the first time.",
    visits: (count) => many(count, "visit"), selected: (count) => `${count} selected`, selectAll: (count) => `Select all that the filter shows (${count})`, clear: "Clear selection",
    candidates: "Looks most like", noCandidates: "Looks like nobody who is known.", keys: "Keys", which: "Which", camera: "Camera",
    legend: [["1 – 9", "this name"], ["y", "the name is right"], ["r", "not this person"], ["n", "new person"], ["s", "skip"], ["x", "no face"], ["u", "undo"],
      ["j k", "next, previous"], ["space", "select"], ["a", "select all that the filter shows"], ["w", "why?"], ["?", "these keys"]],
    done: (count) => `${many(count, "visit")} done.`, refused: (count, why) => `${many(count, "visit")} not: ${why}`,
  },

  people: {
    title: "People", search: "Search", empty: "Nobody is known yet.", enrolFirst: "Enrol somebody", none: "Nobody has such a name.", sort: "Order",
    sorts: { name: "by name", seen: "last seen first", health: "what wants a look first" }, count: (count) => many(count, "person", "people"),
    pictures: (count) => many(count, "picture"), lastSeen: (when, where) => `seen ${when}${where ? ` at ${where}` : ""}`, neverSeen: "not seen yet",
    rename: "Rename", merge: "Merge with…", split: "Move pictures…", remove: "Remove pictures", forget: "Forget…", back: "People",
    renameTo: "New name", mergeWith: "Who is this, too?", moveTo: "Whose pictures are these?", choose: "Choose pictures first: click on them.", sure: "These do not look alike. Merge all the same",
    renamed: (name) => `Renamed: ${name}.`, merged: (name) => `Merged into ${name}.`, moved: (count, name) => `${many(count, "picture")} moved to ${name}.`, removed: (count) => `${many(count, "picture")} removed.`,
    forgetTitle: (name) => `Forget ${name}`, forgetIntro: "This erases, for good:", trace: (count, what) => (TRACES[what] ? many(count, ...TRACES[what]) : `${count} ${what}`), forgetNow: "Erase for good", forgot: (name) => `${name} is forgotten.`,
    health: "What wants a look", healthy: "Nothing stands out.", source: "from", quality: "quality", outlier: "unlike the others", poor: "poor", history: "Visits", addPictures: "Add pictures",
  },

  enrol: {
    title: "Enrol", name: "Who is it?", namePlaceholder: "Name", drop: "Drop photos here", choose: "Choose photos", take: "Take photos", takeNow: "Take a photo", stop: "Stop the camera",
    wizard: "From a camera of the box", start: "Start", camera: "Camera", hints: { front: "Stand still and look at the camera.", left: "Turn your head a little to the left.", right: "Now a little to the right.", up: "Look up a little.", down: "Look down a little." },
    enough: "That is enough.", progress: (good, of) => `${good} of ${of} good pictures`, accepted: "accepted", checking: "being looked at…", waiting: "waits",
    finish: (count, name) => `Add ${many(count, "picture")} to ${name}`, drop_one: "Leave out", done: (count, name) => `${many(count, "picture")} of ${name} added.`, nameFirst: "Say who it is first.",
    known: (name) => `${name} is known already; the pictures are added.`, noCamera: "This browser gives no camera: that takes an encrypted address (https) or the box itself.", good: "Good: three to ten pictures, from the front and a little from each side, in the light of the place where the camera hangs.", tooLarge: "larger than 30 MB",
    nobody: "nobody is in sight",
  },

  history: {
    title: "History", day: "Day", person: "Person", camera: "Camera", state: "State", export: "Export", csv: "CSV", json: "JSON", none: "No visits.", timeline: "Time line",
    searchTitle: "Was this person ever here?", searchIntro: "Drop a picture of a face: every visit whose kept looks match, best first.", searchDrop: "Drop a picture", searchAgain: "Another picture", searching: "searching…",
    found: (count, most) => `${many(count, "visit")}${count === most ? " or more" : ""} above the threshold`, foundNone: "No kept look reaches the threshold.", threshold: (value, rate) => `The threshold is ${value}${rate === null ? "" : `; of strangers, ${rate} reach it`}.`, below: "below the threshold",
    visit: (count) => many(count, "look"), then: (now, then) => `${now} (then ${then})`, still: "still here", clear: "All visits", otherFaces: "More faces are in the picture; choose one:", days: "Visits a day",
    box: "Box", thisBox: "This box", allBoxes: "All boxes", alsoAt: (boxes) => `also at ${boxes}`, kinds: { enter: "came", exit: "left", stayed: "stays", update: "is somebody else", two_cameras: "at two cameras" },
  },

  why: {
    title: "Why", back: "Back", looks: (count) => many(count, "look"), score: "Score over the visit", threshold: "threshold", noLooks: "No looks are kept of this visit.", look: "Look", measures: { face_px: "width", sharpness: "sharp", brightness: "bright", contrast: "contrast", yaw_deg: "turned", pitch_deg: "lowered", roll_deg: "tilted", detection_score: "face" },
    alone: "by this look alone", together: "by all looks so far", missed: (by) => `${by} below the threshold`, lead: (by) => `the lead lacks ${by}`, reached: "reaches the threshold", objection: "not good enough to enrol", enrolledAs: (name) => `enrolled as ${name}`, rule: "rule", history: "What was reported",
    pictureMemory: "Pictures of faces are in memory only, of the last looks, and are gone when the box starts again.", pictureDisk: (days) => `Pictures of faces are kept for ${many(days, "day")}.`,
  },

  box: {
    title: "Box", processes: "Processes", process: "process", stateHead: "state", cpu: "CPU", memory: "memory", says: "says", wrong: "What is wrong", mend: "To mend it: ", fine: "Everything works.", cameras: "Cameras",
    latency: "Capture to match", cpuOver: "Processor", heads: "Heads", headsIntro: "The head decides who is who. A new one is put in use only if it is not worse on people it was not trained on.", inUse: "in use", retrain: "Retrain", rollback: "Go back to this", published: "A new head is in use.", kept: "The head stays as it is:", rolledBack: "The head in use has changed.", working: "training…",
    disk: "Disk", free: (mb) => `${mb < 10000 ? `${mb} MB` : `${Math.round(mb / 1000)} GB`} free`, events: (mb, of) => `events: ${mb} of ${of} MB`, books: "Books", balance: "every message is accounted for", noBalance: "messages are missing", changes: "Changes by hand", noChanges: "Nothing was changed by hand.", allChanges: "Changes at every box", takenBack: "taken back", settings: "Settings in force", settingsIn: (path) => `${path}; what is changed there holds from the next start on.`, setting: "setting", value: "value", from: "from", line: (line) => `line ${line}`, byDefault: "default", version: "Version", hours: "the last hours", noHistory: "Being collected; come back in a minute.", bundled: "bundled head",
    boxes: "All boxes", boxName: "box", gallery: "gallery", waits: "events waiting", behind: (count) => `${count} ${count === 1 ? "change" : "changes"} behind`, notSince: (when) => `not heard of since ${when}; before that: `,
  },
};
