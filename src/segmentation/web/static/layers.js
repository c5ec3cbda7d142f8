// A photo and its mask as tiles that are ready to be drawn: each level has half the size of the one before.

import {picture} from "./server.js";

const TINT = [230, 0, 120], TINT_SHARE = 0.4;
const OUTLINE_PX = 256;  // a side, of the parts in which the outline is looked for
const MOST_TILES = 96;

function canvas(width, height) {
  return new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
}

export class Layers {
  // `mask` is what is shown, a stroke in hand included; `predicted` the mask as it came.
  constructor(about, mask, predicted, changed) {
    Object.assign(this, {id: about.id, version: about.version, width: about.width, height: about.height});
    this.size = about.tile;
    this.mask = mask;
    this.predicted = predicted;
    this.changed = changed;  // called when another tile has come
    this.pictures = new Map();  // of the photo, by level/column/row
    this.composed = new Map();
    this.outlines = new Map();
    this.scratch = canvas(1, 1);
  }

  get levels() {
    return Math.max(0, Math.ceil(Math.log2(Math.max(this.width, this.height) / this.size)));
  }

  levelFor(scale) {
    return Math.max(0, Math.min(this.levels, Math.floor(Math.log2(1 / scale) + 1e-6)));
  }

  dimensions(level) {
    let [width, height] = [this.width, this.height];
    for (let step = 0; step < level; step++) [width, height] = [(width + 1) >> 1, (height + 1) >> 1];
    return [width, height];
  }

  // The picture of the photo at a tile, or null until it has come.
  photo(level, column, row) {
    const key = `${level}/${column}/${row}`;
    const found = this.pictures.get(key);
    if (found) return found.bitmap;
    const entry = {bitmap: null};
    this.pictures.set(key, entry);
    entry.ready = picture(`api/photos/${this.id}/tiles/${key}?v=${this.version}`).then(bitmap => {
      entry.bitmap = bitmap;
      this.changed();
    }, () => this.pictures.delete(key));
    return null;
  }

  // Fetch what a first look at the whole photo needs.
  async prepare(scale) {
    const level = this.levelFor(scale), [width, height] = this.dimensions(level), waiting = [];
    for (let row = 0; row * this.size < height; row++)
      for (let column = 0; column * this.size < width; column++) {
        this.photo(level, column, row);
        waiting.push(this.pictures.get(`${level}/${column}/${row}`)?.ready);
      }
    await Promise.all(waiting);
  }

  // A tile of the photo as a view shows it: of the mask as it is now, or as it was `predicted`.
  tile(level, column, row, view, predicted) {
    const photo = view === "mask" ? true : this.photo(level, column, row);
    if (view === "photo" || view === "outline" || !photo) return photo;
    const key = `${view}/${predicted ? "p" : "n"}/${level}/${column}/${row}`;
    let found = this.composed.get(key);
    if (!found) {
      const [width, height] = this.dimensions(level);
      const left = column * this.size, top = row * this.size;
      found = {
        left, top, level, column, row, view, predicted,
        canvas: canvas(Math.min(this.size, width - left), Math.min(this.size, height - top)),
      };
      if (this.composed.size > MOST_TILES) this.composed.delete(this.composed.keys().next().value);
      this.compose(found, 0, 0, found.canvas.width, found.canvas.height);
      this.composed.set(key, found);
    }
    return found.canvas;
  }

  compose(tile, x, y, width, height) {
    if (this.scratch.width < width || this.scratch.height < height) this.scratch = canvas(width, height);
    const values = this.reduced(tile, x, y, width, height);
    const image = new ImageData(width, height), pixels = image.data;
    for (let at = 0, value = 0; value < values.length; value++, at += 4) {
      const alpha = values[value];
      if (tile.view === "mask") {
        pixels[at] = pixels[at + 1] = pixels[at + 2] = alpha; pixels[at + 3] = 255;
      } else if (tile.view === "tint") {
        pixels[at] = TINT[0]; pixels[at + 1] = TINT[1]; pixels[at + 2] = TINT[2];
        pixels[at + 3] = (255 - alpha) * TINT_SHARE;
      } else pixels[at + 3] = alpha;
    }
    const context = tile.canvas.getContext("2d"), photo = this.photo(tile.level, tile.column, tile.row);
    if (tile.view === "mask") { context.putImageData(image, x, y); return; }
    const scratch = this.scratch.getContext("2d");
    scratch.globalCompositeOperation = "copy";
    scratch.clearRect(0, 0, width, height);
    scratch.putImageData(image, 0, 0);
    context.clearRect(x, y, width, height);
    if (tile.view === "cutout") {
      context.drawImage(this.scratch, 0, 0, width, height, x, y, width, height);
      context.globalCompositeOperation = "source-in";
      context.save();
      context.beginPath(); context.rect(x, y, width, height); context.clip();
      context.drawImage(photo, 0, 0);
      context.restore();
      context.globalCompositeOperation = "source-over";
    } else {
      context.drawImage(photo, x, y, width, height, x, y, width, height);
      context.drawImage(this.scratch, 0, 0, width, height, x, y, width, height);
    }
  }

