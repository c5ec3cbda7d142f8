// What the page shows of the photo in hand and of the queue, around the stage.

import {figure, inWords} from "./badge.js";

const at = id => document.getElementById(id);

export function describe({queue, view, work, summary}) {
  const photo = queue.current;
  at("name").textContent = photo?.name ?? "";
  at("name").title = photo?.name ?? "";
  at("badge").textContent = photo ? [photo.predicted, figure(photo)].filter(Boolean).join(" · ") : "";
  at("badge").className = `badge ${photo?.predicted ?? ""}`;
  at("badge").title = photo ? inWords(photo) : "";
  at("reasons").textContent = photo?.reasons.join("; ") ?? "";
  at("reasons").title = photo?.reasons.join("\n") ?? "";
  const steps = work?.steps ?? photo;
  at("undo").disabled = !(steps?.undo > 0);
  at("redo").disabled = !(steps?.redo > 0);
  at("accept").classList.toggle("on", photo?.decision === "accepted");
  at("accept").textContent = photo?.decision === "accepted" ? "Accepted" : "Accept";
  at("redo-by-hand").classList.toggle("on", photo?.decision === "redo");
  at("previous").disabled = !queue.neighbour(-1);
  at("next").disabled = !queue.neighbour(1);
  at("left").textContent = left(queue, summary.seconds_a_photo);
  at("progress").firstElementChild.style.width = `${100 * queue.decided / Math.max(1, queue.shown.length)}%`;
  at("doubts").lastElementChild.textContent = work ? doubts(work.about) : 0;
  at("doubts").classList.toggle("on", view.doubts);
  at("lines").hidden = !work?.about.edge_lines.length;
  at("lines").classList.toggle("on", view.lines);
  at("split").classList.toggle("on", Boolean(view.split));
}

const doubts = ({regions, knows_doubts}) => regions.length || (knows_doubts ? 0 : "?");

function left(queue, pace) {
  if (!queue.shown.length) return "";
  if (!queue.left) return "none left";
  return `${queue.left} left${pace ? ` · about ${duration(queue.left * pace)}` : ""}`;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.max(5, Math.round(seconds / 5) * 5)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
