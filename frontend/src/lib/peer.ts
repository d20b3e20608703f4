/** What old Chrome, as in the browsers inside other apps, does otherwise with connections. Knows no DOM. */

/** Media can be sent: Chrome before 69 cannot, by what everybody else understands. */
export function canSend(): boolean {
  return typeof RTCPeerConnection === "function" && "addTransceiver" in RTCPeerConnection.prototype;
}

/**
 * A connection. Chrome 69 to 71 has transceivers only where it is told to write offers as all others do.
 * `ways`: "relay" for one that tries relays alone.
 */
export function newPeer(iceServers: RTCIceServer[], ways: RTCIceTransportPolicy = "all"): RTCPeerConnection {
  const configuration: RTCConfiguration & { sdpSemantics: string } = {
    iceServers,
    iceTransportPolicy: ways,
    bundlePolicy: "max-bundle",
    sdpSemantics: "unified-plan",
  };
  return new RTCPeerConnection(configuration);
}

/** How it stands; of Chrome before 72, which does not say it, how its way through the network does. */
export function stateOf(pc: RTCPeerConnection): RTCPeerConnectionState {
  if ("connectionState" in pc) return pc.connectionState;
  const { iceConnectionState: state } = pc as RTCPeerConnection;
  if (state === "completed") return "connected";
  return state === "checking" ? "connecting" : state;
}

/** `changed` is called whenever `stateOf` may say something else. */
export function onState(pc: RTCPeerConnection, changed: () => void): void {
  if ("connectionState" in pc) pc.onconnectionstatechange = changed;
  else (pc as RTCPeerConnection).oniceconnectionstatechange = changed;
}
