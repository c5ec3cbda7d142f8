// The page: what keys and buttons do with the queue, the view, the tools and the photo in hand.

import {Activity} from "./activity.js";
import {prepareDialogs} from "./dialogs.js";
import {describe as describeWith} from "./heading.js";
import {addTips, keyOf, nameOf, tip} from "./keys.js";
import {prepareLearning} from "./learn.js";
import {Looks} from "./looks.js";
import {hideNotice, notice, sayOnce} from "./notice.js";
import {isOffline, prepareOffline} from "./offline.js";
import {Queue} from "./queue.js";
import {Refused, get, post} from "./server.js";
import {keep, settings} from "./settings.js";
import {Tools} from "./tools.js";
import {View} from "./view.js";
import {Work, unsent} from "./work.js";

const at = id => document.getElementById(id);
const LOOK_MS = 2500, RAREST_LOOK_MS = 30000, REST_MS = 150, AHEAD = 2;

const view = new View(at("stage"), at("picture"), at("cursor"));
const activity = new Activity();
const opened = new Map();  // works that are open or being opened, by id: the one in hand and those ahead
let work = null, summary = {}, place = -1;

const events = {
  drawn: one => { if (one === work) view.redraw(); },
  painting: one => one === work && Boolean(tools.brush),
  waits: one => { if (one === work) describe(); },
  state: one => takeState(one.id, one.about),
  nothing: one => { if (one === work) notice(tools.tool === "hole" ? "No hole of the garment is here" : tools.tool === "island" ? "The largest part of the mask is no island" : "Nothing to change here"); },
  late: (one, message) => { if (one === work && !isOffline()) notice(message, true); },
  refused: message => { notice(message, true); refresh(); },
  stale: (one, message) => reopen(one, message),
};

const hand = {
  get layers() { return work?.layers; },
  changed: box => work.changed(box),
  discard: () => work?.discard(),
  operate: operation => work?.operate(operation),
  hint: stroke => work?.hint(stroke),
  toggle: (x, y) => work?.toggle(x, y),
};
const looks = new Looks(view, settings, {
  keep, notice, changed: () => describe(), edited: () => Boolean(queue.current?.undo),
});
const tools = new Tools(view, hand, settings);
const network = {reason: "", loading: false};  // which strokes of the smart brush are given to
const queue = new Queue(photo => show(photo));

// The photo in hand

// Of the photos that are passed while a key is held only the one is opened at which it `rests`, in milliseconds.
async function show(photo, rests = 0) {
  if (!photo || photo === queue.current && work) return;
  tools.cancel();
  queue.select(photo);
  activity.begin(photo.id);
  work = null; place = -1;
  describe();
  if (rests) await new Promise(resolve => setTimeout(resolve, rests));
  if (queue.current !== photo) return;
  try {
    const one = await openLatest(photo);
    if (queue.current !== photo) return;
    work = one;
    view.show(one.layers, one.about.regions, one.about.edge_lines);
    if (view.split) view.split.before = one.about.undo ? "predicted" : "photo";
    if (one.asked > photo.asked) Object.assign(photo, pick(one.about), {asked: one.asked});
    describe();
    if (photo.outdated) outdated(one);
    else if (photo.problem) notice(photo.problem, true);
    else hideNotice();
    ahead();
    prepareHints();
  } catch (error) {
    opened.delete(photo.id);
    if (queue.current === photo) { view.layers = null; view.redraw(); notice(error.message, true); }
  }
}

function open(id) {
  if (!opened.has(id)) {
    const waiting = Work.open(id, events).then(async one => {
      await one.layers.prepare(view.scaleThatFits(one.about.width, one.about.height));
      return one;
    });
    waiting.catch(() => opened.delete(id));
    opened.set(id, waiting);
  }
  return opened.get(id);
}

// What was opened ahead may have been changed elsewhere since.
async function openLatest(photo) {
  const one = await open(photo.id);
  if (one.active || one.asked > photo.asked || one.about.revision === photo.revision) return one;
  opened.delete(photo.id);
  return open(photo.id);
}

