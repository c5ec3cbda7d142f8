// The photo in hand: what is done to it, and how the next one comes.

import {button, say, unsay} from "./messages.js";
import {hideNotice, notice} from "./notice.js";
import {Opened} from "./opened.js";
import {learn} from "./queue.js";
import {Refused, post} from "./server.js";
import {Work} from "./work.js";

const SEEN_MS = 250;  // for which a photo is in sight before a key that was pressed can be about it

export class Hand {
  // `page` has: describe(), refresh(), look(), which refreshes later, note(work), which takes its state, decided(),
  // shown(), letGo() before another photo comes, isPainting(), and nothing(), why the tool has changed nothing
  constructor(view, queue, activity, page) {
    Object.assign(this, {view, queue, activity, page, work: null, unshown: null, missed: false, seenAt: null});
    this.opened = new Opened(view, {
      drawn: work => { if (this.holds(work)) view.redraw(); },
      painting: work => this.holds(work) && page.isPainting(),
      waits: work => { if (this.holds(work)) page.describe(); },
      state: work => { unsay(work.id); page.note(work); },
      nothing: work => { if (this.holds(work)) notice(page.nothing()); },
      late: work => this.sayLate(work),
      refused: (work, message) => { this.tell(work, message); page.refresh(); },
      stale: (work, message) => this.reopen(work, message),
    });
  }

  holds(work) { return work === this.inHand; }

  // `work` is a photo that is shown, `unshown` one that the program cannot show, `missed` whether it may be able to later.
  get inHand() { return this.work ?? this.unshown; }

  // Whether the photo, or why it is not shown, is in sight for long enough to be decided on: not by the second of two quick presses.
  get isSeen() { return this.seenAt !== null && performance.now() - this.seenAt > SEEN_MS; }

  get layers() { return this.work?.layers; }
  changed(box) { this.work.changed(box); }
  discard() { this.work?.discard(); }
  operate(operation) { return this.work?.operate(operation); }
  hint(stroke) { return this.work?.hint(stroke); }
  toggle(region) { return this.work?.toggle(region); }

  // Of the photos that are passed while a key is held only the one is opened at which it `rests`, in milliseconds.
  async show(photo, rests = 0) {
    const {view, queue, page} = this;
    if (!photo || photo === queue.current && this.work) return;
    page.letGo();
    queue.select(photo);
    this.activity.begin(photo.id);
    Object.assign(this, {work: null, unshown: null, missed: false, seenAt: null});
    page.describe();
    if (rests) await new Promise(resolve => setTimeout(resolve, rests));
    if (queue.current !== photo) return;
    try {
      const work = await this.opened.latest(photo);
      if (queue.current !== photo) return;
      this.work = work;
      view.show(work.layers, work.about.regions, work.about.edge_lines);
      this.see(work);
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
      if (queue.current !== photo) return;
      view.hide(); notice(error.message, true);
      const unshown = error instanceof Refused ? await Work.unseen(photo, this.opened.events).catch(() => null) : null;
      if (queue.current !== photo || this.work) return;
      Object.assign(this, {unshown, missed: !unshown});
      if (unshown) this.see(unshown); else page.look();
    }
  }

  see(work) { requestAnimationFrame(now => { if (this.holds(work)) this.seenAt = now; }); }  // in which it is drawn

  // Show a photo as it is now, in the part of it that is looked at.
  async reopen(work, message) {
    this.opened.drop(work.id);
    if (this.holds(work)) {
      const {view} = this, kept = [view.scale, view.left, view.top, view.fitted];
      this.work = this.unshown = null;
      await this.show(this.queue.current);
      if (!kept[3] && this.work?.id === work.id) { [view.scale, view.left, view.top, view.fitted] = kept; view.moved(); }
    }
    this.tell(work, message);
    this.page.refresh();
  }

  async decide(decision) {
    const {queue, page, inHand: work} = this;
    if (!work || decision && !this.isSeen) return;
    if (decision === "accepted" && !work.layers) { notice("A mask that cannot be shown cannot be accepted: go on to the next photo (→), or have this one redone (R)", true); return; }
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
    const restart = () => post(`api/photos/${work.id}/restart`, {revision: work.about.revision});
    const begin = async () => this.reopen(work, await restart().then(() => "", error => error.message));
    notice("predict has made another mask since you began; your corrections are on the earlier one.", true, button("Begin again from the new mask", begin));
  }

  // Say why something was not done to a photo, also where the next one is in hand already.
  tell(work, message) {
    unsay(work.id);
    if (message && this.queue.current?.id === work.id) notice(message, true);
    else if (message) say(work.id, message);
  }

  // What was done to a photo that is not among the results waits until it is again, or is given up.
  sayLate(work) {
    const giveUp = () => { unsay(work.id); work.giveUp(); this.page.note(work); };
    say(work.id, `${work.about.name} is not among the results at present; what you have done to it is kept until it is.`, ["Give up these changes", giveUp]);
  }
}
