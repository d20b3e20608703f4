/** Beside an input for a file: one that is too large is told of before any of it is sent. */
import { isTooLarge } from "./most";

function start(input: HTMLInputElement): void {
  const said = document.createElement("p");
  said.className = "help-block help-critical";
  said.setAttribute("role", "alert");
  said.hidden = true;
  said.textContent = input.dataset.tooLarge ?? "";
  input.insertAdjacentElement("afterend", said);
  const look = (): boolean => {
    said.hidden = !isTooLarge(input.files, Number(input.dataset.mostBytes));
    return said.hidden;
  };
  input.addEventListener("change", look);
  input.form?.addEventListener("submit", (event) => {
    if (look()) return;
    event.preventDefault();
    input.focus();
  });
}

for (const input of Array.from(document.querySelectorAll<HTMLInputElement>("input[data-most-bytes]"))) start(input);
