/** hls.js/light as a script of its own: loaded by the player and the room only where native HLS is missing. */
import Hls from "hls.js/light";

window.Hls = Hls;