function ahead() {
  const near = new Set([queue.nextOpen, queue.neighbour(1), queue.neighbour(-1)].filter(Boolean));
  const next = [...near].slice(0, AHEAD).map(photo => photo.id);
  for (const id of next) open(id).catch(() => {});
  for (const [id, waiting] of opened)
    if (id !== work?.id && !next.includes(id)) waiting.then(one => { if (one !== work && !one.active) opened.delete(id); }, () => {});
}

// Have the network ready for the photo in hand while the smart brush is: loading it takes a moment.
async function prepareHints() {
  const one = work;
  if (!one || tools.tool !== "hint") return;
  network.loading = true; tools.settle();
  try { await post(`api/photos/${one.id}/hints`, {}); }
  catch (error) { if (error instanceof Refused && one === work) notice(error.message, true); }
  network.loading = false; tools.settle();
}

async function lookForNetwork() {
  try { await get("api/network"); network.reason = ""; }
  catch (error) { if (error instanceof Refused) network.reason = error.message; }
  const button = document.querySelector("[data-tool=hint]");
  button.classList.toggle("off", Boolean(network.reason));
  button.setAttribute("aria-disabled", String(Boolean(network.reason)));
  button.title = network.reason ? `${tip("hint")}\nNot here: ${network.reason}` : tip("hint");
}

function choose(tool) {
  if (tool === "hint" && network.reason) { notice(network.reason); return; }
  tools.choose(tool);
  prepareHints();
}

async function reopen(one, message) {
  opened.delete(one.id);
  if (one === work) {
    const photo = queue.current, kept = [view.scale, view.left, view.top, view.fitted];
    work = null;
    await show(photo);
    if (!kept[3] && work) { [view.scale, view.left, view.top, view.fitted] = kept; view.moved(); }
  }
  if (message) notice(message, true);
  refresh();
}

const pick = ({revision, undo, redo, decision, pending, problem, outdated}) => ({revision, undo, redo, decision, pending, problem, outdated});

function takeState(id, state) {
  const photo = queue.all.get(id);
  if (!photo) return;
  Object.assign(photo, pick(state), {asked: performance.now()});
  queue.update(photo);
  describe();
  if (photo.pending) look();
}

async function decide(decision) {
  if (!work) return;
  if (decision === "accepted" && work.unseen) { notice("The mask is still changing: look at it, then accept it"); return; }
  tools.cancel();
  const photo = queue.current, one = work;
  photo.decision = decision;
  if (decision === "accepted") photo.pending = true;
  queue.update(photo);
  const sent = one.decide(decision), reported = activity.report();
  const next = decision ? queue.nextOpen : null;
  if (next) show(next);
  else { describe(); if (decision) notice(queue.left ? "" : "All photos of this queue are decided"); }
  await sent; await reported;
  summary = await get("api/summary").catch(() => summary);
  describe();
}

// What the page says

const describe = () => describeWith({queue, view, work, summary});

function outdated(one) {
  const button = Object.assign(document.createElement("button"), {className: "plain", textContent: "Begin again from the new mask"});
  button.style.cssText = "border-color: var(--line)";
  button.onclick = async () => {
    try { await post(`api/photos/${one.id}/restart`, {revision: one.about.revision}); notice(""); } catch (error) { notice(error.message, true); }
    reopen(one, "");
  };
  notice("predict has made another mask since you began; your corrections are on the earlier one.", true, button);
}

async function refresh() {
  try {
    const asked = performance.now(), all = await get("api/overview");
    summary = all.summary;
    document.title = `Review · ${all.folder.split("/").filter(Boolean).slice(-2).join("/")}`;
    queue.take(all.photos, asked);
    if (work) {
      const now = queue.all.get(work.id);
      if (now && !work.active && now.revision !== work.about.revision) reopen(work, `${now.name} was changed elsewhere in the meantime; here it is as it is now`);
    }
    sayOnce(all.saved);
    if (all.problem) notice(all.problem, true);
    describe();
    return all;
  } catch { return null; }
}

