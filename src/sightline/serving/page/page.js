// Pictures come in, answers are shown. A picture is sent as it is, byte for byte, and kept in this tab's memory only.

import { drawAnswer, spoken } from "./answer.js";
import { Refusal, ask, keyed, tell, useKey } from "./asking.js";
import { chooseModel, loadModels, model, modelBehind, several } from "./model.js";
import { drawRecent, thumbnail } from "./recent.js";
import { make, milliseconds, percent, place, size } from "./words.js";

const MOST_KEPT = 8;
const MOST_CANDIDATES = 20;
const METHODS = { rise: "RISE, an estimate", class_activation: "class-activation map" };

const at = (id) => document.getElementById(id);
const pictures = [];
let current = null;
let drawn = null;

/** Take files, the first of them to be looked at, and ask about each in turn. */
async function take(files, pasted = false) {
  const taken = [...files].slice(0, MOST_KEPT).map((file) => ({
    name: pasted ? "pasted picture" : file.name, file, pasted, bytes: null, url: "", answer: null, refusal: null, waiting: null,
    model: null, reasons: new Map(), explained: "", explaining: null, whyRefusal: null,
  }));
  if (!taken.length) return;
  pictures.unshift(...taken);
  for (const old of pictures.splice(MOST_KEPT)) forget(old);
  show(taken[0]);
  for (const one of taken) await answer(one);
}

async function answer(one) {
  const waiting = (one.waiting = new AbortController());
  one.refusal = null;
  update(one);
  try {
    const asked = model ?? (await meet());
    await read(one, asked.preprocessing.limits.max_bytes);
    const started = performance.now();
    const top_k = Math.min(MOST_CANDIDATES, asked.labels.length);
    const answer = await post(one, { top_k, ...named(asked) }, waiting, (response) => response.json());
    const spent_ms = performance.now() - started;
    if (!modelBehind(answer, asked.name)) await meet();
    if (one.waiting !== waiting) return;
    forgetReasons(one);
    Object.assign(one, { answer, spent_ms, model: modelBehind(answer, asked.name) ?? asked });
    if (one === current) sayAnswer(one);
  } catch (error) {
    const refusal = refused(error) ?? new Refusal({ code: "stopped" });
    if (refusal.code === "unknown_model") await start();
    if (one.waiting === waiting) one.refusal = refusal;
  } finally {
    if (one.waiting === waiting) one.waiting = null;
    update(one);
  }
}

/** Which model is to answer, where there is a choice. */
function named({ name }) {
  return several() ? { model: name } : {};
}

/** Let another model answer from now on, and the picture that is shown at once. */
function choose(name) {
  chooseModel(name);
  if (!current) return say(`Pictures are now answered by ${name}.`);
  current.waiting?.abort();
  current.explaining?.abort();
  forgetReasons(current);
  Object.assign(current, { answer: null, explaining: null });
  answer(current);
}

// At once and whole: an explanation asked for later must be of the same bytes, whatever becomes of the file.
async function read(one, max_bytes) {
  if (one.bytes) return;
  if (one.file.size > max_bytes) {
    const [has, limit] = [one.file.size, max_bytes].map((bytes) => bytes.toLocaleString("en"));
    throw new Refusal({ code: "too_many_bytes", message: `It has ${has} bytes; the limit is ${limit}. It was not sent.` });
  }
  const bytes = await one.file.arrayBuffer().catch(() => null);
  if (!bytes) throw new Refusal({ code: "unreadable" });
  one.bytes = new Blob([bytes], { type: one.file.type });
  one.url = URL.createObjectURL(one.bytes);
  update(one);
  one.thumbnail = await thumbnail(one.bytes);
}

function post(one, parameters, { signal }, take) {
  const query = new URLSearchParams(parameters);
  const headers = { "Content-Type": "application/octet-stream" };
  return ask(`v1/predict?${query}`, take, { method: "POST", body: one.bytes, headers, signal });
}

async function explain(one, label) {
  one.explained = label;
  one.whyRefusal = null;
  if (one.reasons.has(label)) return update(one);
  one.explaining = new AbortController();
  update(one);
  const explaining = one.explaining;
  try {
    const why = await post(one, { explain: "true", top_k: 1, label, ...named(one.model) }, explaining, async (response) => ({
      url: URL.createObjectURL(await response.blob()),
      summary: JSON.parse(response.headers.get("Sightline-Explanation")),
      prediction: JSON.parse(response.headers.get("Sightline-Prediction")),
      spent_ms: Number(/explain;dur=([\d.]+)/.exec(response.headers.get("Server-Timing"))?.[1]),
    }));
    if (one.explaining !== explaining) return URL.revokeObjectURL(why.url);
    if (why.prediction.bundle_id !== one.answer.bundle_id) {
      URL.revokeObjectURL(why.url);
      throw new Refusal({ code: "other_model" });
    }
    one.reasons.set(label, why);
    if (one === current) say(described(why.summary));
  } catch (error) {
    const refusal = refused(error);
    if (one.explaining === explaining) one.whyRefusal = refusal;
  } finally {
    if (one.explaining === explaining) one.explaining = null;
    update(one);
  }
}

function refused(error) {
  if (error.name === "AbortError") return null;
  if (!(error instanceof Refusal)) throw error;
  if (error.locked) lock(error);
  return error;
}

// What was explained is of another answer, perhaps of another model.
function forgetReasons(one) {
  for (const { url } of one.reasons.values()) URL.revokeObjectURL(url);
  one.reasons.clear();
  Object.assign(one, { explained: "", whyRefusal: null });
}

function forget(one) {
  one.waiting?.abort();
  one.explaining?.abort();
  forgetReasons(one);
  if (one.url) URL.revokeObjectURL(one.url);
}

// Showing

