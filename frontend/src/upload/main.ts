/** The video screens of the editor's admin: resumable upload, progress of the work on it, preview. */
import { startUpload } from "./send";
import { watchVideos } from "./watch";

function ready(start: () => void): void {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}

ready(() => {
  const form = document.querySelector<HTMLFormElement>("form[data-upload]");
  if (form) startUpload(form);
  watchVideos();
});