const firstOpen = () => queue.shown.find(photo => !photo.decision) ?? queue.shown[0];

// The program answers again: show what could not be fetched meanwhile.
async function goOn() {
  view.redraw();
  await refresh();
  if (!work) show(queue.current ?? firstOpen());
}

// While files are being written, look how that goes; ever more rarely, since predict may be at work for hours.
function look(wait = LOOK_MS) {
  clearTimeout(look.timer);
  look.timer = setTimeout(async () => {
    const all = await refresh();
    if (all?.photos.some(photo => photo.pending)) look(Math.min(RAREST_LOOK_MS, 2 * wait));
  }, wait);
}

function nextDoubt() {
  const regions = view.regions.toSorted((one, other) => (other.probability ?? 0) - (one.probability ?? 0));  // the likeliest fault first
  if (!regions.length) { notice("Nothing is doubtful here"); return; }
  if (!view.showsDoubts) { view.doubts = true; looks.setMode("outline"); describe(); }
  place = (place + 1) % regions.length;
  tools.hover(regions[place]);
  view.lookAt(regions[place].box);
}

function setHeld(name, down) {
  if (name === "pan") { tools.space = down; tools.setCursor(); view.drawCursor(); return; }
  looks.setBefore(down ? name : null);
}

// What keys and buttons do

// A key that is held waits for what it did before, and so ends where it is let go.
const isAhead = event => Boolean(event?.repeat && work.active);

const actions = {
  accept: event => tools.tool === "polygon" && tools.line.length ? tools.close(Boolean(event?.altKey)) : event?.altKey || decide("accepted"),
  "by-hand": () => decide("redo"),
  undecide: () => queue.current?.decision && decide(null),
  next: event => show(queue.neighbour(1), event?.repeat ? REST_MS : 0),
  previous: event => show(queue.neighbour(-1), event?.repeat ? REST_MS : 0),
  view: () => looks.nextMode(),
  ground: () => looks.nextGround(),
  split: () => looks.toggleSplit(),
  lines: () => { if (!work?.about.edge_lines.length) { notice("Where the true edge lies is not known here: predict writes it with --trimap --trimap-certainty 0.9"); return; } view.lines = !view.lines; describe(); view.redraw(); },
  doubts: () => { view.doubts = !view.doubts; describe(); view.redraw(); },
  "zoom-in": () => view.zoomBy(1.5),
  "zoom-out": () => view.zoomBy(1 / 1.5),
  full: () => view.zoomTo(1),
  fit: () => view.fitted === "garment" ? view.fit() : view.fitGarment(),
  doubtful: nextDoubt,
  toggle: () => { if (view.hovered) work?.toggle(...view.hovered.at); else nextDoubt(); },
  swap: () => { if (tools.paints) tools.choose(tools.tool === "brush" ? "eraser" : "brush"); else { settings.add = !settings.add; tools.settle(); } },
  smaller: () => tools.resize(1 / 1.2),
  larger: () => tools.resize(1.2),
  softer: () => tools.harden(-0.1),
  harder: () => tools.harden(0.1),
  undo: event => tools.line.length ? (tools.line.pop(), view.drawCursor()) : work?.steps.undo > 0 && !isAhead(event) && work.undo(),
  redo: event => work?.steps.redo > 0 && !isAhead(event) && work.redo(),
  cancel: () => tools.cancel(),
  help: () => at("help").showModal(),
};
for (const tool of ["pointer", "brush", "eraser", "hint", "polygon", "lasso", "hole", "island", "refine"]) actions[tool] = () => choose(tool);
const HELD = ["before", "predicted", "pan"], REPEATED = ["smaller", "larger", "softer", "harder", "undo", "redo", "zoom-in", "zoom-out", "next", "previous"];

