// The photos that are open: the one in hand, and those that are likely to be next, opened ahead.

import {Work} from "./work.js";

const AHEAD = 2;

export class Opened {
  // `events` are those of each work
  constructor(view, events) {
    Object.assign(this, {view, events, works: new Map()});  // open or being opened, by id
  }

  open(id) {
    if (!this.works.has(id)) {
      const opening = Work.open(id, this.events).then(async work => {
        await work.layers.prepare(this.view.scaleThatFits(work.about.width, work.about.height));
        return work;
      });
      opening.catch(() => this.drop(id));
      this.works.set(id, opening);
    }
    return this.works.get(id);
  }

  // What was opened ahead may have been changed elsewhere since.
  async latest(photo) {
    const work = await this.open(photo.id);
    if (work.active || work.asked > photo.asked || work.about.revision === photo.revision) return work;
    this.drop(photo.id);
    return this.open(photo.id);
  }

  // Open the first of the photos that are near; drop others that are neither in hand nor on their way.
  keepNear(photos, isInHand) {
    const near = [...new Set(photos.filter(Boolean))].slice(0, AHEAD).map(photo => photo.id);
    for (const id of near) this.open(id).catch(() => {});
    for (const [id, opening] of this.works)
      if (!near.includes(id)) opening.then(work => { if (!work.active && !isInHand(work)) this.drop(id); }, () => {});
  }

  drop(id) { this.works.delete(id); }
}
