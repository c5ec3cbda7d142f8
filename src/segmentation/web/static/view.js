// The stage: where the photo is on the screen, and how it is drawn there.
//
// One pixel of the photo is `scale` pixels of the screen. Places of the photo are x, y from its upper left corner.

import {Layers} from "./layers.js";

const LEAST = 0.02, MOST = 16, GARMENT_MARGIN = 0.12;
const OUTLINE = "#ff0096", DOUBT = "#ffc01f", CHECKER_PX = 10;

export class View {
  constructor(stage, canvas, cursor) {
    Object.assign(this, {stage, canvas, cursor, layers: null, regions: [], hovered: null});
    this.scale = 1; this.left = 0; this.top = 0; this.fitted = true;
    this.mode = "outline"; this.ground = "checker"; this.colour = "#3b6ea5"; this.groundPicture = null;
    this.split = null;  // the share of the stage's width on whose left is what was before
    this.before = null;  // shown in place of all: "photo" or "predicted"
    this.doubts = true;
    this.listeners = [];
    this.overlay = () => {};  // draws on the canvas of the cursor
    new ResizeObserver(() => this.resize()).observe(stage);
  }

  get ratio() { return window.devicePixelRatio || 1; }

  show(layers, regions) {
    this.layers = layers;
    this.regions = regions.map(region => {
      const path = new Path2D();
      for (const line of region.lines) {
        line.forEach(([x, y], index) => index ? path.lineTo(x, y) : path.moveTo(x, y));
        path.closePath();
      }
      return {...region, path};
    });
    this.hovered = null;
    this.fitGarment();
  }

  resize() {
    const width = Math.round(this.stage.clientWidth * this.ratio), height = Math.round(this.stage.clientHeight * this.ratio);
    if (this.canvas.width === width && this.canvas.height === height) return;
    for (const canvas of [this.canvas, this.cursor]) Object.assign(canvas, {width, height});
    if (this.fitted === "garment") this.fitGarment(); else if (this.fitted) this.fit(); else this.redraw();
  }

