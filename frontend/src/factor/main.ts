/** Around allauth's scripts for passkeys: what a browser cannot do is not offered, and what failed is said. */
const supported = typeof window.PublicKeyCredential === "function" && Boolean(navigator.credentials?.create);
const said = document.getElementById("passkey-failed");

for (const part of Array.from(document.querySelectorAll<HTMLElement>("[data-passkey]"))) {
  part.hidden = (part.dataset.passkey === "offer") !== supported;
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  if (said === null) return;
  said.hidden = false;
  said.focus();
});
