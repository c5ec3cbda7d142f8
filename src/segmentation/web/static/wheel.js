// How far the wheel of a mouse was turned, or fingers moved on a trackpad.

const NOTCH = {[WheelEvent.DOM_DELTA_PIXEL]: 100, [WheelEvent.DOM_DELTA_LINE]: 3, [WheelEvent.DOM_DELTA_PAGE]: 1};

// In notches of a mouse's wheel, above 0 towards the person; `whole` ones where it is a mouse's, however many pixels they
// are in this browser. A trackpad sends many small parts of a notch; where they are large, `wheelDelta` is three a pixel.
export function turned(event) {
  const by = event.deltaY || event.deltaX, parts = by / NOTCH[event.deltaMode];
  const smooth = Math.abs(parts) < 0.5 || Math.abs(event.wheelDelta + 3 * by) < 3;
  if (event.deltaMode === WheelEvent.DOM_DELTA_PIXEL && smooth) return {notches: parts, whole: false};
  return {notches: Math.sign(parts) * Math.max(1, Math.round(Math.abs(parts))), whole: true};
}
