/** A random name for this browser, so that two phones of one person can be told apart. It says nothing about the phone. */

const KEY = "device";
let remembered = "";

/** 32 hexadecimal digits of randomness; also the ids that a phone gives to what it sends. */
export function randomId(): string {
  const bytes = new Uint8Array(16);
  window.crypto.getRandomValues(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The same in every page of this browser; where storage is refused, the same until the page is left. */
export function deviceId(): string {
  if (remembered) return remembered;
  try {
    remembered = window.localStorage.getItem(KEY) ?? "";
    if (!/^[0-9a-f]{32}$/.test(remembered)) {
      remembered = randomId();
      window.localStorage.setItem(KEY, remembered);
    }
  } catch {
    remembered = remembered || randomId();
  }
  return remembered;
}
