// The dialogs: export, summary, keys.

import {fillHelp} from "./keys.js";
import {get, post} from "./server.js";

const at = id => document.getElementById(id);

// `report` sends what is not sent yet of the time at work.
export function prepareDialogs(report) {
  at("show-export").addEventListener("click", () => { at("exported").textContent = ""; at("export").showModal(); });
  for (const button of document.querySelectorAll("[data-form]"))
    button.addEventListener("click", async () => {
      const said = at("exported");
      said.textContent = "Writing…";
      try {
        const {path, photos} = await post("api/export", {form: button.dataset.form});
        said.textContent = `${photos} ${photos === 1 ? "photo" : "photos"} in ${path}`;
        if (button.dataset.form === "zip") {
          const link = Object.assign(document.createElement("a"), {href: `api/export.zip?v=${Date.now()}`, textContent: "download", download: "accepted.zip"});
          said.append(" · ", link);
        }
      } catch (error) { said.textContent = error.message; }
    });

  at("show-summary").addEventListener("click", async () => {
    await report();
    const found = await get("api/summary").catch(() => null);
    if (!found) return;
    const figures = at("figures"), table = document.createElement("table");
    figures.replaceChildren(...found.lines.map(line => Object.assign(document.createElement("p"), {textContent: `${line}.`})), table);
    for (const [kind, share] of Object.entries(found.spent)) {
      const row = table.insertRow();
      row.insertCell().textContent = `time on photos predicted as ${kind}`;
      row.insertCell().textContent = `${Math.round(100 * share)}%`;
    }
    at("summary").showModal();
  });
  fillHelp(at("keys"));
}
