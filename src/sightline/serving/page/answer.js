// An answer, drawn: labels, verdict, bars, set, outlier score, times.

import { aboutProbabilities, thresholdsOf } from "./model.js";
import { figure, listed, make, milliseconds, percent, setPercent } from "./words.js";

const SHOWN = 6;
const VERDICTS = {
  accept: { badge: "good", border: "", mark: "✓", words: "accept" },
  review: { badge: "warning", border: "warning", mark: "?", words: "review: a person should look" },
  reject: { badge: "error", border: "error", mark: "✕", words: "reject: not to be answered" },
};
const STAGES = [
  ["queue_ms", "waiting", "excluded"],
  ["decode_ms", "decoding", "val"],
  ["preprocess_ms", "preprocessing", "calibration"],
  ["infer_ms", "network", "train"],
  ["decide_ms", "deciding", "test"],
];

/** The labels that are held for true, in words. */
export function headline(answer) {
  return answer.labels.length ? listed(answer.labels) : "no label";
}

/** One sentence for those who listen. */
export function spoken(answer) {
  const sure = answer.task === "multiclass" ? `, ${percent(answer.probability)}` : "";
  return `${headline(answer)}${sure}. Decision: ${VERDICTS[answer.decision].words}. ${answer.reason}`;
}

/** Everything that is known of an answer of a model, as elements; `spent_ms` from sending to having it. */
export function drawAnswer(answer, model, spent_ms) {
  const parts = [...bars(answer, model), ...set(answer, model), ...outlier(answer, model)];
  return [verdict(answer), ...parts, ...times(answer.timings, spent_ms)];
}

function badge(decision) {
  const { badge, mark, words } = VERDICTS[decision];
  return make("span", { class: `badge ${badge}` }, `${mark} ${words}`);
}

export function tick(decision) {
  const { badge, mark } = VERDICTS[decision];
  return make("span", { class: `badge ${badge}`, title: decision }, mark, make("span", { class: "unseen" }, ` ${decision}`));
}

function verdict(answer) {
  const sure = answer.task === "multiclass" ? [" ", make("span", { class: "sure" }, percent(answer.probability))] : [];
  const name = make("strong", answer.decision === "reject" ? { class: "soft" } : {}, make("bdi", {}, headline(answer)), ...sure);
  const classes = `verdict ${VERDICTS[answer.decision].border}`;
  return make("div", { class: classes }, name, make("p", {}, badge(answer.decision)), make("p", {}, answer.reason));
}

function bars(answer, model) {
  const limited = answer.candidates.some(({ label }) => thresholdsOf(model, label).length);
  const columns = ["label", "probability", ...(limited ? ["threshold"] : [])];
  const rows = answer.candidates.map((one) => row(one, answer.labels.includes(one.label), model, limited));
  const head = make("thead", {}, make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name))));
  const caption = make("caption", {}, aboutProbabilities(model));
  const first = make("table", { class: "bars" }, caption, head, make("tbody", {}, ...rows.slice(0, SHOWN)));
  if (rows.length <= SHOWN) return [first];
  const rest = rows.length - SHOWN;
  const left = model.labels.length - rows.length;
  const more = make("summary", {}, `${rest} more${left > 0 ? ` of the other ${rest + left}` : ""}`);
  const others = make("caption", { class: "unseen" }, "Less probable labels");
  const table = make("table", { class: "bars" }, others, head.cloneNode(true), make("tbody", {}, ...rows.slice(SHOWN)));
  return [first, make("details", {}, more, table)];
}

function row({ label, probability }, held, model, limited) {
  const thresholds = thresholdsOf(model, label);
  const bar = make("div", { class: "bar", "aria-hidden": "true" });
  const review = thresholds.find((one) => one.kind === "review");
  const accept = thresholds.find((one) => one.kind === "accept");
  if (review) bar.append(between(make("u"), review.at, accept.at));
  bar.append(between(make("i", { class: held ? "held" : "none" }), 0, probability));
  for (const { kind, at } of thresholds.filter((one) => one.at !== null)) bar.append(between(make("b", { class: kind }), at, at));
  const name = make("th", { scope: "row" }, make("bdi", {}, label));
  if (held) {
    const meaning = model.task === "multilabel" ? "held for true" : "the answer";
    name.prepend(make("span", { class: "check", "aria-hidden": "true" }, "✓ "));
    name.append(make("span", { class: "unseen" }, ` (${meaning})`));
  }
  const texts = thresholds.map(({ kind, text }) => make("span", { class: `at ${kind}` }, text));
  const number = make("span", { class: "figure" }, percent(probability));
  const cells = [make("td", {}, make("div", { class: "measured" }, bar, number))];
  if (limited) cells.push(make("td", { class: "limits" }, ...(texts.length ? texts : ["–"])));
  return make("tr", {}, name, ...cells);
}

// Set by script: the page's policy allows no style in its markup.
function between(element, from, to) {
  element.style.left = `${100 * from}%`;
  if (to !== from) element.style.width = `${100 * (to - from)}%`;
  return element;
}

function set({ label_set }, model) {
  if (!label_set || !model.decision.sets) return [];
  const coverage = setPercent(model.decision.sets.coverage);
  return [
    make("h3", {}, "Prediction set"),
    make("p", {}, make("b", {}, listed(label_set)), make("span", { class: "soft" }, ` – sets like this hold the truth in ${coverage} of pictures`)),
  ];
}

function outlier({ outlier_score: score }, model) {
  const rule = model.decision.outliers;
  if (score == null || !rule) return [];
  const strange = !(score <= rule.threshold);
  const text = `${figure(score)}, ${strange ? "above" : "not above"} the threshold ${figure(rule.threshold)} (${rule.kind})`;
  const parts = [make("h3", {}, "How unlike the training images"), make("p", {}, text)];
  if (score >= 0 && rule.threshold > 0) {
    const end = 1.25 * Math.max(score, rule.threshold);
    const bar = make("div", { class: "bar thin", "aria-hidden": "true" });
    bar.append(between(make("i", { class: strange ? "strange" : "none" }), 0, score / end));
    bar.append(between(make("b", { class: "accept" }), rule.threshold / end, rule.threshold / end));
    parts.push(bar);
  }
  return parts;
}

function times(timings, spent_ms) {
  const sum = STAGES.reduce((total, [stage]) => total + timings[stage], 0);
  const bar = make("div", { class: "bar thin", "aria-hidden": "true" });
  let from = 0;
  for (const [stage, , colour] of STAGES) {
    bar.append(between(make("i", { class: colour }), from, from + timings[stage] / sum));
    from += timings[stage] / sum;
  }
  const key = STAGES.map(([stage, name, colour]) =>
    make("li", {}, make("i", { class: colour, "aria-hidden": "true" }), `${name} ${milliseconds(timings[stage])}`),
  );
  const whole = `${milliseconds(sum)} in the server; ${milliseconds(spent_ms)} from sending to having the answer`;
  return [make("h3", {}, "Time"), make("p", {}, whole), bar, make("ul", { class: "key" }, ...key)];
}
