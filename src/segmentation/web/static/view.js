// The stage: how the photo is drawn there. Places of the photo are x, y in pixels from its upper left corner.

import {Layers} from "./layers.js";
import {Viewport} from "./viewport.js";

const OUTLINE = "#ff0096", DOUBT = "#ffc01f", EDGE_LINES = "#19c3ff", CHECKER_PX = 10;

function pathOf(lines) {
  const path = new Path2D();
  for (const line of lines) {
    line.forEach(([x, y], index) => index ? path.lineTo(x, y) : path.moveTo(x, y));
    path.closePath();
  }
  return path;
}

export class View extends Viewport {
  constructor(stage, canvas, cursor) {
    super(canvas);
    Object.assign(this, {stage, cursor, hovered: null});
    this.mode = "outline"; this.ground = "checker"; this.colour = "#3b6ea5"; this.groundPicture = null;
    this.split = null;  // the share of the stage's width on whose left is what was before
    this.before = null;  // shown in place of all: "photo" or "predicted"
    this.doubts = true;
    this.lines = false;
    this.hatchings = {};
    this.overlay = () => {};  // draws on the canvas of the cursor
    new ResizeObserver(() => this.resize()).observe(stage);
    this.watchRatio();
  }

  // The window may be moved to a screen with other pixels, which changes no size that a page is told of.
  watchRatio() {
    matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener("change", () => { this.resize(); this.watchRatio(); }, {once: true});
  }

  show(layers, regions, edgeLines) {
    this.layers = layers;
    this.regions = regions.map((region, number) => ({...region, number, path: pathOf(region.lines)}));
    this.edgeLines = pathOf(edgeLines);
    this.hovered = null;
    this.fitGarment();
  }

  hide() {
    Object.assign(this, {layers: null, regions: [], hovered: null});
    this.redraw();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1, finer = ratio / this.ratio;
    const width = Math.round(this.stage.clientWidth * ratio), height = Math.round(this.stage.clientHeight * ratio);
    if (this.canvas.width === width && this.canvas.height === height && finer === 1) return;
    Object.assign(this, {ratio, pattern: null, hatchings: {}, scale: this.scale * finer, left: this.left * finer, top: this.top * finer});
    for (const canvas of [this.canvas, this.cursor]) Object.assign(canvas, {width, height});
    if (this.fitted === "garment") this.fitGarment(); else if (this.fitted === "photo") this.fit(); else this.moved();
  }

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
    if (mode === "outline") this.drawOutline(context, side === "predicted");
    if (this.lines && mode !== "photo") this.drawEdgeLines(context);
    if (side === "now" && this.showsDoubts) this.drawRegions(context);
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

  get showsDoubts() { return this.doubts && this.mode !== "mask" && this.mode !== "photo"; }

  drawOutline(context, predicted) {
    const part = Layers.outlinePart, [left, top, right, bottom] = this.seen;
    this.inPhoto(context, pixel => {
      context.lineCap = "square";
      const paths = [];
      for (let row = Math.floor(top / part); row * part < bottom; row++)
        for (let column = Math.floor(left / part); column * part < right; column++) {
          const path = this.layers.outline(column, row, predicted);
          if (path) paths.push(path);
        }
      context.strokeStyle = "#fff9"; context.lineWidth = 3 * this.ratio * pixel;
      paths.forEach(path => context.stroke(path));
      context.strokeStyle = OUTLINE; context.lineWidth = 1.4 * this.ratio * pixel;
      paths.forEach(path => context.stroke(path));
    });
  }

  // The lines between which the true edge lies.
  drawEdgeLines(context) {
    this.inPhoto(context, pixel => {
      context.strokeStyle = "#0008"; context.lineWidth = 2.6 * this.ratio * pixel;
      context.stroke(this.edgeLines);
      context.strokeStyle = EDGE_LINES; context.lineWidth = 1.2 * this.ratio * pixel;
      context.stroke(this.edgeLines);
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
    for (const region of this.regions) if (region.probability != null && !this.isDecided(region)) this.drawProbability(context, region);
  }

  // How likely a region is a fault, beside it, in letters of one size on the screen.
  drawProbability(context, {box: [left, top, width], probability}) {
    const text = `${Math.round(100 * probability)}%`, size = 12 * this.ratio, x = this.left + (left + width) * this.scale + size / 3, y = this.top + top * this.scale;
    context.save();
    context.setLineDash([]);
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.lineJoin = "round"; context.lineWidth = 3 * this.ratio; context.strokeStyle = "#000a"; context.strokeText(text, x, y);
    context.fillStyle = DOUBT; context.fillText(text, x, y);
    context.restore();
  }

  // Whether a person has turned a region: then it is seen without lines over it.
  isDecided({at: [x, y]}) {
    const place = Math.floor(y) * this.layers.width + Math.floor(x);
    return (this.layers.mask[place] > 127) !== (this.layers.predicted[place] > 127);
  }

  // Lines of one width on the screen, so that what is below is seen between them.
  hatching(context, strong) {
    const name = strong ? "strong" : "light", side = 8 * this.ratio;
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
    if (!this.showsDoubts) return null;
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
