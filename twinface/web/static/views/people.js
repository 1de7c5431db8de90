// People: everybody who is known, as a grid of which only what is in sight is made, so that thousands stay fluid.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { changes, get, session } from "../api.js";
import { moment, ms, printable } from "../format.js";
import { Empty, Face, NameLine, Trouble } from "../parts.js";
import { words } from "../words.js";

const TILE = { width_px: 176, height_px: 216 };
const PAGE = 100;

export function People() {
  const [search, setSearch] = useState(""), [sort, setSort] = useState("name");
  return html`<div class="people">
    <div class="bar-of-tools"><h2>${words.people.title}</h2>
      <label>${words.people.search} <input type="search" value=${search} maxlength="200" onInput=${(event) => setSearch(event.target.value)} /></label>
      <label>${words.people.sort} <select value=${sort} onChange=${(event) => setSort(event.target.value)}>${Object.entries(words.people.sorts).map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`)}</select></label>
      ${session.value.role === "change" && html`<a class="button main" href="#/enrol">${words.nav.enrol}</a>`}</div>
    <${Grid} key=${`${search} ${sort} ${changes.value}`} search=${search} sort=${sort} />
  </div>`;
}

// Rows of tiles: those that are in sight stand where they would if all were made; their pages are asked for as they come.
function Grid({ search, sort }) {
  const pages = useRef(new Map()), box = useRef(null);
  const [total, setTotal] = useState(null), [error, setError] = useState(null), [, redraw] = useState(0);
  const [range, setRange] = useState({ from: 0, until: 40, columns: 1 });

  const load = (page) => {
    if (pages.current.has(page)) return;
    pages.current.set(page, []);
    get("/people", { search, sort, start: page * PAGE, limit: PAGE }).then((found) => {
      pages.current.set(page, found.people);
      setTotal(found.total);
      setError(null);
      redraw((before) => before + 1);
    }, (refused) => { pages.current.delete(page); setError(refused); });
  };
  const measure = () => {
    if (!box.current) return;
    const { top, width } = box.current.getBoundingClientRect();
    const columns = Math.max(1, Math.floor(width / TILE.width_px)), first = Math.max(0, Math.floor(-top / TILE.height_px) - 1);
    const rows = Math.ceil(innerHeight / TILE.height_px) + 3;
    setRange((before) => (before.from === first * columns && before.columns === columns && before.until === (first + rows) * columns ? before : { from: first * columns, until: (first + rows) * columns, columns }));
  };
  useEffect(() => {
    addEventListener("scroll", measure, { passive: true });
    addEventListener("resize", measure);
    return () => { removeEventListener("scroll", measure); removeEventListener("resize", measure); };
  }, []);
  useLayoutEffect(measure, [total]);
  useEffect(() => {
    for (let page = Math.floor(range.from / PAGE); page <= Math.floor((Math.min(range.until, total ?? 1) - 1) / PAGE); page += 1) load(Math.max(0, page));
  }, [range, total]);

  if (error) return html`<${Trouble} error=${error} again=${() => { setError(null); load(0); }} />`;
  if (total === 0) return html`<${Empty}>${search ? words.people.none : html`${words.people.empty} <a href="#/enrol">${words.people.enrolFirst}</a>`}<//>`;
  const tiles = [];
  for (let at = range.from; at < Math.min(range.until, total ?? 0); at += 1) {
    const one = pages.current.get(Math.floor(at / PAGE))?.[at % PAGE];
    const style = { left: `${(100 * (at % range.columns)) / range.columns}%`, top: `${Math.floor(at / range.columns) * TILE.height_px}px`, width: `${100 / range.columns}%` };
    tiles.push(html`<li key=${at} style=${style}>${one && html`<${Tile} one=${one} />`}</li>`);
  }
  return html`<p class="quiet">${total === null ? words.loading : words.people.count(total)}</p>
    <ul class="grid" ref=${box} style=${{ height: `${Math.ceil((total ?? 0) / range.columns) * TILE.height_px}px` }}>${tiles}</ul>`;
}

function Tile({ one }) {
  const seen = one.last_seen_ns ? words.people.lastSeen(moment(ms(one.last_seen_ns)), printable(one.last_camera)) : words.people.neverSeen;
  return html`<a class="card tile" href=${`#/people/${encodeURIComponent(one.id)}`}>
    <${Face} src=${one.picture} name=${one.name} large />
    <${NameLine} text=${one.name} /><span class="quiet">${words.people.pictures(one.pictures)}</span><span class="quiet">${seen}</span>
    ${one.health?.length > 0 && html`<span class="flag" title=${one.health.map((what) => printable(what.words)).join(" · ")}>! ${words.people.health}</span>`}
  </a>`;
}
