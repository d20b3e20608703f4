/** The small window above other apps (picture in picture), where the browser has one: Chrome's way or Safari's. */

interface AppleVideo {
  webkitSupportsPresentationMode?: (mode: string) => boolean;
  webkitPresentationMode?: string;
  webkitSetPresentationMode?: (mode: string) => void;
}

const MODE = "picture-in-picture";

function canFloat(video: HTMLVideoElement): boolean {
  if (document.pictureInPictureEnabled && typeof video.requestPictureInPicture === "function") return true;
  return (video as AppleVideo).webkitSupportsPresentationMode?.(MODE) ?? false;
}

function isFloating(video: HTMLVideoElement): boolean {
  return document.pictureInPictureElement === video || (video as AppleVideo).webkitPresentationMode === MODE;
}

/** Into the window or back out of it; whoever closes the window itself needs no key. */
async function toggle(video: HTMLVideoElement): Promise<void> {
  const apple = video as AppleVideo;
  if (document.pictureInPictureEnabled) {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video.requestPictureInPicture();
  } else apple.webkitSetPresentationMode?.(apple.webkitPresentationMode === MODE ? "inline" : MODE);
}

/** Puts the window behind `key`; the answer shows the key for as long as there is a picture that could go there. */
export function floating(video: HTMLVideoElement, key: HTMLElement): (wanted: boolean) => void {
  // Refused: the picture went in that moment. The key stays for the next try.
  key.addEventListener("click", () => void toggle(video).catch(() => undefined));
  return (wanted) => {
    // Nothing to be seen any more: a window without a picture could not be closed from here.
    if (!wanted && isFloating(video)) void toggle(video).catch(() => undefined);
    key.hidden = !(wanted && video.videoWidth > 0 && canFloat(video));
  };
}
