// The page: the photo in hand, and how its parts begin.

import {Activity} from "./activity.js";
import {commands} from "./commands.js";
import {prepareControls} from "./controls.js";
import {prepareDialogs} from "./dialogs.js";
import {describe as describeWith} from "./heading.js";
import {prepareKeyboard} from "./keyboard.js";
import {addTips, tip} from "./keys.js";
import {prepareLearning} from "./learn.js";
import {Looks} from "./looks.js";
import {hideNotice, notice, sayOnce} from "./notice.js";
import {isOffline, prepareOffline} from "./offline.js";
import {Queue} from "./queue.js";
import {get, post} from "./server.js";
import {keep, settings} from "./settings.js";
import {SmartBrush} from "./smart_brush.js";
import {Tools} from "./tools.js";
import {View} from "./view.js";
import {Work, unsent} from "./work.js";

const at = id => document.getElementById(id);
const LOOK_MS = 2500, RAREST_LOOK_MS = 30000, AHEAD = 2;

const view = new View(at("stage"), at("picture"), at("cursor"));
const activity = new Activity();
const opened = new Map();  // works that are open or being opened, by id: the one in hand and those ahead
let work = null, summary = {};

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
  get work() { return work; },
  get layers() { return work?.layers; },
  changed: box => work.changed(box),
  discard: () => work?.discard(),
  operate: operation => work?.operate(operation),
  hint: stroke => work?.hint(stroke),
  toggle: (x, y) => work?.toggle(x, y),
  show: (photo, rests) => show(photo, rests),
  decide: decision => decide(decision),
};
const looks = new Looks(view, settings, {
  keep, notice, changed: () => describe(), edited: () => Boolean(queue.current?.undo),
});
const tools = new Tools(view, hand, settings);
const smartBrush = new SmartBrush(tools, hand);
const queue = new Queue(photo => show(photo));

// The photo in hand

// Of the photos that are passed while a key is held only the one is opened at which it `rests`, in milliseconds.
async function show(photo, rests = 0) {
  if (!photo || photo === queue.current && work) return;
  tools.cancel();
  queue.select(photo);
  activity.begin(photo.id);
  work = null;
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
    smartBrush.prepare();
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

prepareOffline(goOn);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
addEventListener("beforeunload", event => { if (unsent.size) event.preventDefault(); });

// The beginning

prepareDialogs(() => activity.report());
prepareLearning();
addTips();
at("slider").title = tip("split");
const parts = {view, tools, looks, queue, hand, smartBrush, settings, keep, describe};
const actions = commands(parts);
prepareKeyboard(actions, parts);
prepareControls(actions, parts);
view.resize();
tools.choose("pointer");
await refresh();
show(firstOpen()).then(() => smartBrush.look());
window.review = {view, tools, queue, get work() { return work; }, show};  // for tests and the curious
