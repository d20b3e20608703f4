// A browser as the engine's guest: publishes a moving picture and a tone, or watches. Python carries the SDP.
window.peers = {};
// For how many ms the pictures that were sent were not even drawn: this machine was busy, which is no gap of the line.
window.late = 0;
let drawn = 0;
const watchTheClock = () => {
  if (drawn) return;
  drawn = performance.now();
  setInterval(() => {
    const now = performance.now();
    window.late += Math.max(0, now - drawn - 40);
    drawn = now;
  }, 40);
};

window.stream = (width, height, sound = true) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  let step = 0;
  watchTheClock();
  setInterval(() => {
    step += 1;
    context.fillStyle = "#244";
    context.fillRect(0, 0, width, height);
    for (let bar = 0; bar < 8; bar += 1) {
      context.fillStyle = `hsl(${(step * 3 + bar * 45) % 360} 70% 50%)`;
      context.fillRect((step * (bar + 2)) % width, (bar * height) / 8, width / 8, height / 10);
    }
  }, 40);
  const made = canvas.captureStream(25);
  if (sound) {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const out = audio.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    made.addTrack(out.stream.getAudioTracks()[0]);
  }
  return made;
};

window.tone = (hertz) => {
  const audio = new AudioContext();
  const tone = new OscillatorNode(audio, { frequency: hertz });
  const out = audio.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  return out.stream;
};

const gathered = (peer) =>
  new Promise((done) => {
    const check = () => peer.iceGatheringState === "complete" && done();
    peer.addEventListener("icegatheringstatechange", check);
    check();
  });

window.publish = async (name, { codec = "H264", width = 640, height = 360, source = "canvas", sound = true, hertz = 0, later = false } = {}) => {
  const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  window.peers[name] = peer;
  const media =
    source === "camera"
      ? await navigator.mediaDevices.getUserMedia({ video: { width, height }, audio: sound })
      : hertz
        ? window.tone(hertz)
        : window.stream(width, height, sound);
  for (const track of media.getTracks()) {
    const encoding = track.kind === "video" ? [{ maxBitrate: 600000 }] : [{}];
    const carrier = peer.addTransceiver(later && track.kind === "video" ? "video" : track, { direction: "sendonly", streams: [media], sendEncodings: encoding });
    if (track.kind === "video") {
      peer.openCamera = () => carrier.sender.replaceTrack(track);
      const codecs = RTCRtpSender.getCapabilities("video").codecs;
      carrier.setCodecPreferences(codecs.filter((each) => each.mimeType === `video/${codec}` || each.mimeType === "video/rtx"));
      const parameters = carrier.sender.getParameters();
      parameters.degradationPreference = "maintain-resolution";
      await carrier.sender.setParameters(parameters);
    }
  }
  await peer.setLocalDescription(await peer.createOffer());
  await gathered(peer);
  return peer.localDescription.sdp;
};

window.reoffer = async (name) => {
  const peer = window.peers[name];
  await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
  await gathered(peer);
  return peer.localDescription.sdp;
};

window.answered = (name, sdp) => window.peers[name].setRemoteDescription({ type: "answer", sdp });

window.watch = async (name, sdp) => {
  if (!window.peers[name]) {
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const video = Object.assign(document.createElement("video"), { muted: true, autoplay: true, playsInline: true });
    Object.assign(peer, { video, frames: 0, gaps: [], last: 0, late: 0, born: performance.now() });
    const seen = (now) => {
      const gap = now - peer.last - (window.late - peer.late);
      if (peer.last === 0) peer.first = now - peer.born;
      else if (gap > 1000) peer.gaps.push(Math.round(gap));
      peer.last = now;
      peer.late = window.late;
      peer.frames += 1;
      video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
    const media = new MediaStream();
    video.srcObject = media;
    peer.ontrack = (event) => {
      media.addTrack(event.track);
      video.play().catch(() => {});
    };
    document.body.append(video);
    window.peers[name] = peer;
  }
  const peer = window.peers[name];
  await peer.setRemoteDescription({ type: "offer", sdp });
  await peer.setLocalDescription(await peer.createAnswer());
  const shown = peer.getTransceivers().filter((each) => each.currentDirection === "recvonly" && each.receiver.track.kind === "video");
  const media = peer.video.srcObject;
  const track = shown.length && shown[shown.length - 1].receiver.track;
  if (track && !(media.getVideoTracks().length === 1 && media.getVideoTracks()[0] === track)) {
    for (const other of media.getVideoTracks()) media.removeTrack(other);
    media.addTrack(track);
  }
  await gathered(peer);
  return peer.localDescription.sdp;
};

window.seen = (name) => {
  const peer = window.peers[name];
  return { frames: peer.frames, gaps: peer.gaps, first: peer.first, state: peer.connectionState, width: peer.video.videoWidth };
};

/** How many sounds arrive: tracks that have brought packets since the last question. */
window.voices = async (name) => {
  const peer = window.peers[name];
  if (!peer) return 0;
  const now = new Map();
  for (const each of (await peer.getStats()).values()) {
    if (each.type === "inbound-rtp" && each.kind === "audio") now.set(each.mid, each.packetsReceived);
  }
  const before = peer.heard || new Map();
  peer.heard = now;
  return Array.from(now).filter(([mid, packets]) => packets > (before.get(mid) || 0)).length;
};

window.hangUp = (name) => {
  window.peers[name].close();
  delete window.peers[name];
};
