/** Beside the player: moments of it for the form, and the film as it will be once it is cut. */
import { clock } from "../lib/clock";
import { byId, optional, readData } from "../lib/page";
import { begun, ended, playsOn, type Span } from "./spans";

const data = readData<{ spans: Span[] }>("cut-data");
const video = optional<HTMLVideoElement>("player-video");
if (data && video) run(data.spans, video);

function run(spans: Span[], video: HTMLVideoElement): void {
  const without = byId<HTMLTextAreaElement>("id_without");
  const here = (): string => clock(Math.floor(video.currentTime) * 1000);
  byId("cut-keys").hidden = false;
  for (const name of ["start", "end"]) {
    byId(`cut-${name}`).addEventListener("click", () => {
      byId<HTMLInputElement>(`id_${name}`).value = here();
    });
  }
  byId("cut-from").addEventListener("click", () => {
    without.value = begun(without.value, here());
  });
  byId("cut-to").addEventListener("click", () => {
    without.value = ended(without.value, here()) ?? without.value;
  });
  const play = optional<HTMLButtonElement>("cut-play");
  if (!play) return;
  let isLooking = false;
  play.hidden = false;
  play.addEventListener("click", () => {
    isLooking = true;
    byId("player").scrollIntoView({ block: "start" });
    if (!video.readyState) byId("player-go").click();
    else {
      video.currentTime = (spans[0]?.[0] ?? 0) / 1000;
      video.play().catch(() => undefined);
    }
  });
  video.addEventListener("timeupdate", () => {
    if (!isLooking || video.seeking) return;
    const at = video.currentTime * 1000;
    const next = playsOn(at, spans);
    if (next === null) {
      isLooking = false;
      video.pause();
    } else if (next > at) video.currentTime = next / 1000;
  });
}
