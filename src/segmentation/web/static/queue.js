// The queue: which photos, in which order, and the list of them.

import {figure, inWords} from "./badge.js";

const ROW_PX = 64, BEYOND = 6;

const FILTERS = {
  all: ["All photos", () => true],
  open: ["Not decided", photo => !photo.decision],
  review: ["Predicted as review", photo => photo.predicted === "review"],
  redo: ["Predicted as redo", photo => photo.predicted === "redo"],
  auto: ["Predicted as auto", photo => photo.predicted === "auto"],
  viewpoint: ["Odd viewpoint", photo => photo.flags.includes("viewpoint")],
  drift: ["Unlike known photos", photo => photo.flags.includes("drift")],
  accepted: ["Accepted", photo => photo.decision === "accepted"],
  "by-hand": ["To be redone", photo => photo.decision === "redo"],
};

const soundness = photo => photo.soundness ?? -1;
const byName = (one, other) => one.name < other.name ? -1 : one.name > other.name ? 1 : 0;

const ORDERS = {
  names: photos => photos.sort(byName),
  photos: photos => photos.sort((one, other) => soundness(one) - soundness(other) || byName(one, other)),
  garments: photos => {
    const least = new Map();
    for (const photo of photos) least.set(photo.garment, Math.min(soundness(photo), least.get(photo.garment) ?? 2));
    return photos.sort((one, other) =>
      least.get(one.garment) - least.get(other.garment) || (one.garment < other.garment ? -1 : one.garment > other.garment ? 1 : 0) ||
      soundness(one) - soundness(other) || byName(one, other));
  },
};

// What may change of a photo while it is reviewed.
const STATE = ["revision", "thumbnail", "undo", "redo", "decision", "pending", "problem", "outdated"];

// Take the state of a photo that was asked for at a time.
export function learn(photo, state, asked) {
  for (const name of STATE) photo[name] = state[name];
  photo.asked = asked;
}

export class Queue {
  constructor(chosen) {
    Object.assign(this, {chosen, known: new Map(), all: new Map(), shown: [], current: null, kept: new Set()});
    this.list = document.getElementById("list");
    this.rows = document.getElementById("rows");
    this.filter = document.getElementById("filter");
    this.order = document.getElementById("order");
    for (const name of Object.keys(FILTERS)) this.filter.append(new Option("", name));
    for (const select of [this.filter, this.order])
      select.addEventListener("change", () => { this.kept.clear(); this.arrange(); select.blur(); if (this.shown.length && !this.shown.includes(this.current)) chosen(this.shown[0]); });
    this.list.addEventListener("scroll", () => this.draw(), {passive: true});
    new ResizeObserver(() => this.draw()).observe(this.list);
  }

  // Take what was answered about all photos; of one that changed after it was asked for, more is known already.
  // While predict replaces a photo it is none of them: it is the same one later, and the one in hand stays in its place.
  take(photos, asked) {
    this.all = new Map(photos.map(photo => [photo.id, this.entry(photo, asked)]));
    if (this.current) this.all.set(this.current.id, this.current);
    this.arrange();
  }

  entry(photo, asked) {
    const known = this.known.get(photo.id) ?? {};
    this.known.set(photo.id, known);
    return known.asked > asked ? known : Object.assign(known, photo, {asked});
  }

  // Order the photos; one that was decided under a filter stays in its place until another filter is chosen.
  arrange() {
    const [, wanted] = FILTERS[this.filter.value || "all"];
    const photos = [...this.all.values()];
    for (const option of this.filter.options) {
      const [text, holds] = FILTERS[option.value];
      option.textContent = `${text} (${photos.filter(holds).length})`;
    }
    this.shown = ORDERS[this.order.value](photos.filter(photo => wanted(photo) || this.kept.has(photo.id)));
    this.draw();
  }

  update(photo) { this.kept.add(photo.id); this.arrange(); }

