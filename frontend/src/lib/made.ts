/** Parts of a page that islands make; text always as text, never HTML. */

export function made(tag: string, className: string, text = ""): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

export function button(className: string, text: string, act: (button: HTMLButtonElement) => void): HTMLButtonElement {
  const element = made("button", className, text) as HTMLButtonElement;
  element.type = "button";
  element.addEventListener("click", () => act(element));
  return element;
}
