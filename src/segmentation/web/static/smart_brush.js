// The smart brush: whether a network is here that follows its strokes, and whether it is loaded.

import {tip} from "./keys.js";
import {notice} from "./notice.js";
import {Refused, get, post} from "./server.js";

export class SmartBrush {
  constructor(tools, hand) {
    Object.assign(this, {tools, hand, reason: "", loading: false});  // `reason` why no network is here
    this.button = document.querySelector("[data-tool=hint]");
  }

  async look() {
    try { await get("api/network"); this.reason = ""; }
    catch (error) { if (error instanceof Refused) this.reason = error.message; }
    this.button.classList.toggle("off", Boolean(this.reason));
    this.button.setAttribute("aria-disabled", String(Boolean(this.reason)));
    this.button.title = this.reason ? `${tip("hint")}\nNot here: ${this.reason}` : tip("hint");
  }

  choose() {
    if (this.reason) { notice(this.reason); return; }
    this.tools.choose("hint");
    this.prepare();
  }

  // Have the network ready for the photo in hand while the brush is: loading it takes a moment.
  async prepare() {
    const work = this.hand.work;
    if (!work || this.tools.tool !== "hint") return;
    this.loading = true; this.tools.settle();
    try { await post(`api/photos/${work.id}/hints`, {}); }
    catch (error) { if (error instanceof Refused && work === this.hand.work) notice(error.message, true); }
    this.loading = false; this.tools.settle();
  }
}
