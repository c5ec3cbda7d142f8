// What the page says while the program does not answer.

import {onProgram} from "./server.js";

const box = document.getElementById("offline");

// `goOn` is called when the program answers again.
export function prepareOffline(goOn) {
  onProgram(now => {
    box.hidden = now === "here";
    box.textContent = now === "another"
      ? `Another program answers here. What you have done is kept; end that one, start this review again with --port ${location.port}, and this page goes on.`
      : "The program does not answer. What you have done is kept; start review again, and this page goes on.";
    if (now === "here") goOn();
  });
}
