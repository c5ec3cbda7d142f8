// What stays in sight, whichever photo is in hand, until a person closes it or it is so no longer.

const list = document.getElementById("messages"), rows = new Map();

// What was closed is not said again, after a reload neither.
const NAME = `closed ${location.pathname}`;
const closed = new Map(JSON.parse(sessionStorage.getItem(NAME) ?? "[]"));
const keepClosed = () => sessionStorage.setItem(NAME, JSON.stringify([...closed]));

// `key` stands for the matter. With a `remedy`, [what its button says, what it does], it cannot be closed otherwise.
export function say(key, text, remedy = null) {
  if (closed.get(key) === text || rows.get(key)?.firstChild.data === text) return;
  rows.get(key)?.remove();
  const row = Object.assign(document.createElement("div"), {className: "strip"});
  const [label, act] = remedy ?? ["Close", () => { row.remove(); rows.delete(key); closed.set(key, text); keepClosed(); }];
  row.append(text, button(label, act));
  list.append(row);
  rows.set(key, row);
}

// It is so no longer; where it is again later, that is said again.
export function unsay(key) {
  rows.get(key)?.remove();
  rows.delete(key);
  if (closed.delete(key)) keepClosed();
}

export const button = (textContent, onclick) =>
  Object.assign(document.createElement("button"), {type: "button", className: "framed", textContent, onclick});
