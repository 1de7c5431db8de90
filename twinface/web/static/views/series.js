// Lines over the last hours.

import { html } from "../vendor/preact.js";
import { clock, ms } from "../format.js";

const SIZE = { width: innerWidth < 480 ? 340 : 640, height: 180, left: 58, right: 8, top: 12, bottom: 22 };

// `lines` are values or nulls by name, each as long as `at`, which are ns since 1970.
export function Series({ title, at, lines, unit, scale = 1 }) {
  const { width, height, left, right, top, bottom } = SIZE;
  const names = Object.keys(lines).filter((name) => lines[name].some((value) => value !== null));
  const most = roundUp(scale * Math.max(0.001, ...names.flatMap((name) => lines[name].map((value) => value ?? 0))));
  const from = at[0], until = Math.max(at.at(-1), from + 1);
  const x = (ns) => left + ((width - left - right) * (ns - from)) / (until - from), y = (value) => top + (height - top - bottom) * (1 - (scale * value) / most);
  const path = (values) => values.map((value, index) => (value === null ? "" : `${index && values[index - 1] !== null ? "L" : "M"}${x(at[index]).toFixed(1)} ${y(value).toFixed(1)}`)).join("");
  return html`<figure class="card plot"><figcaption>${title}</figcaption>
    <svg viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${title}>
      ${[0, 0.5, 1].map((part) => html`<g key=${part}><line class="grid" x1=${left} x2=${width - right} y1=${y((part * most) / scale)} y2=${y((part * most) / scale)} /><text x=${left - 6} y=${y((part * most) / scale) + 4} text-anchor="end">${part * most} ${part ? unit : ""}</text></g>`)}
      ${names.map((name, index) => html`<path key=${name} class=${`line tone${index % 8}`} d=${path(lines[name])} />`)}
      <text x=${left} y=${height - 4}>${clock(ms(from)).slice(0, 5)}</text><text x=${width - right} y=${height - 4} text-anchor="end">${clock(ms(until)).slice(0, 5)}</text>
    </svg>
    <ul class="key">${names.map((name, index) => html`<li key=${name} class=${`tone${index % 8}`}>${name} ${last(lines[name], scale)} ${unit}</li>`)}</ul></figure>`;
}

function last(values, scale) {
  const value = values.findLast((one) => one !== null);
  return value === undefined ? "–" : Math.round(scale * value);
}

// 1, 2 or 5 times a power of ten.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= value);
}
