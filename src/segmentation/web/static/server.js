// What the page asks of the program, and what it says when the program does not answer.

export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

const listeners = new Set();
let reachable = true;

export const onReachable = listener => listeners.add(listener);

function setReachable(now) {
  if (now === reachable) return;
  reachable = now;
  listeners.forEach(listener => listener(now));
  if (!now) setTimeout(look, 1000);
}

async function look() {
  try { await fetch("api/summary", {cache: "no-store"}); setReachable(true); }
  catch { setTimeout(look, 1000); }
}

async function ask(address, options = {}) {
  let answer;
  try { answer = await fetch(address, options); }
  catch (error) {
    if (error.name !== "AbortError") setReachable(false);
    throw error;
  }
  setReachable(true);
  if (answer.ok) return answer;
  let message = answer.statusText;
  try { message = (await answer.json()).message ?? message; } catch { /* no JSON */ }
  throw new Refused(answer.status, message);
}

const sent = (body, more = {}) => ({
  method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(body), ...more,
});

export const get = async address => (await ask(address)).json();
export const post = async (address, body, more) => (await ask(address, sent(body, more))).json();
export const picture = async address => createImageBitmap(await (await ask(address)).blob());

// An alpha or a part of it: its bytes, and the state of the photo with the box that they are of.
export async function alpha(address, body) {
  const answer = await ask(address, body === undefined ? {} : sent(body));
  return {...JSON.parse(answer.headers.get("x-about")), alpha: new Uint8Array(await answer.arrayBuffer())};
}

export const identity = () => crypto.getRandomValues(new Uint32Array(2)).join("-");
