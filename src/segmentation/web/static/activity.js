// How long a person is at work on a photo: the time between two things they do, unless they were away.

import {post} from "./server.js";

const AWAY_MS = 30000;

export class Activity {
  constructor() {
    Object.assign(this, {id: null, milliseconds: 0, clicks: 0, last: performance.now()});
    for (const name of ["pointerdown", "pointermove", "keydown", "wheel"])
      addEventListener(name, event => this.note(event), {capture: true, passive: true});
    addEventListener("pagehide", () => this.report());
    document.addEventListener("visibilitychange", () => document.hidden ? this.report() : (this.last = performance.now()));
  }

  note(event) {
    const now = performance.now(), passed = now - this.last;
    if (passed < AWAY_MS) this.milliseconds += passed;
    this.last = now;
    if (event.type === "pointerdown") this.clicks += 1;
  }

  begin(id) {
    if (id === this.id) return;
    this.report();
    this.id = id;
  }

  report() {
    const {id, milliseconds, clicks} = this;
    this.milliseconds = 0; this.clicks = 0;
    if (!id || milliseconds < 100) return;
    const seconds = Math.min(3600, milliseconds / 1000);
    return post(`api/photos/${id}/active`, {seconds, clicks}, {keepalive: true}).catch(() => {
      if (this.id === id) { this.milliseconds += milliseconds; this.clicks += clicks; }
    });
  }
}
