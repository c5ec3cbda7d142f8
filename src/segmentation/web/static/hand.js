// The photo in hand: what is done to it, and how the next one comes.

import {hideNotice, notice} from "./notice.js";
import {isOffline} from "./offline.js";
import {Opened} from "./opened.js";
import {learn} from "./queue.js";
import {post} from "./server.js";

export class Hand {
  // `page` has: describe(), refresh(), note(work), which takes its new state, decided(), shown(), letGo() before another
  // photo comes, isPainting(), and nothing(), why the tool has changed nothing
  constructor(view, queue, activity, page) {
    Object.assign(this, {view, queue, activity, page, work: null});
    this.opened = new Opened(view, {
      drawn: work => { if (this.holds(work)) view.redraw(); },
      painting: work => this.holds(work) && page.isPainting(),
      waits: work => { if (this.holds(work)) page.describe(); },
      state: work => page.note(work),
      nothing: work => { if (this.holds(work)) notice(page.nothing()); },
      late: (work, message) => { if (this.holds(work) && !isOffline()) notice(message, true); },
      refused: message => { notice(message, true); page.refresh(); },
      stale: (work, message) => this.reopen(work, message),
    });
  }

  holds(work) { return work === this.work; }

  get layers() { return this.work?.layers; }
  changed(box) { this.work.changed(box); }
  discard() { this.work?.discard(); }
  operate(operation) { return this.work?.operate(operation); }
  hint(stroke) { return this.work?.hint(stroke); }
  toggle(x, y) { return this.work?.toggle(x, y); }

  // Of the photos that are passed while a key is held only the one is opened at which it `rests`, in milliseconds.
  async show(photo, rests = 0) {
    const {view, queue, page} = this;
    if (!photo || photo === queue.current && this.work) return;
    page.letGo();
    queue.select(photo);
    this.activity.begin(photo.id);
    this.work = null;
    page.describe();
    if (rests) await new Promise(resolve => setTimeout(resolve, rests));
    if (queue.current !== photo) return;
    try {
      const work = await this.opened.latest(photo);
      if (queue.current !== photo) return;
      this.work = work;
      view.show(work.layers, work.about.regions, work.about.edge_lines);
      if (view.split) view.split.before = work.about.undo ? "predicted" : "photo";
      if (work.asked > photo.asked) learn(photo, work.about, work.asked);
      page.describe();
      if (photo.outdated) this.offerNewMask(work);
      else if (photo.problem) notice(photo.problem, true);
      else hideNotice();
      this.opened.keepNear([queue.nextOpen, queue.neighbour(1), queue.neighbour(-1)], one => this.holds(one));
      page.shown();
    } catch (error) {
      this.opened.drop(photo.id);
      if (queue.current === photo) { view.layers = null; view.redraw(); notice(error.message, true); }
    }
  }

  // Show a photo as it is now, in the part of it that is looked at.
  async reopen(work, message) {
    this.opened.drop(work.id);
    if (this.holds(work)) {
      const {view} = this, kept = [view.scale, view.left, view.top, view.fitted];
      this.work = null;
      await this.show(this.queue.current);
      if (!kept[3] && this.work) { [view.scale, view.left, view.top, view.fitted] = kept; view.moved(); }
    }
    if (message) notice(message, true);
    this.page.refresh();
  }

  async decide(decision) {
    const {queue, page, work} = this;
    if (!work) return;
    if (decision === "accepted" && work.unseen) { notice("The mask is still changing: look at it, then accept it"); return; }
    page.letGo();
    const photo = queue.current;
    photo.decision = decision;
    if (decision === "accepted") photo.pending = true;
    queue.update(photo);
    const sent = work.decide(decision), reported = this.activity.report();
    const next = decision ? queue.nextOpen : null;
    if (next) this.show(next);
    else { page.describe(); if (decision) notice(queue.left ? "" : "All photos of this queue are decided"); }
    await sent; await reported;
    page.decided();
  }

  offerNewMask(work) {
    const button = Object.assign(document.createElement("button"), {className: "plain framed", textContent: "Begin again from the new mask"});
    button.onclick = async () => {
      try { await post(`api/photos/${work.id}/restart`, {revision: work.about.revision}); notice(""); } catch (error) { notice(error.message, true); }
      this.reopen(work, "");
    };
    notice("predict has made another mask since you began; your corrections are on the earlier one.", true, button);
  }
}
