// The models in service: which one is chosen, what it is, and at which probabilities it decides.

import { Refusal, ask } from "./asking.js";
import { figure, listed, make, setPercent, size } from "./words.js";

/** The one that is asked from now on; null while it is not known. */
export let model = null;

let models = [];

/** Ask which models answer, and keep the choice where it is still among them; throws as `ask` does. */
export async function loadModels() {
  ({ models } = await ask("v1/models", (response) => response.json()));
  if (!models.length) throw new Refusal({ code: "unknown_model", message: "No model is in service." });
  chooseModel(model?.name);
  return model;
}

/** Let the model of this name answer, or the first where there is none. */
export function chooseModel(name) {
  model = models.find((one) => one.name === name) ?? models[0];
  drawChoice();
  drawModel();
}

/** Whether there is a choice. */
export function several() {
  return models.length > 1;
}

/** The model that an answer is by, of those that bear `name` the one that does. */
export function modelBehind({ bundle_id }, name) {
  const same = models.filter((one) => one.bundle_id === bundle_id);
  return same.find((one) => one.name === name) ?? same[0] ?? null;
}

/** The thresholds of one label: [{kind, at, text}], in the order in which a bar shows them. */
export function thresholdsOf(model, label) {
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
export function aboutProbabilities({ decision }) {
  const { activation, accept_thresholds, alarm_thresholds, label_thresholds } = decision;
  if (activation === "sigmoid") {
    const none = label_thresholds ? "" : " No thresholds have been chosen: a label is true from 50% on.";
    return `Calibrated probabilities; each label stands alone.${none}`;
  }
  const none = accept_thresholds || alarm_thresholds ? "" : " No thresholds have been chosen.";
  return `Calibrated probabilities; those of all labels make 100%.${none}`;
}

// Made anew only where it differs: a list that somebody has open would close.
function drawChoice() {
  const choice = document.getElementById("model");
  const names = models.map(({ name }) => name);
  if (JSON.stringify([...choice.options].map(({ value }) => value)) !== JSON.stringify(names)) {
    choice.replaceChildren(...names.map((name) => new Option(name, name)));
  }
  choice.value = model.name;
  document.getElementById("which").hidden = !several();
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
