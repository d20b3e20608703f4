// The lecturer's camera shows a clock: milliseconds of the day's time as sixteen black and white fields, read again
// from whatever picture a member sees. All browsers run on one machine, so that there is one clock.
(() => {
  const BITS = 16;
  const [WIDTH, HEIGHT] = [640, 360];
  const FIELD = WIDTH / BITS;

  const camera = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
    const context = canvas.getContext("2d");
    setInterval(() => {
      const now = Date.now() % 2 ** BITS;
      context.fillStyle = "#345";
      context.fillRect(0, 0, WIDTH, HEIGHT);
      for (let bit = 0; bit < BITS; bit += 1) {
        context.fillStyle = (now >> bit) & 1 ? "#fff" : "#000";
        context.fillRect(bit * FIELD, HEIGHT / 3, FIELD, HEIGHT / 3);
      }
    }, 40);
    return canvas.captureStream(25).getVideoTracks()[0];
  };

  const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (ask) {
    navigator.mediaDevices.getUserMedia = async (asked) => {
      const media = await ask(asked);
      for (const track of media.getVideoTracks()) {
        track.stop();
        media.removeTrack(track);
        media.addTrack(camera());
      }
      return media;
    };
  }

  window.readClock = () => {
    const video = document.querySelector("video");
    const context = Object.assign(document.createElement("canvas"), { width: BITS, height: 1 }).getContext("2d");
    window.delays = [];
    const read = () => {
      const seen = Date.now();
      const { videoWidth: width, videoHeight: height } = video;
      for (let bit = 0; bit < BITS; bit += 1) {
        // The middle of each field: its edges are soft.
        context.drawImage(video, ((bit + 0.4) * width) / BITS, height * 0.45, width / BITS / 5, height / 10, bit, 0, 1, 1);
      }
      const pixels = context.getImageData(0, 0, BITS, 1).data;
      let shown = 0;
      for (let bit = 0; bit < BITS; bit += 1) if (pixels[bit * 4] > 127) shown |= 1 << bit;
      window.delays.push((seen - shown + 2 ** BITS) % 2 ** BITS);
      video.requestVideoFrameCallback(read);
    };
    video.requestVideoFrameCallback(read);
  };
})();
