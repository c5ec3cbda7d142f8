// What the page says about the photo in hand, at the foot of the stage.

const KEPT_MS = 6000;

const box = document.getElementById("notice");
let timer = null;

export function notice(text, stays = false, action = null) {
  clearTimeout(timer);
  box.hidden = !text;
  box.replaceChildren(text);
  if (action) box.append(action);
  if (text && !stays) timer = setTimeout(hideNotice, KEPT_MS);
}

export function hideNotice() { box.hidden = true; }
