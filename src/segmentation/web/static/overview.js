// What the program says of all photos: asked for at the beginning, when somebody comes back, and while files are written.

import {say, unsay} from "./messages.js";
import {learn} from "./queue.js";
import {Refused, get} from "./server.js";

const promises = document.getElementById("promises");
const LOOK_MS = 2500, RAREST_LOOK_MS = 30000;

export class Overview {
  constructor(view, queue, hand, describe) {
    Object.assign(this, {view, queue, hand, describe, summary: {}});
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.refresh(); });
  }

  // While files are being written, or something is missing, it is asked for again, after `next` milliseconds.
  async refresh(next = LOOK_MS) {
    const asked = performance.now();
    const all = await get("api/overview").catch(error => { if (error instanceof Refused) say("overview", error.message); });
    if (all) await this.take(all, asked);
    if (!all || this.hand.missed || this.isWriting) this.look(next);
  }

  async take(all, asked) {
    unsay("overview");
    this.summary = all.summary;
    showPromises(all.promises);
    document.title = `Review · ${all.folder.split("/").filter(Boolean).slice(-2).join("/")}`;
    this.queue.take(all.photos, asked);
    this.reopenChanged();
    for (const text of all.saved) say(text, text);
    if (all.problem) say("problem", all.problem); else unsay("problem");
    this.describe();
    if (this.hand.missed) await this.hand.show(this.queue.current);
  }

  get isWriting() { return [...this.queue.all.values()].some(photo => photo.pending); }

  reopenChanged() {
    const {work} = this.hand, now = work && this.queue.all.get(work.id);
    if (now && !work.active && now.revision !== work.about.revision) this.hand.reopen(work, `${now.name} was changed elsewhere in the meantime; here it is as it is now`);
  }

  async count() {
    this.summary = await get("api/summary").catch(() => this.summary);
    this.describe();
  }

  // Take the state of a photo, as it was answered to a change.
  note(work) {
    const photo = this.queue.all.get(work.id);
    if (!photo) return;
    learn(photo, work.about, performance.now());
    this.queue.update(photo);
    this.describe();
    if (photo.pending) this.look();
  }

  // Look again; ever more rarely, since predict may be at work for hours.
  look(wait = LOOK_MS) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(Math.min(RAREST_LOOK_MS, 2 * wait)), wait);
  }

  get firstOpen() { return this.queue.shown.find(photo => !photo.decision) ?? this.queue.shown[0]; }

  // The program answers again: show what could not be fetched meanwhile.
  async goOn() {
    this.view.redraw();
    await this.refresh();
    if (!this.hand.work) this.hand.show(this.queue.current ?? this.firstOpen);
  }
}

// What was promised of the photos that nobody has to look at.
function showPromises(sentences) {
  promises.hidden = !sentences.length;
  promises.replaceChildren(...sentences.map(text => Object.assign(document.createElement("p"), {textContent: `A promise: ${text}.`})));
}
