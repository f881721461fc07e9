// Numbers and places in words.

/** A probability in [0, 1] as text. Only 1 is 100%, and only 0 is 0%. */
export function percent(share) {
  if (share > 0 && share < 0.00005) return "<0.01%";
  if (share < 1 && share >= 0.99995) return ">99.99%";
  return `${(100 * share).toFixed(2)}%`;
}

export function milliseconds(time_ms) {
  return time_ms < 10 ? `${time_ms.toFixed(1)} ms` : time_ms < 1e4 ? `${Math.round(time_ms)} ms` : `${(time_ms / 1e3).toFixed(1)} s`;
}

/** A share that somebody has set: 0.6 is 60%. */
export function setPercent(share) {
  return `${Number((100 * share).toFixed(2))}%`;
}

/** A size in bytes, rounded down, so that a limit is never stated too high. */
export function size(bytes) {
  if (bytes < 1e3) return `${bytes} bytes`;
  if (bytes < 1e6) return `${Math.floor(bytes / 1e3)} kB`;
  return bytes < 1e7 ? `${Math.floor(bytes / 1e5) / 10} MB` : `${Math.floor(bytes / 1e6)} MB`;
}

/** Four significant digits, as the server's reasons have them. */
export function figure(value) {
  return Number(value.toPrecision(4)).toString();
}

export function listed(items, last = "and") {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} ${last} ${items.at(-1)}`;
}

/** Where (x, y) lies in a picture of (width, height). */
export function place([x, y], [width, height]) {
  const third = (at, size) => Math.min(2, Math.max(0, Math.floor((3 * at) / size)));
  const down = ["upper", "", "lower"][third(y, height)];
  const across = ["left", "", "right"][third(x, width)];
  if (down && across) return `${down} ${across}`;
  if (down) return `${down} middle`;
  return across ? `middle ${across}` : "middle";
}

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
