// Asking the server, and what to say when it does not answer as asked.

import { listed, make, size } from "./words.js";

let key = "";

/** Send this API key from now on; "" for none. It is kept here and nowhere else. */
export function useKey(text) {
  key = text;
}

export function keyed() {
  return key !== "";
}

/** No answer, and why: `code` as in the API, or one of this page: see `words`. */
export class Refusal extends Error {
  constructor({ code, status = 0, reason = null, message = "", request_id = "", wait_s = 0 }) {
    super(message);
    Object.assign(this, { code, status, reason, request_id, wait_s });
  }

  /** Whether the same picture may be answered if it is sent again. */
  get passing() {
    return !this.locked && ![413, 415, 422].includes(this.status) && !["too_many_bytes", "unreadable", "no_file"].includes(this.code);
  }

  get locked() {
    return this.status === 401 || this.status === 403;
  }
}

/**
 * Ask, and let `read` take what is needed from the response.
 * Throws a Refusal, or an AbortError if the caller's signal says so.
 */
export async function ask(address, read, options = {}) {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  try {
    const response = await fetch(address, { ...options, cache: "no-store", headers: { ...headers, ...options.headers } });
    if (!response.ok) throw await refusal(response);
    return await read(response);
  } catch (error) {
    if (error instanceof Refusal || error.name === "AbortError") throw error;
    throw new Refusal({ code: "unreachable" });
  }
}

async function refusal(response) {
  const { error } = await response.json().catch(() => ({}));
  const wait_s = Number(response.headers.get("Retry-After")) || 0;
  const unknown = { code: "http_error", message: `It answered with status ${response.status}.` };
  return new Refusal({ ...(error?.code ? error : unknown), status: response.status, wait_s });
}

/** The refusal in words, [what happened, what to do]. */
function words(refusal, limits) {
  const formats = limits ? listed(limits.formats, "or") : "a usual format";
  const largest = limits ? ` of at most ${size(limits.max_bytes)} and ${(limits.max_pixels / 1e6).toFixed(0)} megapixels` : "";
  const unchanged = "Nothing is wrong with the picture, and it is still here.";
  if (refusal.reason === "empty") return ["The file is empty.", "Choose another, or copy it again from where it came."];
  switch (refusal.code) {
    case "image_not_supported":
      return ["This is not a picture that the server takes.", `Send ${formats}. What is in the file counts, not its name.`];
    case "image_damaged":
      return ["The picture is damaged.", "Copy it again from where it came, or take another."];
    case "image_too_large":
    case "body_too_large":
    case "too_many_bytes":
      return ["The picture is too large.", `Send one${largest}.`];
    case "body_timeout":
      return ["The picture took too long to arrive.", "Try again, over a faster connection or with a smaller file."];
    case "overloaded":
      return ["The server is busy.", `${unchanged} Try again in a moment.`];
    case "deadline_exceeded":
      return ["The answer took too long.", `${unchanged} The server is busy or the picture very large: try again in a moment.`];
    case "not_ready":
      return ["The server is not ready.", `${unchanged} It is starting or stopping: try again in a moment.`];
    case "unreachable":
      return ["The server does not answer.", `${unchanged} Look whether the server runs and the network is there, then try again.`];
    case "unreadable":
      return ["The file cannot be read.", "Choose a file, not a folder, that is still where it was."];
    case "no_file":
      return ["This is not a file.", "Save the picture and drop its file, or copy the picture and paste it."];
    case "stopped":
      return ["Stopped.", "The picture was not answered."];
    case "unknown_model":
      return ["The model is no longer in service.", `${unchanged} Try again: it is then answered by the one that is named at the top.`];
    case "other_model":
      return ["Another model answers now.", "Try again: the picture is then answered and explained by the same one."];
  }
  if (refusal.locked) return ["The server asks for an API key.", "Enter it above; the picture is then sent again."];
  if (refusal.status >= 500) return ["Something went wrong in the server.", "Try again. If it stays so, whoever runs the server finds the cause in its log."];
  return ["The server did not take the request.", "Reload this page: the server may be of another version by now."];
}

/** Show a refusal in `place`, with a button that calls `again`; null empties it. */
export function tell(place, refusal, limits, again) {
  if (!refusal) return place.replaceChildren();
  const [happened, advice] = words(refusal, limits);
  const rest = [];
  if (refusal.message) rest.push(make("p", { class: "soft" }, refusal.message));
  if (refusal.request_id) rest.push(make("p", { class: "soft" }, `Request ${refusal.request_id}`));
  if (again && refusal.passing) rest.push(retry(refusal.wait_s, again));
  place.replaceChildren(make("div", { class: "verdict error" }, make("strong", {}, happened), make("p", {}, advice), ...rest));
}

function retry(wait_s, again) {
  const button = make("button", { type: "button" }, "Try again");
  if (wait_s > 0) {
    button.setAttribute("aria-disabled", "true");
    button.textContent = `Try again (in ${wait_s} s)`;
    setTimeout(() => {
      button.removeAttribute("aria-disabled");
      button.textContent = "Try again";
    }, 1000 * wait_s);
  }
  button.addEventListener("click", () => button.hasAttribute("aria-disabled") || again());
  return button;
}
