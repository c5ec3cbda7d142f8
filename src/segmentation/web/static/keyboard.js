// How keys come to what they do, and where they do not: in a dialog, in a field, during a stroke.

import {keyOf, nameOf} from "./keys.js";

const HELD = ["before", "predicted", "pan"];
const REPEATED = ["smaller", "larger", "softer", "harder", "undo", "redo", "zoom-in", "zoom-out", "next", "previous"];

export function prepareKeyboard(actions, {view, tools, looks}) {
  function setHeld(name, down) {
    if (name === "pan") { tools.space = down; tools.setCursor(); view.drawCursor(); return; }
    looks.setBefore(down ? name : null);
  }

  addEventListener("keydown", event => {
    if (document.querySelector("dialog[open]")) return;
    const field = event.target.closest("select, input:not([type=range])");
    if (field && event.key === "Escape") field.blur();
    if (field?.matches("select")) return;
    if (["Enter", " "].includes(event.key) && (field ?? event.target.closest("button"))) return;  // which the key presses
    const name = nameOf(event);
    if (!name) return;
    event.preventDefault();
    if (HELD.includes(name)) { if (!event.repeat) setHeld(name, true); return; }
    if (event.repeat && !REPEATED.includes(name)) return;
    if (tools.brush && name !== "cancel") return;  // a stroke is in hand
    actions[name](event);
  });
  addEventListener("keyup", event => {
    if (event.key === " ") setHeld("pan", false);
    if (["c", "shift"].includes(keyOf(event)) && view.before) setHeld("before", false);
  });
  addEventListener("blur", () => { setHeld("pan", false); setHeld("before", false); });

  // Keys go to the photo, and to a button only where the keyboard came to it: a mouse leaves no focus behind.
  const onPage = event => !event.target.closest("dialog, label, input, select");
  addEventListener("pointerdown", event => { if (onPage(event)) document.activeElement.blur(); }, {capture: true});
  addEventListener("mousedown", event => { if (onPage(event) && event.target.closest("button")) event.preventDefault(); });
}
