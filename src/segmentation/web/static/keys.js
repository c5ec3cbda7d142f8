// The keys, as they are pressed, shown in tool tips and listed in the help.

export const GROUPS = {
  "Decide": {
    accept: ["Accept, and on to the next", "Enter", "a"],
    "by-hand": ["To be redone by hand, and on", "r"],
    undecide: ["Take the decision back", "Backspace"],
    next: ["Next photo", "ArrowRight", "j"],
    previous: ["Previous photo", "ArrowLeft", "k"],
    help: ["All keys, and what they do", "?"],
  },
  "Look": {
    view: ["Next view: photo, outline, tint, cutout, mask", "w"],
    ground: ["Next background of the cutout", "g"],
    before: ["Hold: the photo alone", "c"],
    predicted: ["Hold: the mask as it was predicted", "Shift+C"],
    split: ["Before and after side by side, or not", "s"],
    lines: ["Show or hide the lines between which the true edge lies", "o"],
    "zoom-in": ["Zoom in; the wheel, too", "+", "="],
    "zoom-out": ["Zoom out", "-"],
    full: ["100%: pixel by pixel", "1"],
    fit: ["The garment, and once more the whole photo", "0"],
    pan: ["Hold: move the photo", "Space"],
  },
  "Doubtful regions": {
    doubtful: ["Next doubtful region, the likeliest fault first", "n"],
    toggle: ["Put the highlighted region in, or take it out", "t"],
    pointer: ["Pointer: click a region to put it in or take it out", "v"],
    doubts: ["Show or hide the doubtful regions", "d"],
  },
  "Correct": {
    hint: ["Smart brush: a rough stroke, which the network takes further", "q"],
    brush: ["Brush: add to the mask", "b"],
    eraser: ["Eraser: take out of the mask", "e"],
    polygon: ["Polygon: an area by its corners", "p"],
    lasso: ["Lasso: an area drawn around", "l"],
    hole: ["Fill a hole", "f"],
    island: ["Remove an island", "i"],
    refine: ["Fit the edge to the photo along a stroke", "h"],
    swap: ["Swap adding and taking out; Alt, for one stroke", "x"],
    smaller: ["Smaller brush; Shift and the wheel, too", ",", "["],
    larger: ["Larger brush", ".", "]"],
    softer: ["Softer brush", "<", "{"],
    harder: ["Harder brush", ">", "}"],
    undo: ["Undo the last step", "Ctrl+Z"],
    redo: ["Redo what was undone", "Ctrl+Shift+Z", "Ctrl+Y"],
    cancel: ["Give up what is being drawn", "Escape"],
  },
};

const NAMES = {ArrowRight: "→", ArrowLeft: "←", Backspace: "⌫", Escape: "Esc"};
const ALL = Object.assign({}, ...Object.values(GROUPS));
const BY_KEY = new Map(Object.entries(ALL).flatMap(([name, [, ...keys]]) => keys.map(key => [key.toLowerCase(), name])));

export const label = key => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);

export function tip(name) {
  const [text, ...keys] = ALL[name];
  return `${text} (${keys.map(label).join(" or ")})`;
}

// What places of punctuation type on a Latin keyboard, without Shift and with it.
const PUNCTUATION = {Comma: ",<", Period: ".>", BracketLeft: "[{", BracketRight: "]}", Slash: "/?"};

// The key of an event; the one in its place on a Latin keyboard where it types another letter, as "и" in place of "b".
export function keyOf(event) {
  if (event.key === " ") return "space";
  const place = PUNCTUATION[event.code]?.[event.shiftKey ? 1 : 0] ?? /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
  return (place && !event.altKey && /^[^\x00-\x7f]+$/.test(event.key) ? place : event.key).toLowerCase();
}

// The name of what a key does, or undefined.
export function nameOf(event) {
  const key = keyOf(event), control = event.ctrlKey || event.metaKey;
  if (event.altKey && "[]{}".includes(key)) return BY_KEY.get(key);  // AltGr, or Option, types them on many keyboards
  if (event.altKey && key === "enter") return "accept";  // a polygon that is in hand, the other way round
  if (control) return BY_KEY.get(`ctrl+${event.shiftKey ? "shift+" : ""}${key}`);
  if (event.altKey && key !== "alt") return undefined;
  if (event.shiftKey && key === "c") return "predicted";
  return BY_KEY.get(key);
}

export function fillHelp(holder) {
  for (const [title, entries] of Object.entries(GROUPS)) {
    const section = document.createElement("section"), list = document.createElement("dl");
    section.append(Object.assign(document.createElement("h3"), {textContent: title}), list);
    for (const [text, ...keys] of Object.values(entries)) {
      const term = document.createElement("dt");
      keys.forEach(key => term.append(Object.assign(document.createElement("kbd"), {textContent: label(key)}), " "));
      list.append(term, Object.assign(document.createElement("dd"), {textContent: text}));
    }
    holder.append(section);
  }
}

// What an element does, if its keys are about more than that, and then what each key that is shown there does.
export function addTips() {
  for (const element of document.querySelectorAll("[data-key]"))
    element.title = [element.title, ...element.dataset.key.split(" ").map(tip)].filter(Boolean).join("\n");
}