addEventListener("keydown", event => {
  if (document.querySelector("dialog[open]")) return;
  const field = event.target.closest("select, input:not([type=range])");
  if (field && event.key === "Escape") field.blur();
  if (field?.matches("select")) return;
  if (["Enter", " "].includes(event.key) && (field ?? event.target.closest("button"))) return;  // which the key presses
  const name = nameOf(event);
  if (!name) return;
  event.preventDefault();
  if (HELD.includes(name)) { if (!event.repeat) setHeld(name, true); return; }
  if (event.repeat && !REPEATED.includes(name)) return;
  if (tools.brush && name !== "cancel") return;  // a stroke is in hand
  actions[name](event);
});
addEventListener("keyup", event => {
  if (event.key === " ") setHeld("pan", false);
  if (["c", "shift"].includes(keyOf(event)) && view.before) setHeld("before", false);
});
addEventListener("blur", () => { setHeld("pan", false); setHeld("before", false); });

// Keys go to the photo, and to a button only where the keyboard came to it: a mouse leaves no focus behind.
const onPage = event => !event.target.closest("dialog, label, input, select");
addEventListener("pointerdown", event => { if (onPage(event)) document.activeElement.blur(); }, {capture: true});
addEventListener("mousedown", event => { if (onPage(event) && event.target.closest("button")) event.preventDefault(); });

const press = (id, name) => at(id).addEventListener("click", () => actions[name]());
for (const [id, name] of Object.entries({accept: "accept", "redo-by-hand": "by-hand", undo: "undo", redo: "redo", previous: "previous", next: "next", split: "split", lines: "lines", doubts: "doubts", "show-help": "help"})) press(id, name);
for (const button of document.querySelectorAll("[data-tool]")) button.addEventListener("click", () => choose(button.dataset.tool));
for (const button of document.querySelectorAll("[data-add]")) button.addEventListener("click", () => { settings.add = button.dataset.add === "1"; tools.settle(); });
for (const button of document.querySelectorAll("[data-zoom]"))
  button.addEventListener("click", () => actions[{in: "zoom-in", out: "zoom-out", 100: "full", fit: "fit"}[button.dataset.zoom]]());

// The size of the brush on a scale on which each step is as much more than the one before.
const toSize = value => Math.max(1, Math.round(1000 ** (value / 1000)));
at("size").addEventListener("input", event => { settings.size = toSize(event.target.value); tools.settle(); });
at("hardness").addEventListener("input", event => { settings.hardness = event.target.value / 100; tools.settle(); });
for (const id of ["size", "hardness"]) at(id).addEventListener("change", event => event.target.blur());

tools.listeners.push(() => {
  for (const button of document.querySelectorAll("[data-tool]")) button.classList.toggle("on", button.dataset.tool === tools.tool);
  at("options").hidden = tools.tool === "pointer";
  at("mode").hidden = !tools.chooses;
  for (const button of document.querySelectorAll("[data-add]")) button.classList.toggle("on", (button.dataset.add === "1") === settings.add);
  at("size-label").hidden = !tools.sized;
  at("hardness-label").hidden = !tools.paints;
  at("size").value = Math.round(1000 * Math.log(settings.size) / Math.log(1000));
  at("size-value").textContent = `${settings.size} px`;
  at("hardness").value = Math.round(settings.hardness * 100);
  at("hardness-value").textContent = `${Math.round(settings.hardness * 100)}%`;
  at("hint").textContent = tools.tool === "hint" && network.loading ? "The network is being loaded; you can draw already" : tools.hint;
  keep();
});
view.listeners.push(() => { at("zoom").textContent = `${Math.round(view.scale * 100)}%`; });

prepareOffline(goOn);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
addEventListener("beforeunload", event => { if (unsent.size) event.preventDefault(); });

// The beginning

prepareDialogs(() => activity.report());
prepareLearning();
addTips();
at("slider").title = tip("split");
queue.filter.value = settings.filter in {all: 1, open: 1} ? settings.filter : "all";
queue.order.value = settings.order;
queue.filter.addEventListener("change", () => { settings.filter = queue.filter.value; keep(); describe(); });
queue.order.addEventListener("change", () => { settings.order = queue.order.value; keep(); });
view.resize();
tools.choose("pointer");
await refresh();
show(firstOpen()).then(lookForNetwork);
window.review = {view, tools, queue, get work() { return work; }, show};  // for tests and the curious
