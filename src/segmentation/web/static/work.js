// One photo in hand: its mask here, and the changes to it on their way to the program, one after the other.

import {Layers} from "./layers.js";
import {Refused, alpha, get, identity, post} from "./server.js";

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

export class Work {
  // `told` has: state(work), stale(work, message), refused(message), drawn()
  constructor(about, mask, predicted, told) {
    Object.assign(this, {about, told, truth: mask.alpha, waiting: [], active: false});
    this.take(mask);
    this.layers = new Layers(about, mask.alpha.slice(), predicted.alpha, () => told.drawn(this));
  }

  static async open(id, told) {
    const base = `api/photos/${id}`, about = await get(base);
    const mask = await alpha(`${base}/mask`);
    const predicted = mask.undo || mask.redo ? await alpha(`${base}/mask?of=predicted`) : {alpha: mask.alpha.slice()};
    return new Work(about, mask, predicted, told);
  }

  get id() { return this.about.id; }
  get ready() { return true; }

  take(state) {
    const {alpha: _alpha, box: _box, ...rest} = state;
    Object.assign(this.about, rest);
  }

  changed(box) { this.layers.touch(box); this.told.drawn(this); }

  // Show the mask as the program has it, since a stroke in hand is given up.
  discard() {
    if (this.waiting.length) return;
    this.layers.mask.set(this.truth);
    this.changed([0, 0, this.layers.width, this.layers.height]);
  }

  operate(operation) { return this.enqueue("edit", {operation}); }
  hint(stroke) { return this.enqueue("hint", stroke); }
  toggle(x, y) { return this.enqueue("toggle", {x, y}); }
  undo() { return this.enqueue("undo", {}); }
  redo() { return this.enqueue("redo", {}); }
  decide(decision) { return this.enqueue("decide", {decision}); }

  enqueue(what, body) {
    return new Promise(resolve => {
      this.waiting.push({what, body: {...body, id: identity()}, resolve});
      if (!this.active) this.send();
    });
  }

  async send() {
    this.active = true;
    while (this.waiting.length) {
      const [{what, body, resolve}] = this.waiting;
      try {
        await this.sendOne(what, body);
        this.waiting.shift();
        resolve(true);
      } catch (error) {
        if (error instanceof Refused) {
          this.waiting.splice(0).forEach(one => one.resolve(false));
          if (error.status === 409) this.told.stale(this, error.message);
          else { this.discard(); this.told.refused(error.message); }
          break;
        }
        await pause(700);  // the program does not answer; what was done is not lost
        await this.resume(body.id);
      }
    }
    this.active = false;
  }

  async sendOne(what, body) {
    const address = `api/photos/${this.id}/${what}`, full = {...body, revision: this.about.revision};
    if (what === "decide") { this.take(await post(address, full)); this.told.state(this); return; }
    const answer = await alpha(address, full);
    this.take(answer);
    if (answer.box) this.patch(answer.box, answer.alpha);
    else if (["edit", "hint", "toggle"].includes(what)) { this.discard(); this.told.nothing(this); }
    this.told.state(this);
  }

  // After the program was away: had it recorded the change before it went?
  async resume() {
    try {
      const state = await get(`api/photos/${this.id}/state`);
      if (state.revision !== this.about.revision) {
        this.waiting.splice(0).forEach(one => one.resolve(false));
        this.told.stale(this, "");
      }
    } catch { /* still away */ }
  }

  patch([left, top, width, height], values) {
    const across = this.layers.width, mine = this.waiting.length <= 1 && !this.told.painting();
    for (let row = 0; row < height; row++) {
      const part = values.subarray(row * width, (row + 1) * width), at = (top + row) * across + left;
      this.truth.set(part, at);
      if (mine) this.layers.mask.set(part, at);
    }
    if (mine) {
      this.settle();
      this.changed([left, top, width, height]);
    } else this.unsettled = true;
  }

  // What came while another stroke was in hand is shown once none is.
  settle() {
    if (!this.unsettled) return;
    this.unsettled = false;
    this.layers.mask.set(this.truth);
    this.layers.touch([0, 0, this.layers.width, this.layers.height]);
  }
}
