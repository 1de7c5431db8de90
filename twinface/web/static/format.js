// Texts that somebody else wrote, times and numbers, as they are shown.

import { words } from "./words.js";

// What has no shape, or turns the order of letters around, as twinface/text.py has it; joiners stay, which form letters.
const UNSHOWN = /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu;

export function printable(text) {
  return String(text ?? "").replace(/\p{Zs}/gu, " ").replace(UNSHOWN, "\ufffd");
}

export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hourCycle: "h23" });
}

// The clock's time of today, the day as well of another day.
export function moment(ms) {
  if (new Date(ms).toDateString() === new Date().toDateString()) return clock(ms);
  return new Date(ms).toLocaleString([], { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

export const ms = (ns) => ns / 1e6;

export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function initials(name) {
  return (printable(name).match(/[\p{L}\p{N}]+/gu) ?? ["·"]).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

// Two digits; what differs from certainty is not rounded to it.
export function score(value) {
  if (value === null || value === undefined) return "–";
  return value < 1 && value >= 0.995 ? "0.99+" : value.toFixed(2);
}

export function share(value) {
  return value < 0.01 ? `${(100 * value).toPrecision(2)} %` : `${(100 * value).toFixed(1)} %`;
}

export function personTitle(one) {
  return one.state === "known" || (one.name && one.state === undefined) ? one.name : words.state[one.state] ?? words.state.unknown;
}

// The day that a date field holds, and the one of a moment.
export function dayOf(ms) {
  const date = new Date(ms);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
}

export function dayRange(day) {
  const [year, month, date] = day.split("-").map(Number);
  return [new Date(year, month - 1, date).getTime(), new Date(year, month - 1, date + 1).getTime()];
}