  get left() { return this.shown.filter(photo => !photo.decision).length; }
  get decided() { return this.shown.length - this.left; }
  get place() { return this.shown.indexOf(this.current); }

  neighbour(step) { return this.shown[this.place + step] ?? null; }

  // The next photo that is not decided, from here on and then from the start.
  get nextOpen() {
    const place = this.place, open = photo => !photo.decision && photo !== this.current;
    return this.shown.slice(place + 1).find(open) ?? this.shown.slice(0, Math.max(0, place)).find(open) ?? null;
  }

  select(photo) {
    this.current = photo;
    this.kept.add(photo.id);
    const top = this.place * ROW_PX, height = this.list.clientHeight;
    if (top < this.list.scrollTop || top + ROW_PX > this.list.scrollTop + height)
      this.list.scrollTop = top - height / 2 + ROW_PX / 2;
    this.draw();
  }

  draw() {
    const from = Math.max(0, Math.floor(this.list.scrollTop / ROW_PX) - BEYOND);
    const to = Math.min(this.shown.length, Math.ceil((this.list.scrollTop + this.list.clientHeight) / ROW_PX) + BEYOND);
    this.rows.style.height = `${this.shown.length * ROW_PX}px`;
    const there = new Map([...this.rows.children].map(row => [row.dataset.id, row]));
    const rows = this.shown.slice(from, to).map((photo, index) => {
      const row = there.get(photo.id) ?? this.row(photo);
      this.fill(row, photo, this.shown[from + index - 1]);
      row.style.top = `${(from + index) * ROW_PX}px`;
      return row;
    });
    const wanted = new Set(rows);
    for (const row of [...this.rows.children]) if (!wanted.has(row)) row.remove();
    for (const row of rows) if (!row.isConnected) this.rows.append(row);
    let empty = this.list.querySelector(".empty");
    if (!this.shown.length && !empty) this.list.append(Object.assign(document.createElement("p"), {className: "empty", textContent: "No photo here."}));
    if (this.shown.length) empty?.remove();
  }

  row(photo) {
    const row = document.createElement("div"), picture = document.createElement("img");
    Object.assign(picture, {alt: "", loading: "lazy", draggable: false, fetchPriority: "low"});
    const text = document.createElement("div");
    text.append(document.createElement("b"), document.createElement("span"));
    row.append(picture, text);
    row.className = "row";
    row.dataset.id = photo.id;
    row.setAttribute("role", "option");
    row.addEventListener("click", () => this.chosen(this.all.get(row.dataset.id)));
    return row;
  }

  fill(row, photo, above) {
    const [name, about] = row.lastChild.children, address = `api/photos/${photo.id}/thumbnail?v=${photo.thumbnail}`;
    if (row.firstChild.getAttribute("src") !== address) row.firstChild.src = address;
    name.textContent = photo.view ? `${photo.view} · ${photo.garment}` : photo.name;
    row.title = [photo.name, inWords(photo), ...photo.reasons, photo.problem].filter(Boolean).join("\n");
    const mark = photo.problem ? ["problem", "not written yet"] : photo.decision === "accepted" ? ["accepted", photo.pending ? "✓ writing" : "✓ accepted"]
      : photo.decision === "redo" ? ["redo", "↺ redo"] : ["", ""];
    const parts = [Object.assign(document.createElement("span"), {className: `badge ${photo.predicted ?? ""}`, textContent: figure(photo)})];
    if (mark[1]) parts.push(" ", Object.assign(document.createElement("span"), {className: `mark ${mark[0]}`, textContent: mark[1]}));
    else if (photo.undo) parts.push(" · corrected");
    else if (photo.flags.length) parts.push(` · ${photo.flags.join(", ")}`);
    about.replaceChildren(...parts);
    row.setAttribute("aria-selected", String(photo === this.current));
    row.classList.toggle("done", Boolean(photo.decision));
    row.classList.toggle("first", Boolean(above) && above.garment !== photo.garment);
  }
}
