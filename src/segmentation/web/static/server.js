// What the page asks of the program, and what it says when the program does not answer.

export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

// What was asked for is not there at present, as a photo that predict is about to replace: it may be later.
export class Absent extends Error {}

const listeners = new Set();
let program = "here";  // or "gone", or "another" one answers in its place, as a review of another folder that has its port

export const onProgram = listener => listeners.add(listener);

function setProgram(now) {
  const before = program;
  if (now === before) return;
  program = now;
  listeners.forEach(listener => listener(now));
  if (before === "here") setTimeout(look, 1000);
}

// Whether an answer is the program's own: another program may say anything.
const isOwn = answer => answer.headers.has("x-review");

async function look() {
  try { setProgram(isOwn(await fetch("api/summary", {cache: "no-store"})) ? "here" : "another"); }
  catch { setProgram("gone"); }
  if (program !== "here") setTimeout(look, 1000);
}

async function ask(address, options = {}) {
  let answer;
  try { answer = await fetch(address, options); }
  catch (error) {
    if (error.name !== "AbortError") setProgram("gone");
    throw error;
  }
  setProgram(isOwn(answer) ? "here" : "another");
  if (!isOwn(answer)) throw new Error("Another program answers here");
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  if (answer.status === 404 && !said?.message) throw new Absent("This photo is not among the results at present");
  throw new Refused(answer.status, said?.message ?? answer.statusText);
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
