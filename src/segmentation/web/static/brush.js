// What a brush does while the pointer is down. The program does the same again, and what it says is kept.

export class Brush {
  constructor(layers, add, size, hardness) {
    Object.assign(this, {layers, add, size, hardness, points: []});
    this.radius = size / 2;
    this.start = layers.mask.slice();
    this.coverage = new Uint8Array(this.start.length);
    this.least = Math.max(0.5, this.radius / 12);  // pixels between two points
  }

  // Go on to a place of the photo; return the box that was changed, or null.
  to(x, y) {
    if (this.size < 2) [x, y] = [Math.floor(x) + 0.5, Math.floor(y) + 0.5];
    [x, y] = [Math.round(x * 100) / 100, Math.round(y * 100) / 100];
    const last = this.points.at(-1);
    if (last && Math.hypot(x - last[0], y - last[1]) < this.least) return null;
    this.points.push([x, y]);
    return this.segment(last ?? [x, y], [x, y]);
  }

  segment([ax, ay], [bx, by]) {
    const {width, height, mask} = this.layers, reach = this.radius + 1;
    const left = Math.max(0, Math.floor(Math.min(ax, bx) - reach)), right = Math.min(width, Math.ceil(Math.max(ax, bx) + reach));
    const top = Math.max(0, Math.floor(Math.min(ay, by) - reach)), bottom = Math.min(height, Math.ceil(Math.max(ay, by) + reach));
    if (left >= right || top >= bottom) return null;
    const [dx, dy] = [bx - ax, by - ay], length = dx * dx + dy * dy;
    const wide = Math.max(1, this.radius * (1 - this.hardness));
    const outer = wide <= 1 ? this.radius + 0.5 : this.radius, furthest = outer * outer;
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) {
        const px = x + 0.5 - ax, py = y + 0.5 - ay;
        const share = length ? Math.max(0, Math.min(1, (px * dx + py * dy) / length)) : 0;
        const distance = (px - share * dx) ** 2 + (py - share * dy) ** 2;
        if (distance >= furthest) continue;
        let cover = Math.min(1, (outer - Math.sqrt(distance)) / wide);
        if (wide > 1) cover = cover * cover * (3 - 2 * cover);
        const at = y * width + x, value = Math.round(cover * 255);
        if (value <= this.coverage[at]) continue;
        this.coverage[at] = value;
        mask[at] = Math.round(this.start[at] + ((this.add ? 255 : 0) - this.start[at]) * cover);
      }
    return [left, top, right - left, bottom - top];
  }

  get operation() {
    return {kind: "stroke", add: this.add, size: this.size, hardness: this.hardness, points: this.points};
  }
}
