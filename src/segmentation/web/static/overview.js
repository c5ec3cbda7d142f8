// What the program says of all photos: asked for at the beginning, when somebody comes back, and while files are written.

import {notice, sayOnce} from "./notice.js";
import {learn} from "./queue.js";
import {get} from "./server.js";

const LOOK_MS = 2500, RAREST_LOOK_MS = 30000;

export class Overview {
  constructor(view, queue, hand, describe) {
    Object.assign(this, {view, queue, hand, describe, summary: {}});
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.refresh(); });
  }

  async refresh() {
    try {
      const asked = performance.now(), all = await get("api/overview");
      this.summary = all.summary;
      document.title = `Review · ${all.folder.split("/").filter(Boolean).slice(-2).join("/")}`;
      this.queue.take(all.photos, asked);
      this.reopenChanged();
      sayOnce(all.saved);
      if (all.problem) notice(all.problem, true);
      this.describe();
      return all;
    } catch { return null; }
  }

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

  // While files are being written, look how that goes; ever more rarely, since predict may be at work for hours.
  look(wait = LOOK_MS) {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const all = await this.refresh();
      if (all?.photos.some(photo => photo.pending)) this.look(Math.min(RAREST_LOOK_MS, 2 * wait));
    }, wait);
  }

  get firstOpen() { return this.queue.shown.find(photo => !photo.decision) ?? this.queue.shown[0]; }

  // The program answers again: show what could not be fetched meanwhile.
  async goOn() {
    this.view.redraw();
    await this.refresh();
    if (!this.hand.work) this.hand.show(this.queue.current ?? this.firstOpen);
  }
}
