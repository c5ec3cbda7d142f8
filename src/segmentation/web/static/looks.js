// How the photo is looked at: views, backgrounds, before and after.

const VIEWS = ["photo", "outline", "tint", "cutout", "mask"];
const GROUNDS = ["checker", "white", "black", "colour", "picture"];

const at = id => document.getElementById(id);
const after = (list, item) => list[(list.indexOf(item) + 1) % list.length];

export class Looks {
  // `page` has: keep(), which keeps the settings, notice(text), changed(), and edited(), whether the mask was corrected
  constructor(view, settings, page) {
    Object.assign(this, {view, settings, page});
    this.setMode(settings.mode);
    this.setGround(settings.ground);
    for (const button of document.querySelectorAll("[data-view]"))
      button.addEventListener("click", () => this.setMode(button.dataset.view));
    for (const button of document.querySelectorAll("button[data-ground]"))
      button.addEventListener("click", () => this.setGround(button.dataset.ground));
    for (const id of ["colour", "ground-picture"])  // keys go to the photo again
      for (const name of ["change", "cancel"]) at(id).addEventListener(name, event => event.target.blur());
    // a browser tells of a choice only if it is another one: a click takes what is there already
    at("colour").addEventListener("click", () => this.setGround("colour"));
    at("colour").addEventListener("input", event => { settings.colour = event.target.value; this.setGround("colour"); });
    at("ground-picture").addEventListener("click", () => view.groundPicture && this.setGround("picture"));
    at("ground-picture").addEventListener("change", event => this.takePicture(event.target.files[0]));
    at("slider").addEventListener("pointerdown", event => at("slider").setPointerCapture(event.pointerId));
    at("slider").addEventListener("pointermove", event => { if (event.buttons) this.slide(event.clientX); });
  }

  setMode(mode) {
    this.view.mode = this.settings.mode = mode;
    for (const button of document.querySelectorAll("[data-view]")) button.classList.toggle("on", button.dataset.view === mode);
    at("grounds").hidden = mode !== "cutout";
    this.page.keep();
    this.view.redraw();
  }

  nextMode() { this.setMode(after(VIEWS, this.view.mode)); }

  setGround(ground) {
    if (ground === "picture" && !this.view.groundPicture) ground = "checker";
    this.view.ground = this.settings.ground = ground;
    this.view.colour = this.settings.colour;
    for (const element of document.querySelectorAll("[data-ground]")) element.classList.toggle("on", element.dataset.ground === ground);
    document.querySelector(".swatch[data-ground=colour]").style.background = this.settings.colour;
    this.page.keep();
    this.view.redraw();
  }

  nextGround() {
    if (this.view.mode !== "cutout") this.setMode("cutout");
    else this.setGround(after(this.view.groundPicture ? GROUNDS : GROUNDS.slice(0, -1), this.view.ground));
  }

  // The picture stays in this browser.
  async takePicture(file) {
    if (!file) return;
    try { this.view.groundPicture = await createImageBitmap(file); this.setGround("picture"); }
    catch { this.page.notice("This picture cannot be read"); }
  }

  setSplit(on) {
    const edited = this.page.edited();
    this.view.split = on ? {at: this.view.split?.at ?? 0.5, before: edited ? "predicted" : "photo"} : null;
    at("slider").hidden = !on;
    at("slider").style.left = `${100 * (this.view.split?.at ?? 0.5)}%`;
    if (on) this.page.notice(edited ? "Left: as it was predicted. Right: as it is now." : "Left: the photo. Right: the mask.");
    this.view.redraw();
    this.page.changed();
  }

  toggleSplit() { this.setSplit(!this.view.split); }

  slide(x) {
    const box = at("stage").getBoundingClientRect();
    this.view.split.at = Math.min(0.98, Math.max(0.02, (x - box.left) / box.width));
    at("slider").style.left = `${100 * this.view.split.at}%`;
    this.view.redraw();
  }

  // While a key is held: "before" is the photo alone, "predicted" the mask as it came; null is the end.
  setBefore(name) {
    this.view.before = name === "before" ? "photo" : name;
    this.view.redraw();
  }
}
