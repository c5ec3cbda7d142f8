// The tools: what the pointer does on the stage.

import {Brush} from "./brush.js";
import {turned} from "./wheel.js";

const PAINTS = ["brush", "eraser"], SIZED = [...PAINTS, "hint", "refine"], DRAWS = ["polygon", "lasso"], SPOTS = ["hole", "island"];
const LEADS = ["hint", "refine"];  // a line that is sent when the pointer is up
const COLOURS = {in: "#4f8dff80", out: "#ff5a4d80"};
const CLICK_PX = 4;
const LARGEST = 1000;
const ZOOM_A_NOTCH = 1.25, SIZE_A_NOTCH = 1.15;
const PINCH = 100;  // times the logarithm of how far fingers spread, which browsers send

const HINTS = {
  hint: "Draw roughly over what is wrong: the network finds how far it reaches",
  polygon: "Click the corners; the first corner, Enter or a double click closes it",
  lasso: "Draw around what is meant",
  hole: "Click a hole in the garment to fill it",
  refine: "Lead it along an edge that is off: the mask follows the photo there",
  island: "Click a part beside the garment to remove it",
};

const NOTHING = {hole: "No hole of the garment is here", island: "The largest part of the mask is no island"};

// What is known of a doubtful region, in words.
const inWords = ({probability, signs}) => [probability == null ? "Doubtful" : `A fault with a probability of ${Math.round(100 * probability)}%`, ...signs].join(", ");

export class Tools {
  // `work` has: layers, discard(), operate(operation), hint(stroke), toggle(region), changed(box)
  constructor(view, work, settings) {
    Object.assign(this, {view, work, settings, tool: "pointer", pointer: null, line: [], followed: [], brush: null, pressed: null, panning: null, alternate: false, sizing: 0});
    this.listeners = [];
    view.overlay = context => this.drawOverlay(context);
    const canvas = view.cursor;
    canvas.addEventListener("pointerdown", event => this.down(event));
    canvas.addEventListener("pointermove", event => this.move(event));
    canvas.addEventListener("pointerup", event => this.up(event));
    canvas.addEventListener("lostpointercapture", event => this.lose(event));  // also after each "pointercancel"
    canvas.addEventListener("pointerleave", event => this.leave(event));
    canvas.addEventListener("dblclick", event => { if (this.tool === "polygon") this.close(event.altKey); });
    canvas.addEventListener("contextmenu", event => event.preventDefault());
    canvas.addEventListener("wheel", event => this.wheel(event), {passive: false});
  }

  get paints() { return PAINTS.includes(this.tool); }
  get sized() { return SIZED.includes(this.tool); }
  get draws() { return DRAWS.includes(this.tool); }
  get chooses() { return this.draws || this.tool === "hint"; }
  get leads() { return LEADS.includes(this.tool); }
  get hint() { return HINTS[this.tool] ?? ""; }
  get nothing() { return NOTHING[this.tool] ?? "Nothing to change here"; }  // where it has changed nothing
  get adds() { return this.addsWith(this.alternate); }

  // Whether the tool adds, with Alt or without it.
  addsWith(alternate) { return (this.tool === "brush" || (this.chooses && this.settings.add)) !== alternate; }

  choose(tool) {
    this.cancel();
    this.tool = tool;
    this.hover(null);
    this.settle();
  }

  settle() { this.setCursor(); this.view.drawCursor(); this.listeners.forEach(listener => listener()); }

  setCursor() {
    const panning = this.panning || this.space;
    this.view.cursor.style.cursor = panning ? (this.panning ? "grabbing" : "grab")
      : this.sized ? "none" : this.draws ? "crosshair" : SPOTS.includes(this.tool) ? "cell"
      : this.view.hovered ? "pointer" : "default";
  }

  resize(factor) {
    const size = this.settings.size, next = Math.round(size * factor);
    this.settings.size = Math.min(LARGEST, Math.max(1, next === size ? size + Math.sign(factor - 1) : next));
    this.settle();
  }

  // Parts of a notch add up until they are a pixel; what is left of them then is kept.
  resizeBy({notches, whole}) {
    this.sizing = this.sizing * notches < 0 ? notches : this.sizing + notches;
    const size = this.settings.size, factor = SIZE_A_NOTCH ** -this.sizing;
    if (!whole && Math.abs(factor - 1) * size < 1) return;
    this.resize(factor);
    this.sizing = whole ? 0 : this.sizing + Math.log(this.settings.size / size) / Math.log(SIZE_A_NOTCH);
  }

