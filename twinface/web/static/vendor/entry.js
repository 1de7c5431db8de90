// What the page uses of preact, its signals and htm; scripts/vendor_preact makes preact.js of it.
import { h } from "preact";
import htm from "htm";

export { render } from "preact";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { computed, signal } from "@preact/signals";
export const html = htm.bind(h);