  // Where an event of the pointer is in the photo.
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) * this.ratio, y = (event.clientY - box.top) * this.ratio;
    return [(x - this.left) / this.scale, (y - this.top) / this.scale];
  }

  onScreen([x, y]) { return [x * this.scale + this.left, y * this.scale + this.top]; }

  fit() {
    if (!this.layers) return;
    const margin = 14 * this.ratio;
    const {width, height} = this.layers;
    this.scale = this.scaleThatFits(width, height, margin);
    this.left = Math.round((this.canvas.width - width * this.scale) / 2);
    this.top = Math.round((this.canvas.height - height * this.scale) / 2);
    this.fitted = true;
    this.moved();
  }

  // The garment and what may belong to it, as large as there is room, with some of its surroundings.
  fitGarment() {
    const box = this.layers && this.garmentBox();
    if (!box) { this.fit(); return; }
    const [left, top, width, height] = box, {width: across, height: down} = this.layers;
    const margin = GARMENT_MARGIN * Math.max(width, height);
    this.scale = Math.max(this.scaleThatFits(width + 2 * margin, height + 2 * margin, 0), this.scaleThatFits(across, down));
    this.scale = Math.min(this.scale, 2);
    const place = (room, start, length, whole) => {  // no more of what is beside the photo than needs be
      const middle = room / 2 - (start + length / 2) * this.scale, edge = room - whole * this.scale;
      return Math.round(edge >= 0 ? edge / 2 : Math.min(0, Math.max(edge, middle)));
    };
    this.left = place(this.canvas.width, left, width, across);
    this.top = place(this.canvas.height, top, height, down);
    this.fitted = "garment";
    this.moved();
  }

  garmentBox() {
    const {mask, width, height} = this.layers, step = Math.max(1, Math.round(height / 800));
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let y = 0; y < height; y += step)
      for (let x = 0; x < width; x += step)
        if (mask[y * width + x] > 127) {
          if (x < left) left = x;
          if (x > right) right = x;
          if (y < top) top = y;
          if (y > bottom) bottom = y;
        }
    for (const {box: [x, y, w, h]} of this.regions) {
      left = Math.min(left, x); top = Math.min(top, y);
      right = Math.max(right, x + w); bottom = Math.max(bottom, y + h);
    }
    return left < right && top < bottom ? [left, top, right - left, bottom - top] : null;
  }

  scaleThatFits(width, height, margin = 14 * this.ratio) {
    const fitting = Math.min((this.canvas.width - 2 * margin) / width, (this.canvas.height - 2 * margin) / height);
    return Math.min(Math.max(fitting, LEAST), 4);
  }

  // Zoom so that a place on the screen, by default its middle, stays where it is.
  zoomTo(scale, [x, y] = [this.canvas.width / 2, this.canvas.height / 2]) {
    scale = Math.min(MOST, Math.max(LEAST, scale));
    const px = (x - this.left) / this.scale, py = (y - this.top) / this.scale;
    this.scale = scale;
    this.left = Math.round(x - px * scale);
    this.top = Math.round(y - py * scale);
    this.fitted = false;
    this.moved();
  }

  // Whole steps where pixels are larger than those of the screen, so that all are of one size.
  zoomBy(factor, at) {
    let scale = this.scale * factor;
    if (scale > 1) scale = factor > 1 ? Math.max(Math.ceil(this.scale + 1e-6), Math.round(scale)) : Math.min(Math.floor(this.scale - 1e-6), Math.round(scale));
    if (this.scale < 1 && scale >= 1) scale = 1;
    this.zoomTo(scale, at);
  }

  pan(dx, dy) { this.left += Math.round(dx); this.top += Math.round(dy); this.fitted = false; this.moved(); }

  lookAt([left, top, width, height]) {
    const scale = Math.min(4, this.scaleThatFits(1.4 * width + 160, 1.4 * height + 160));
    this.scale = scale > 1 ? Math.floor(scale) : scale;
    this.left = Math.round(this.canvas.width / 2 - (left + width / 2) * this.scale);
    this.top = Math.round(this.canvas.height / 2 - (top + height / 2) * this.scale);
    this.fitted = false;
    this.moved();
  }

  moved() { this.listeners.forEach(listener => listener()); this.redraw(); }

  redraw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.draw(); this.drawCursor(); });
  }

  draw() {
    const context = this.canvas.getContext("2d"), {width, height} = this.canvas;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.layers) return;
    if (this.before) this.drawSide(context, this.before);
    else if (this.split === null) this.drawSide(context, "now");
    else {
      const middle = Math.round(this.split.at * width);
      this.clipped(context, 0, middle, () => this.drawSide(context, this.split.before));
      this.clipped(context, middle, width - middle, () => this.drawSide(context, "now"));
    }
  }

  clipped(context, left, width, draw) {
    context.save();
    context.beginPath(); context.rect(left, 0, width, this.canvas.height); context.clip();
    draw();
    context.restore();
  }

  drawSide(context, side) {
    const mode = side === "photo" ? "photo" : this.mode;
    if (mode === "cutout") this.drawGround(context);
    this.drawTiles(context, mode, side === "predicted");
    if (mode === "outline" && side === "now") this.drawOutline(context);
    if (mode === "outline" && side === "predicted") this.drawTiles(context, "tint", true);
    if (side === "now" && this.doubts && mode !== "mask") this.drawRegions(context);
  }

  // The part of the photo that is on the screen: left, top, right, bottom.
  get seen() {
    const {width, height} = this.layers;
    return [
      Math.max(0, -this.left / this.scale), Math.max(0, -this.top / this.scale),
      Math.min(width, (this.canvas.width - this.left) / this.scale), Math.min(height, (this.canvas.height - this.top) / this.scale),
    ];
  }

  drawTiles(context, mode, predicted) {
    const best = this.layers.levelFor(this.scale);
    for (let level = this.layers.levels; level >= best; level--)  // what has not come yet is shown coarser
      if (level === best || !this.isComplete(best, mode)) this.drawLevel(context, level, mode, predicted, level === best);
  }

  isComplete(level, mode) {
    if (mode === "mask") return true;
    let complete = true;
    this.eachTile(level, (column, row) => {
      const entry = this.layers.pictures.get(`${level}/${column}/${row}`);
      complete &&= Boolean(entry?.bitmap);
    });
    return complete;
  }

  eachTile(level, take) {
    const step = 2 ** level, size = this.layers.size, [left, top, right, bottom] = this.seen;
    if (left >= right || top >= bottom) return;
    for (let row = Math.floor(top / step / size); row * size * step < bottom; row++)
      for (let column = Math.floor(left / step / size); column * size * step < right; column++) take(column, row);
  }

  drawLevel(context, level, mode, predicted, wanted) {
    const step = 2 ** level, size = this.layers.size, [width, height] = this.layers.dimensions(level);
    context.imageSmoothingEnabled = this.scale * step < 1 || (level > 0 && this.scale * step !== 1);
    context.imageSmoothingQuality = "high";
    this.eachTile(level, (column, row) => {
      if (column * size >= width || row * size >= height) return;
      if (!wanted && mode !== "mask" && !this.layers.pictures.get(`${level}/${column}/${row}`)?.bitmap) return;
      const tile = this.layers.tile(level, column, row, mode, predicted);
      if (!tile) return;
      const x = this.left + column * size * step * this.scale, y = this.top + row * size * step * this.scale;
      const right = Math.min(this.layers.width, (column * size + tile.width) * step) * this.scale + this.left;
      const bottom = Math.min(this.layers.height, (row * size + tile.height) * step) * this.scale + this.top;
      if (mode === "cutout" && this.scale < 1) { context.drawImage(tile, x, y, right - x, bottom - y); return; }
      context.drawImage(tile, Math.round(x), Math.round(y), Math.round(right) - Math.round(x), Math.round(bottom) - Math.round(y));
    });
  }

  drawGround(context) {
    const {width, height} = this.layers, w = Math.round(width * this.scale), h = Math.round(height * this.scale);
    if (this.ground === "picture" && this.groundPicture) {
      const share = Math.max(w / this.groundPicture.width, h / this.groundPicture.height);
      const sw = w / share, sh = h / share;
      context.drawImage(this.groundPicture, (this.groundPicture.width - sw) / 2, (this.groundPicture.height - sh) / 2, sw, sh, this.left, this.top, w, h);
      return;
    }
    const fill = {white: "#fff", black: "#000", colour: this.colour}[this.ground];
    context.fillStyle = fill ?? this.checker(context);
    context.save();
    context.translate(this.left, this.top);
    context.fillRect(0, 0, w, h);
    context.restore();
  }

  checker(context) {
    if (this.pattern) return this.pattern;
    const side = Math.round(CHECKER_PX * this.ratio), tile = new OffscreenCanvas(2 * side, 2 * side), draw = tile.getContext("2d");
    draw.fillStyle = "#e9e9e9"; draw.fillRect(0, 0, 2 * side, 2 * side);
    draw.fillStyle = "#b9b9b9"; draw.fillRect(0, 0, side, side); draw.fillRect(side, side, side, side);
    return this.pattern = context.createPattern(tile, "repeat");
  }

  inPhoto(context, draw) {
    context.save();
    context.setTransform(this.scale, 0, 0, this.scale, this.left, this.top);
    draw(1 / this.scale);
    context.restore();
  }

  drawOutline(context) {
    const part = Layers.outlinePart, [left, top, right, bottom] = this.seen;
    this.inPhoto(context, pixel => {
      context.lineCap = "square";
      const paths = [];
      for (let row = Math.floor(top / part); row * part < bottom; row++)
        for (let column = Math.floor(left / part); column * part < right; column++) {
          const path = this.layers.outline(column, row);
          if (path) paths.push(path);
        }
      context.strokeStyle = "#fff9"; context.lineWidth = 3 * this.ratio * pixel;
      paths.forEach(path => context.stroke(path));
      context.strokeStyle = OUTLINE; context.lineWidth = 1.4 * this.ratio * pixel;
      paths.forEach(path => context.stroke(path));
    });
  }

  drawRegions(context) {
    this.inPhoto(context, pixel => {
      for (const region of this.regions) {
        const hovered = region === this.hovered, decided = this.isDecided(region);
        context.setLineDash(decided ? [4 * this.ratio * pixel, 4 * this.ratio * pixel] : []);
        if (!decided) {
          context.fillStyle = this.hatching(context, hovered);
          context.fill(region.path, "evenodd");
        }
        context.strokeStyle = "#0008"; context.lineWidth = 3 * this.ratio * pixel;
        context.stroke(region.path);
        context.strokeStyle = DOUBT; context.lineWidth = (hovered ? 2.5 : 1.4) * this.ratio * pixel;
        context.stroke(region.path);
      }
    });
  }

  // Whether a person has turned a region: then it is seen without lines over it.
  isDecided({at: [x, y]}) {
    const place = Math.floor(y) * this.layers.width + Math.floor(x);
    return (this.layers.mask[place] > 127) !== (this.layers.predicted[place] > 127);
  }

  // Lines of one width on the screen, so that what is below is seen between them.
  hatching(context, strong) {
    const name = strong ? "strong" : "light", side = 8 * this.ratio;
    this.hatchings ??= {};
    if (!this.hatchings[name]) {
      const tile = new OffscreenCanvas(side, side), draw = tile.getContext("2d");
      draw.strokeStyle = DOUBT; draw.globalAlpha = strong ? 0.85 : 0.6; draw.lineWidth = (strong ? 1.8 : 1) * this.ratio;
      for (const shift of [-side, 0, side]) { draw.beginPath(); draw.moveTo(shift - 1, side + 1); draw.lineTo(shift + side + 1, -1); draw.stroke(); }
      this.hatchings[name] = context.createPattern(tile, "repeat");
    }
    const pattern = this.hatchings[name];
    pattern.setTransform(new DOMMatrix().scale(1 / this.scale));
    return pattern;
  }

  regionAt([x, y]) {
    if (!this.doubts || this.mode === "mask") return null;
    const context = this.cursor.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    return this.regions.findLast(region => context.isPointInPath(region.path, x, y, "evenodd")) ?? null;
  }

  drawCursor() {
    const context = this.cursor.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.cursor.width, this.cursor.height);
    if (this.layers) this.overlay(context);
  }
}