  harden(step) {
    this.settings.hardness = Math.min(1, Math.max(0, Math.round((this.settings.hardness + step) * 20) / 20));
    this.settle();
  }

  cancel() {
    this.line = [];
    if (this.brush) { this.brush = null; this.work.discard(); }
    this.view.drawCursor();
  }

  wheel(event) {
    event.preventDefault();
    const turn = turned(event);
    if (!turn.notches) return;
    if (event.altKey || event.shiftKey) { this.resizeBy(turn); return; }
    const box = this.view.canvas.getBoundingClientRect(), ratio = this.view.ratio;
    const at = [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
    if (turn.whole) this.view.zoomBy(ZOOM_A_NOTCH ** -turn.notches, at);
    else this.view.zoomSmoothly(event.ctrlKey ? Math.exp(-event.deltaY / PINCH) : ZOOM_A_NOTCH ** -turn.notches, at);
  }

  // One pointer draws at a time: what other fingers, or a palm beside a pen, do meanwhile is not meant.
  isOther(event) { return this.pressed !== null && event.pointerId !== this.pressed.id; }

  down(event) {
    if (!this.work.layers || this.pressed) return;
    this.view.cursor.setPointerCapture(event.pointerId);
    this.pressed = {id: event.pointerId, x: event.clientX, y: event.clientY, moved: false};
    if (event.button === 1 || this.space || (event.button === 0 && this.tool === "pointer")) {
      this.panning = {x: event.clientX, y: event.clientY};
      this.setCursor();
      return;
    }
    if (event.button !== 0) return;
    this.alternate = event.altKey;
    const place = this.view.place(event);
    if (this.paints) {
      this.brush = new Brush(this.work.layers, this.adds, this.settings.size, this.settings.hardness);
      this.paint(place);
    } else if (this.tool === "lasso" || this.leads) this.line = [place];
    else if (this.tool === "polygon") this.corner(place);
    else this.work.operate({kind: "spot", add: this.tool === "hole", points: [place]});
  }

  move(event) {
    if (this.isOther(event)) return;
    this.pointer = event;
    if (this.pressed && Math.hypot(event.clientX - this.pressed.x, event.clientY - this.pressed.y) > CLICK_PX) this.pressed.moved = true;
    if (this.panning) {
      if (this.pressed.moved) {
        const ratio = this.view.ratio;
        this.view.pan((event.clientX - this.panning.x) * ratio, (event.clientY - this.panning.y) * ratio);
        this.panning = {x: event.clientX, y: event.clientY};
      }
    } else if (this.brush) {
      for (const point of event.getCoalescedEvents?.() ?? [event]) this.paint(this.view.place(point));
      if (!event.getCoalescedEvents?.().length) this.paint(this.view.place(event));
    } else if (this.pressed && (this.tool === "lasso" || this.leads) && this.line.length) {
      const place = this.view.place(event), last = this.line.at(-1);
      if (Math.hypot(place[0] - last[0], place[1] - last[1]) * this.view.scale > 1) this.line.push(place);
    } else if (this.tool === "pointer") this.hover(this.view.regionAt(this.view.place(event)));
    this.view.drawCursor();
  }

  up(event) {
    const pressed = this.pressed;
    if (!pressed || this.isOther(event)) return;
    this.pressed = null;
    if (this.panning) {
      this.panning = null;
      this.setCursor();
      if (!pressed.moved && this.tool === "pointer" && event.button === 0 && !this.space) {
        const region = this.view.regionAt(this.view.place(event));
        if (region) this.work.toggle(region.number);
      }
    } else if (this.brush) {
      const stroke = this.brush;
      this.brush = null;
      this.work.operate(stroke.operation);
    } else if (this.tool === "lasso" && this.line.length) this.close();
    else if (this.leads && this.line.length) {
      const points = this.line.map(([x, y]) => [Math.round(x * 100) / 100, Math.round(y * 100) / 100]);
      this.line = [];
      if (this.tool === "refine") this.work.operate({kind: "refinement", size: this.settings.size, points});
      else this.tell({add: this.adds, size: this.settings.size, points});
    }
    this.alternate = false;
    this.view.drawCursor();
  }

  // The system has taken the pointer away before it was up: what it was drawing is given up.
  lose(event) {
    if (!this.pressed || this.isOther(event)) return;
    this.pressed = this.panning = null;
    this.alternate = false;
    if (this.tool !== "polygon") this.cancel();
    this.setCursor();
  }

  leave(event) {
    if (this.isOther(event)) return;
    this.pointer = null;
    this.hover(null);
    this.view.drawCursor();
  }

  // A stroke that the network is told of stays in sight until the mask has followed it.
  async tell(stroke) {
    const told = {...stroke, layers: this.work.layers}, following = this.work.hint(stroke);
    this.followed.push(told);
    await following;
    this.followed.splice(this.followed.indexOf(told), 1);
    this.view.drawCursor();
  }

  hover(region) {
    if (this.view.hovered === region) return;
    this.view.hovered = region;
    this.view.cursor.title = region ? `${inWords(region)}: click puts it in or takes it out` : "";
    this.setCursor();
    this.view.redraw();
  }

  paint([x, y]) {
    const box = this.brush.to(x, y);
    if (box) this.work.changed(box);
  }

  corner(place) {
    const first = this.line[0];
    if (first && this.line.length > 2) {
      const [ax, ay] = this.view.onScreen(first), [bx, by] = this.view.onScreen(place);
      if (Math.hypot(ax - bx, ay - by) < 9 * this.view.ratio) { this.close(); return; }
    }
    this.line.push(place);
  }

  // Close the line about an area, with Alt or without it.
  close(alternate = this.alternate) {
    const line = this.line;
    this.line = [];
    this.view.drawCursor();
    const points = line.filter(([x, y], index) => !index || x !== line[index - 1][0] || y !== line[index - 1][1]);
    if (points.length > 2) this.work.operate({kind: "area", add: this.addsWith(alternate), points: points.map(([x, y]) => [Math.round(x * 100) / 100, Math.round(y * 100) / 100])});
  }

  drawOverlay(context) {
    const ratio = this.view.ratio;
    const twice = draw => {
      context.strokeStyle = "#000c"; context.lineWidth = 3 * ratio; draw();
      context.strokeStyle = "#fff"; context.lineWidth = 1.25 * ratio; draw();
    };
    const lead = ({add, size, points}) => {
      context.strokeStyle = add ? COLOURS.in : COLOURS.out; context.lineCap = context.lineJoin = "round";
      context.lineWidth = Math.max(2, size * this.view.scale);
      context.beginPath();
      for (const place of [...points, points.at(-1)]) context.lineTo(...this.view.onScreen(place));
      context.stroke();
    };
    this.followed.filter(({layers}) => layers === this.view.layers).forEach(lead);
    if (this.line.length && this.leads) lead({add: this.adds || this.tool === "refine", size: this.settings.size, points: this.line});
    else if (this.line.length) {
      const points = this.line.map(place => this.view.onScreen(place));
      if (this.tool === "polygon" && this.pointer) points.push(this.view.onScreen(this.view.place(this.pointer)));
      twice(() => { context.beginPath(); points.forEach(([x, y], index) => index ? context.lineTo(x, y) : context.moveTo(x, y)); context.stroke(); });
      if (this.tool === "polygon") {
        const [x, y] = points[0];
        twice(() => { context.beginPath(); context.arc(x, y, 4 * ratio, 0, 7); context.stroke(); });
      }
    }
    if (!this.sized || !this.pointer || this.panning || this.space) return;
    const [x, y] = this.view.onScreen(this.view.place(this.pointer));
    const radius = Math.max(1.5, this.settings.size / 2 * this.view.scale);
    twice(() => { context.beginPath(); context.arc(x, y, radius, 0, 7); context.stroke(); });
    if (this.paints && this.settings.hardness < 1 && radius > 12) {
      context.strokeStyle = "#fff8"; context.lineWidth = ratio;
      context.beginPath(); context.arc(x, y, radius * (1 + this.settings.hardness) / 2, 0, 7); context.stroke();
    }
    if (radius > 8 || radius < 4) {  // its middle, or where it is too small to be seen
      const arm = radius < 4 ? 6 : 3;
      twice(() => {
        context.beginPath();
        const gap = radius < 4 ? 3 : 0;
        for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
          if (!gap && dx + dy < 0) continue;
          context.moveTo(x + (gap ? dx * gap : -dx * arm) * ratio, y + (gap ? dy * gap : -dy * arm) * ratio);
          context.lineTo(x + dx * (gap + arm) * ratio, y + dy * (gap + arm) * ratio);
        }
        context.stroke();
      });
    }
  }
}
