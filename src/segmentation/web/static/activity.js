// How long a person is at work on a photo: the time between two things they do, unless they were away.

import {post} from "./server.js";

const AWAY_MS = 30000, LEAST_MS = 100, MOST_MS = 3_600_000;

export class Activity {
  constructor() {
    Object.assign(this, {id: null, owed: new Map(), last: performance.now()});  // what is not sent yet, by photo
    for (const name of ["pointerdown", "pointermove", "keydown", "wheel"])
      addEventListener(name, event => this.note(event), {capture: true, passive: true});
    addEventListener("pagehide", () => this.report());
    document.addEventListener("visibilitychange", () => document.hidden ? this.report() : (this.last = performance.now()));
  }

  note(event) {
    const now = performance.now(), passed = now - this.last;
    this.last = now;
    if (this.id) this.add(this.id, passed < AWAY_MS ? passed : 0, event.type === "pointerdown" ? 1 : 0);
  }

  add(id, milliseconds, clicks) {
    const owed = this.owed.get(id) ?? {milliseconds: 0, clicks: 0};
    this.owed.set(id, {milliseconds: owed.milliseconds + milliseconds, clicks: owed.clicks + clicks});
  }

  begin(id) {
    if (id === this.id) return;
    this.report();
    this.id = id;
  }

  // Send what is owed; what does not arrive, or is too little yet, is kept for the next time.
  report() {
    return Promise.all([...this.owed].map(([id, {milliseconds, clicks}]) => {
      if (milliseconds < LEAST_MS) return null;
      const sent = Math.min(MOST_MS, milliseconds);
      this.owed.delete(id);
      if (sent < milliseconds) this.add(id, milliseconds - sent, 0);
      return post(`api/photos/${id}/active`, {seconds: sent / 1000, clicks}, {keepalive: true}).catch(() => this.add(id, sent, clicks));
    }));
  }
}
