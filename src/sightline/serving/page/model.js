// The bundle in service: what it is, and at which probabilities it decides.

import { ask } from "./asking.js";
import { figure, listed, make, setPercent, size } from "./words.js";

export let model = null;

/** Ask which bundle answers; throws as `ask` does. */
export async function loadModel() {
  model = await ask("v1/model", (response) => response.json());
  drawModel();
  return model;
}

/** The thresholds of one label: [{kind, at, text}], in the order in which a bar shows them. */
export function thresholdsOf(label) {
  const at = model.labels.indexOf(label);
  const { accept_thresholds, alarm_thresholds, label_thresholds, review_from } = model.decision;
  const found = [];
  const add = (kind, value, words) => found.push({ kind, at: value, text: `${words} ${setPercent(value)}` });
  if (model.task === "multilabel") {
    if (review_from && review_from[at] < label_thresholds[at]) add("review", review_from[at], "review from");
    add("accept", label_thresholds ? label_thresholds[at] : 0.5, "true from");
    return found;
  }
  if (alarm_thresholds?.[at] != null) add("alarm", alarm_thresholds[at], "alarm from");
  if (accept_thresholds?.[at] > 1) found.push({ kind: "never", at: null, text: "always review" });
  else if (accept_thresholds) add("accept", accept_thresholds[at], "accept from");
  return found;
}

/** What a table of probabilities is about. */
export function aboutProbabilities() {
  const { activation, accept_thresholds, alarm_thresholds, label_thresholds } = model.decision;
  if (activation === "sigmoid") {
    const none = label_thresholds ? "" : " No thresholds have been chosen: a label is true from 50% on.";
    return `Calibrated probabilities; each label stands alone.${none}`;
  }
  const none = accept_thresholds || alarm_thresholds ? "" : " No thresholds have been chosen.";
  return `Calibrated probabilities; those of all labels make 100%.${none}`;
}

function drawModel() {
  const { name, labels, task, variant, bundle_id, sightline_version } = model;
  const several = task === "multilabel" ? "any number true" : "one true";
  document.title = `${name} · Sightline`;
  document.getElementById("name").textContent = name;
  document.getElementById("summary").textContent =
    `${labels.length} labels, ${several} · variant ${variant} · bundle ${bundle_id.slice(0, 12)}`;
  document.getElementById("version").textContent = `Sightline ${sightline_version}`;
  const limits = model.preprocessing.limits;
  document.getElementById("hint").textContent =
    `${listed(limits.formats, "or")}, up to ${size(limits.max_bytes)}; sent to this server as it is, byte for byte. Esc puts it away.`;
  const facts = factsOf(model).flatMap(([term, fact]) => [make("dt", {}, term), make("dd", {}, fact)]);
  document.getElementById("facts").replaceChildren(...facts);
  document.getElementById("about").hidden = false;
}

function factsOf({ name, bundle_id, variant, task, labels, decision, preprocessing, metrics }) {
  const { outliers, sets, aim, calibration } = decision;
  const facts = [
    ["bundle", name],
    ["id", bundle_id],
    ["variant", variant],
    ["task", task === "multilabel" ? "multilabel: any number of labels is true" : "multiclass: one label is true"],
    ["labels", listed(labels.length > 40 ? [...labels.slice(0, 40), `${labels.length - 40} more`] : labels)],
    ["network's input", `${preprocessing.width_px} × ${preprocessing.height_px} pixels`],
    ["calibration", calibration.kind],
  ];
  if (aim) facts.push(["thresholds for", aim]);
  if (sets) facts.push(["sets of labels", `hold the truth in ${setPercent(sets.coverage)} of pictures`]);
  if (outliers) facts.push(["rejects", `pictures whose outlier score (${outliers.kind}) is above ${figure(outliers.threshold)}`]);
  const accuracy = metrics.test?.accuracy;
  if (accuracy != null) facts.push(["test", `${setPercent(accuracy)} of ${metrics.test.images ?? "the"} pictures right`]);
  return facts;
}