  // The mask at a part of a tile: the mean of the pixels that become one.
  reduced(tile, x, y, width, height) {
    const source = tile.predicted ? this.predicted : this.mask, step = 1 << tile.level;
    const values = new Uint8Array(width * height);
    const left = (tile.left + x) * step, top = (tile.top + y) * step;
    if (step === 1) {
      for (let row = 0; row < height; row++) {
        const start = (top + row) * this.width + left;
        values.set(source.subarray(start, start + width), row * width);
      }
      return values;
    }
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const right = Math.min(this.width, left + (column + 1) * step);
        const bottom = Math.min(this.height, top + (row + 1) * step);
        let sum = 0, count = 0;
        for (let down = top + row * step; down < bottom; down++)
          for (let across = left + column * step; across < right; across++) {
            sum += source[down * this.width + across]; count++;
          }
        values[row * width + column] = count ? sum / count : 0;
      }
    return values;
  }

  // The mask was changed in a box [left, top, width, height] of the photo.
  touch([left, top, width, height]) {
    for (const tile of this.composed.values()) {
      if (tile.predicted) continue;
      const step = 1 << tile.level;
      const x0 = Math.max(0, Math.floor(left / step) - tile.left), y0 = Math.max(0, Math.floor(top / step) - tile.top);
      const x1 = Math.min(tile.canvas.width, Math.ceil((left + width) / step) - tile.left);
      const y1 = Math.min(tile.canvas.height, Math.ceil((top + height) / step) - tile.top);
      if (x0 < x1 && y0 < y1) this.compose(tile, x0, y0, x1 - x0, y1 - y0);
    }
    const reach = OUTLINE_PX;
    for (let row = Math.floor((top - 1) / reach); row * reach <= top + height; row++)
      for (let column = Math.floor((left - 1) / reach); column * reach <= left + width; column++)
        this.outlines.delete(`${column}/${row}`);
  }

  // The outline in a part of the photo, as a path along the edges of its pixels.
  outline(column, row, predicted) {
    const key = `${predicted ? "p" : ""}${column}/${row}`;
    let path = this.outlines.get(key);
    if (path === undefined) {
      path = this.trace(predicted ? this.predicted : this.mask, column * OUTLINE_PX, row * OUTLINE_PX);
      this.outlines.set(key, path);
    }
    return path;
  }

  trace(mask, left, top) {
    const right = Math.min(this.width, left + OUTLINE_PX), bottom = Math.min(this.height, top + OUTLINE_PX);
    const path = new Path2D();
    let found = false;
    const inside = (x, y) => x >= 0 && y >= 0 && mask[y * this.width + x] > 127;
    const trace = (from, to, differs, line) => {
      for (let start = -1, at = from; at <= to; at++) {
        const here = at < to && differs(at);
        if (here && start < 0) start = at;
        if (!here && start >= 0) { line(start, at); start = -1; found = true; }
      }
    };
    for (let y = top; y < bottom; y++)
      if (y) trace(left, right, x => inside(x, y) !== inside(x, y - 1), (a, b) => { path.moveTo(a, y); path.lineTo(b, y); });
    for (let x = left; x < right; x++)
      if (x) trace(top, bottom, y => inside(x, y) !== inside(x - 1, y), (a, b) => { path.moveTo(x, a); path.lineTo(x, b); });
    return found ? path : null;
  }

  static get outlinePart() { return OUTLINE_PX; }
}
