// The buttons, sliders and lists around the stage.

const at = id => document.getElementById(id);

const BUTTONS = {
  accept: "accept", "redo-by-hand": "by-hand", undo: "undo", redo: "redo", previous: "previous", next: "next",
  split: "split", lines: "lines", doubts: "doubts", "show-help": "help",
};
const ZOOMS = {in: "zoom-in", out: "zoom-out", 100: "full", fit: "fit"};

// The size of the brush on a scale on which each step is as much more than the one before.
const toSize = value => Math.max(1, Math.round(1000 ** (value / 1000)));
const fromSize = size => Math.round(1000 * Math.log(size) / Math.log(1000));

export function prepareControls(actions, {view, tools, queue, smartBrush, settings, keep, describe}) {
  const press = (button, name) => button.addEventListener("click", () => actions[name]());
  const each = selector => document.querySelectorAll(selector);

  for (const [id, name] of Object.entries(BUTTONS)) press(at(id), name);
  for (const button of each("[data-tool]")) press(button, button.dataset.tool);
  for (const button of each("[data-zoom]")) press(button, ZOOMS[button.dataset.zoom]);
  for (const button of each("[data-add]")) button.addEventListener("click", () => { settings.add = button.dataset.add === "1"; tools.settle(); });

  at("size").addEventListener("input", event => { settings.size = toSize(event.target.value); tools.settle(); });
  at("hardness").addEventListener("input", event => { settings.hardness = event.target.value / 100; tools.settle(); });
  for (const id of ["size", "hardness"]) at(id).addEventListener("change", event => event.target.blur());

  tools.listeners.push(() => {
    for (const button of each("[data-tool]")) button.classList.toggle("on", button.dataset.tool === tools.tool);
    at("options").hidden = tools.tool === "pointer";
    at("mode").hidden = !tools.chooses;
    for (const button of each("[data-add]")) button.classList.toggle("on", (button.dataset.add === "1") === settings.add);
    at("size-label").hidden = !tools.sized;
    at("hardness-label").hidden = !tools.paints;
    at("size").value = fromSize(settings.size);
    at("size-value").textContent = `${settings.size} px`;
    at("hardness").value = Math.round(settings.hardness * 100);
    at("hardness-value").textContent = `${Math.round(settings.hardness * 100)}%`;
    at("hint").textContent = tools.tool === "hint" && smartBrush.loading ? "The network is being loaded; you can draw already" : tools.hint;
    keep();
  });
  view.listeners.push(() => { at("zoom").textContent = `${Math.round(view.scale * 100)}%`; });

  queue.filter.value = settings.filter in {all: 1, open: 1} ? settings.filter : "all";
  queue.order.value = settings.order;
  queue.filter.addEventListener("change", () => { settings.filter = queue.filter.value; keep(); describe(); });
  queue.order.addEventListener("change", () => { settings.order = queue.order.value; keep(); });
}
