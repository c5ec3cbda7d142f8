// Where the photo is on the screen: one pixel of it is `scale` pixels of the screen.

const LEAST = 0.02, MOST = 16, GARMENT_MARGIN = 0.12;

export class Viewport {
  // `canvas` is drawn on; `layers` and `regions` are of the photo; `redraw` is of the class that draws.
  constructor(canvas) {
    Object.assign(this, {canvas, layers: null, regions: [], scale: 1, left: 0, top: 0, fitted: "photo", listeners: []});
    this.ratio = window.devicePixelRatio || 1;  // with which the canvas was made; see `resize` of the class that draws
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
    this.fitted = "photo";
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
  zoomTo(scale, at) {
    this.scaleAbout(scale, at);
    this.left = Math.round(this.left);
    this.top = Math.round(this.top);
    this.moved();
  }

  // One of many small steps: if places were rounded to pixels of the screen, that would add up.
  zoomSmoothly(factor, at) {
    this.scaleAbout(this.scale * factor, at);
    this.moved();
  }

  scaleAbout(scale, [x, y] = [this.canvas.width / 2, this.canvas.height / 2]) {
    scale = Math.min(MOST, Math.max(LEAST, scale));
    this.left = x - (x - this.left) / this.scale * scale;
    this.top = y - (y - this.top) / this.scale * scale;
    this.scale = scale;
    this.fitted = null;
  }

  // Whole steps where pixels are larger than those of the screen, so that all are of one size.
  zoomBy(factor, at) {
    let scale = this.scale * factor;
    if (scale > 1) scale = factor > 1 ? Math.max(Math.ceil(this.scale + 1e-6), Math.round(scale)) : Math.min(Math.floor(this.scale - 1e-6), Math.round(scale));
    if (this.scale < 1 && scale >= 1) scale = 1;
    this.zoomTo(scale, at);
  }

  pan(dx, dy) { this.left += Math.round(dx); this.top += Math.round(dy); this.fitted = null; this.moved(); }

  lookAt([left, top, width, height]) {
    const scale = Math.min(4, this.scaleThatFits(1.4 * width + 160, 1.4 * height + 160));
    this.scale = scale > 1 ? Math.floor(scale) : scale;
    this.left = Math.round(this.canvas.width / 2 - (left + width / 2) * this.scale);
    this.top = Math.round(this.canvas.height / 2 - (top + height / 2) * this.scale);
    this.fitted = null;
    this.moved();
  }

  moved() { this.listeners.forEach(listener => listener()); this.redraw(); }

  // The part of the photo that is on the screen: left, top, right, bottom.
  get seen() {
    const {width, height} = this.layers;
    return [
      Math.max(0, -this.left / this.scale), Math.max(0, -this.top / this.scale),
      Math.min(width, (this.canvas.width - this.left) / this.scale), Math.min(height, (this.canvas.height - this.top) / this.scale),
    ];
  }
}
