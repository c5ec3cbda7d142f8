// What keys and buttons do, by the names of the keys.

import {notice} from "./notice.js";

const REST_MS = 150;  // for which a photo is held on to until it is opened, while a key is
const UNKNOWN = "What is doubtful is not known here, since this mask was predicted without triage: predict finds it without --no-triage, by a model that knows a confidence, which calibrate gives one";
const OTHER_TOOLS = ["pointer", "brush", "eraser", "polygon", "lasso", "hole", "island", "refine"];

export function commands({view, tools, looks, queue, hand, smartBrush, describe}) {
  let place = -1, regions = null;  // which of the doubtful regions was gone to last

  // A key that is held waits for what it did before, and so ends where it is let go.
  const isAhead = event => Boolean(event?.repeat && hand.work.active);

  const go = (step, event) => hand.show(queue.neighbour(step), event?.repeat ? REST_MS : 0);

  function accept(event) {
    if (tools.tool === "polygon" && tools.line.length) tools.close(Boolean(event?.altKey));
    else if (!event?.altKey) hand.decide("accepted");
  }

  function toggleLines() {
    if (!hand.work?.about.edge_lines.length) { notice("Where the true edge lies is not known here: predict writes it with --trimap --trimap-certainty 0.9"); return; }
    view.lines = !view.lines;
    describe(); view.redraw();
  }

  function toggleDoubts() {
    view.doubts = !view.doubts;
    describe(); view.redraw();
  }

  function nextDoubt() {
    if (!hand.work) return;
    const likeliest = view.regions.toSorted((one, other) => (other.probability ?? 0) - (one.probability ?? 0));
    if (!likeliest.length) { notice(hand.work.about.knows_doubts ? "Nothing is doubtful here" : UNKNOWN); return; }
    if (!view.showsDoubts) { view.doubts = true; looks.setMode("outline"); describe(); }
    if (regions !== view.regions) { regions = view.regions; place = -1; }  // another photo
    place = (place + 1) % likeliest.length;
    tools.hover(likeliest[place]);
    view.lookAt(likeliest[place].box);
  }

  function swap() {
    if (tools.paints) { tools.choose(tools.tool === "brush" ? "eraser" : "brush"); return; }
    tools.settings.add = !tools.settings.add;
    tools.settle();
  }

  function undo(event) {
    if (tools.line.length) { tools.line.pop(); view.drawCursor(); }
    else if (hand.work?.steps.undo > 0 && !isAhead(event)) hand.work.undo();
  }

  return {
    accept,
    "by-hand": () => hand.decide("redo"),
    undecide: () => queue.current?.decision && hand.decide(null),
    next: event => go(1, event),
    previous: event => go(-1, event),
    view: () => looks.nextMode(),
    ground: () => looks.nextGround(),
    split: () => looks.toggleSplit(),
    lines: toggleLines,
    doubts: toggleDoubts,
    "zoom-in": () => view.zoomBy(1.5),
    "zoom-out": () => view.zoomBy(1 / 1.5),
    full: () => view.zoomTo(1),
    fit: () => view.fitted === "garment" ? view.fit() : view.fitGarment(),
    doubtful: nextDoubt,
    toggle: () => { if (view.hovered) hand.toggle(view.hovered.number); else nextDoubt(); },
    swap,
    smaller: () => tools.resize(1 / 1.2),
    larger: () => tools.resize(1.2),
    softer: () => tools.harden(-0.1),
    harder: () => tools.harden(0.1),
    undo,
    redo: event => hand.work?.steps.redo > 0 && !isAhead(event) && hand.work.redo(),
    cancel: () => tools.cancel(),
    help: () => document.getElementById("help").showModal(),
    hint: () => smartBrush.choose(),
    ...Object.fromEntries(OTHER_TOOLS.map(tool => [tool, () => tools.choose(tool)])),
  };
}