function show(one) {
  current = one;
  at("choose").classList.toggle("small", Boolean(one));
  at("shown").hidden = !one;
  at("picture").removeAttribute("src");
  if (one?.answer) sayAnswer(one);
  if (one) drawWhyChoices(one);
  draw();
}

function update(one) {
  if (one === current) draw();
  else drawRecent(pictures, current, show);
}

function draw() {
  drawRecent(pictures, current, show);
  if (!current) return;
  drawPicture(current);
  at("waiting").hidden = !current.waiting;
  tell(at("problem"), current.refusal, model?.preprocessing.limits, () => again(() => answer(current)));
  drawOnce(current);
  drawWhy(current);
}

// What has been opened in it stays open while something else changes.
function drawOnce({ waiting, answer, model, spent_ms }) {
  const shown = waiting ? null : answer;
  if (shown === drawn) return;
  drawn = shown;
  const by = several() ? [make("p", { class: "soft", id: "by" }, "answered by ", make("bdi", {}, model?.name ?? ""))] : [];
  at("answer").replaceChildren(...(shown ? [...by, ...drawAnswer(shown, model, spent_ms)] : []));
}

function drawPicture(one) {
  const image = at("picture");
  image.parentElement.hidden = !one.url;
  if (one.url && image.src !== one.url) {
    image.hidden = false;
    at("unseeable").hidden = true;
    image.src = one.url;
  }
  image.alt = `The picture '${one.name}'`;
  const note = one.pasted ? " · as the clipboard held it, which is seldom the original file" : "";
  at("caption").textContent = `${one.name} · ${size(one.file.size)}${note}`;
}

function drawWhyChoices(one) {
  if (!one.answer) return;
  const first = one.explained || one.answer.label;
  at("label").replaceChildren(...one.model.labels.map((label) => new Option(label, label, label === first, label === first)));
  at("label").dataset.of = one.answer.id;
}

function drawWhy(one) {
  at("why").hidden = !one.answer;
  if (!one.answer) return;
  if (at("label").dataset.of !== one.answer.id) drawWhyChoices(one);
  at("looking").hidden = !one.explaining;
  at("look").setAttribute("aria-disabled", String(Boolean(one.explaining)));
  tell(at("why-problem"), one.whyRefusal, one.model.preprocessing.limits, () => again(() => explainAgain(one)));
  const why = one.reasons.get(one.explained);
  at("evidence").hidden = !why;
  if (!why) return;
  const { method, runs } = why.summary;
  at("overlay").src = why.url;
  at("overlay").alt = described(why.summary);
  at("evidence-caption").replaceChildren(
    make("b", {}, make("bdi", {}, why.summary.label)), ` ${percent(why.summary.probability)}: coloured where the picture speaks for it. `,
    make("span", {}, `${METHODS[method] ?? method} · ${runs} runs of the network · ${milliseconds(why.spent_ms)}`),
  );
}

function explainAgain(one) {
  if (one.whyRefusal?.code !== "other_model") return explain(one, one.explained);
  Object.assign(one, { whyRefusal: null, explained: "" });
  return answer(one);
}

function described({ label, peak_px, picture_px }) {
  const [width, height] = picture_px;
  if (!peak_px) return `Heat map: no place of the picture speaks for '${label}'.`;
  const [x, y] = peak_px.map(Math.round);
  const where = `${place(peak_px, picture_px)}, x ${x}, y ${y} of ${width} × ${height} pixels`;
  return `Heat map: the picture in grey, coloured where the evidence for '${label}' lies; it is strongest at the ${where}.`;
}

function say(text) {
  at("said").textContent = text;
}

function sayAnswer({ answer, model }) {
  say(several() ? `${model.name}: ${spoken(answer)}` : spoken(answer));
}

async function again(doing) {
  at("shown").focus();
  await doing();
}

// The server

async function meet() {
  await loadModels();
  tell(at("trouble"), null);
  return model;
}

async function start() {
  try {
    await meet();
  } catch (error) {
    const refusal = refused(error);
    if (!refusal.locked) tell(at("trouble"), refusal, null, () => start());
    at("summary").textContent = "Which model answers is not known yet.";
  }
}

function lock({ message }) {
  at("refused").textContent = keyed() ? `The key was not accepted. ${message}` : "";
  at("locked").hidden = false;
  at("key").focus();
}

async function unlock(text) {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    at("refused").textContent = "A key has letters, digits and signs of ASCII, and no spaces.";
    return;
  }
  useKey(text);
  at("key").value = "";
  at("locked").hidden = true;
  at("file").focus();
  await start();
  at("keyed").hidden = !keyed();
  for (const one of pictures.filter(({ refusal }) => refusal?.locked)) await answer(one);
}

function lose() {
  useKey("");
  at("keyed").hidden = true;
  at("file").focus();
  say("The API key is forgotten.");
}

// What people do

at("file").addEventListener("change", (event) => {
  take(event.target.files);
  event.target.value = "";
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  const { files } = event.dataTransfer;
  tell(at("trouble"), files.length ? null : new Refusal({ code: "no_file" }));
  take(files);
});
document.addEventListener("paste", (event) => take(event.clipboardData.files, true));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !current || event.target.matches("input[type=password], select")) return;
  const going = current.waiting ?? current.explaining;
  if (going) return going.abort();
  show(null);
  at("file").focus();
  say("The picture is put away.");
});
at("model").addEventListener("change", (event) => choose(event.target.value));
at("explain").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!current.explaining) explain(current, at("label").value);
});
at("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  unlock(at("key").value.trim());
});
at("forget").addEventListener("click", lose);
for (const event of ["load", "error"]) {
  at("picture").addEventListener(event, () => {
    at("picture").hidden = event === "error";
    at("unseeable").hidden = event === "load";
  });
}

start();
