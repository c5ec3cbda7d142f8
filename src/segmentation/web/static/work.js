// One photo in hand: its mask here, and the changes to it on their way to the program, one after the other.

import {Layers} from "./layers.js";
import {Absent, Refused, alpha, get, identity, post} from "./server.js";

export const unsent = new Set();  // works with changes on their way, in hand or not

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

export class Work {
  // `events` has: waits(work), state(work), nothing(work), stale(work, message), late(work), refused(work, message),
  // drawn(work), and painting(work), whether a stroke is in hand
  // Without layers it is a photo that cannot be shown, on which a person can decide nevertheless.
  constructor(about, asked, events) {
    Object.assign(this, {about, asked, events, layers: null, waiting: [], unsettled: false});
  }

  lay(mask, predicted) {
    this.truth = mask.alpha;
    this.take(mask);
    this.layers = new Layers(this.about, mask.alpha.slice(), predicted.alpha, () => this.events.drawn(this));
    return this;
  }

  static async open(id, events) {
    const asked = performance.now(), base = `api/photos/${id}`, about = await get(base);
    const mask = await alpha(`${base}/mask`);
    const predicted = mask.undo || mask.redo ? await alpha(`${base}/mask?of=predicted`) : {alpha: mask.alpha.slice()};
    return new Work(about, asked, events).lay(mask, predicted);
  }

  static async unseen(photo, events) {
    const asked = performance.now(), state = await get(`api/photos/${photo.id}/state`);
    return new Work({...photo, ...state}, asked, events);
  }

  get id() { return this.about.id; }
  get active() { return unsent.has(this); }

  // Whether something is on its way whose effect is not seen yet: all but strokes, which the page paints itself.
  get unseen() { return this.waiting.some(({what, body}) => what !== "decide" && body.operation?.kind !== "stroke"); }

  // How many steps can be undone and redone once all that is on its way is done.
  get steps() {
    return this.waiting.reduce(({undo, redo}, {what}) => {
      if (what === "decide") return {undo, redo};
      if (what === "undo") return {undo: undo - 1, redo: redo + 1};
      return {undo: undo + 1, redo: what === "redo" ? redo - 1 : 0};
    }, this.about);
  }

  take(state) {
    const {alpha: _alpha, box: _box, ...rest} = state;
    Object.assign(this.about, rest);
  }

  changed(box) { this.layers.touch(box); this.events.drawn(this); }

  // Show the mask as the program has it, without what was painted and is given up.
  discard() {
    this.unsettled = true;
    this.settle();
  }

  // Give up what is on its way.
  giveUp() {
    this.waiting.splice(0).forEach(one => one.resolve(false));
    this.discard();
  }

  // What is shown differs from what the program has while changes are on their way or a stroke is in hand.
  settle() {
    if (!this.layers || !this.unsettled || this.waiting.length || this.events.painting(this)) return;
    this.unsettled = false;
    this.layers.mask.set(this.truth);
    this.changed([0, 0, this.layers.width, this.layers.height]);
  }

  operate(operation) { return this.enqueue("edit", {operation}); }
  hint(stroke) { return this.enqueue("hint", stroke); }
  toggle(region) { return this.enqueue("toggle", {region}); }  // by its number among those of the photo
  undo() { return this.enqueue("undo", {}); }
  redo() { return this.enqueue("redo", {}); }
  decide(decision) { return this.enqueue("decide", {decision}); }

  enqueue(what, body) {
    return new Promise(resolve => {
      this.waiting.push({what, body: {...body, id: identity()}, resolve});
      this.events.waits(this);
      if (!this.active) this.send();
    });
  }

  async send() {
    unsent.add(this);
    while (this.waiting.length) {
      const [first] = this.waiting;
      try {
        await this.sendOne(first.what, first.body);
        if (this.waiting[0] === first) this.waiting.shift();  // else it was given up
        this.events.state(this);
        this.settle();
        first.resolve(true);
      } catch (error) {
        if (error instanceof Refused) {
          this.giveUp();
          if (error.status === 409) this.events.stale(this, error.message);
          else this.events.refused(this, error.message);
          break;
        }
        if (error instanceof Absent) this.events.late(this);
        await pause(700);  // what was done is not lost, and sent again
      }
    }
    unsent.delete(this);
  }

  async sendOne(what, body) {
    try { await this.ask(what, {...body, revision: this.about.revision}); }
    catch (error) { if (error.status !== 409 || !await this.catchUp(body.id)) throw error; }
  }

  async ask(what, body) {
    const address = `api/photos/${this.id}/${what}`;
    if (what === "decide") { this.take(await post(address, body)); return; }
    const answer = await alpha(address, body);
    this.take(answer);
    if (answer.box) this.patch(answer.box, answer.alpha);
    else if (["edit", "hint", "toggle"].includes(what)) this.events.nothing(this);
  }

  // Whether a change that is refused had been recorded before the program went away, and only its answer was lost.
  async catchUp(id) {
    const address = `api/photos/${this.id}`, {last, ...now} = await (this.layers ? alpha(`${address}/mask`) : get(`${address}/state`));
    if (last !== id) return false;
    this.take(now);
    this.truth = now.alpha;
    this.unsettled = true;
    return true;
  }

  patch([left, top, width, height], values) {
    const across = this.layers.width, mine = this.waiting.length <= 1 && !this.events.painting(this);
    for (let row = 0; row < height; row++) {
      const part = values.subarray(row * width, (row + 1) * width), at = (top + row) * across + left;
      this.truth.set(part, at);
      if (mine) this.layers.mask.set(part, at);
    }
    if (mine) this.changed([left, top, width, height]);
    else this.unsettled = true;
  }
}
