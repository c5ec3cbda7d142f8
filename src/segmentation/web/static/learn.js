// The dialog that has the model learn from the corrections, and shows how that goes.

import {get, post} from "./server.js";
import {keep, settings} from "./settings.js";

const at = id => document.getElementById(id);
const LOOK_MS = 1500;
const FIELDS = {"learn-name": "learned", "learn-validation": "validation"};
const plain = text => text.replace(/`from_`[^:]*: /, "").replace(/`([^`]*)`/g, "$1");

let timer = null;

export async function prepareLearning() {
  const offered = await get("api/adapt").catch(() => null);
  at("show-learn").hidden = !offered;
  if (!offered) return;
  at("show-learn").addEventListener("click", () => { at("learn").showModal(); look(); });
  at("learn-form").addEventListener("submit", event => {
    if (event.submitter?.value === "close") return;
    event.preventDefault();
    begin(at("learn-replace").checked ? "overwrite" : "new");
  });
  at("learn-on").addEventListener("click", () => begin("resume"));
  at("learn-stop").addEventListener("click", () => ask("api/adapt/stop"));
  for (const [id, name] of Object.entries(FIELDS)) at(id).value = settings[name];
  show(offered);
  if (offered.running) look();
}

// What was begun is gone on with by the same names, after a reload as well.
function begin(how) {
  for (const [id, name] of Object.entries(FIELDS)) settings[name] = at(id).value.trim();
  keep();
  ask("api/adapt", {name: settings.learned, validation: settings.validation, how});
}

async function ask(address, body = {}) {
  try { show(await post(address, body)); look(); }
  catch (error) { Object.assign(at("learn-outcome"), {className: "bad", textContent: plain(error.message)}); }
}

async function look() {
  clearTimeout(timer);
  const course = await get("api/adapt").catch(() => null);
  if (course) show(course);
  if (!course || course.running) timer = setTimeout(look, LOOK_MS);
}

function show(course) {
  const {running, doing, share, lines, outcome, error, stopped} = course;
  for (const id of [...Object.keys(FIELDS), "learn-replace"]) at(id).disabled = running;
  at("learn-begin").hidden = running;
  at("learn-stop").hidden = !running;
  at("learn-on").hidden = running || !stopped;
  at("learn-bar").hidden = !running;
  if (share === null) at("learn-bar").removeAttribute("value");
  else at("learn-bar").value = share;
  at("learn-doing").textContent = doing;
  at("learn-lines").replaceChildren(...lines.map(line => Object.assign(document.createElement("li"), {textContent: plain(line)})));
  at("learn-lines").lastElementChild?.scrollIntoView({block: "nearest"});
  at("learn-outcome").className = error ? "bad" : course.taken ? "good" : "";
  at("learn-outcome").textContent = error ? plain(error) : outcome || (stopped ? "Stopped. The finished epochs are kept." : "");
  at("show-learn").classList.toggle("on", running);
}
