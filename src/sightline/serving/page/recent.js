// The pictures of this visit, to go back to.

import { headline, tick } from "./answer.js";
import { make } from "./words.js";

const WIDTH_PX = 96;
const HEIGHT_PX = 72;

/** A small drawing of an encoded picture; a large photo shown small would keep hundreds of megabytes of pixels. */
export async function thumbnail(bytes) {
  const whole = await createImageBitmap(bytes).catch(() => null);
  if (!whole) return null;
  const scale = Math.min(WIDTH_PX / whole.width, HEIGHT_PX / whole.height);
  const [width, height] = [whole.width, whole.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = make("canvas", { width, height, "aria-hidden": "true" });
  canvas.getContext("2d").drawImage(whole, 0, 0, width, height);
  whole.close();
  return canvas;
}

/** Draw the strip; `show` is called with the picture that somebody goes back to. */
export function drawRecent(pictures, current, show) {
  document.getElementById("recent").hidden = pictures.length < (current ? 2 : 1);
  const list = document.getElementById("pictures");
  const focused = [...list.children].findIndex((item) => item.contains(document.activeElement));
  list.replaceChildren(...pictures.map((one) => make("li", {}, button(one, one === current, show))));
  if (focused >= 0) list.children[focused]?.firstChild.focus();
}

function button(one, shown, show) {
  const element = make("button", { type: "button", ...(shown && { "aria-current": "true" }) });
  const said = one.answer ? [tick(one.answer.decision), " ", headline(one.answer)] : [one.waiting ? "…" : "no answer"];
  const frame = make("span", { class: "small" }, one.thumbnail ?? "");
  element.append(frame, make("span", {}, ...said), make("small", {}, one.name));
  element.addEventListener("click", () => show(one));
  return element;
}
