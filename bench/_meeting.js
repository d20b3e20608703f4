// What a browser of a meeting receives and sends, looked at four times a second.
window.look = (watching, sending) => {
  const rows = (window.rows = []);
  setInterval(async () => {
    const at = Date.now();
    for (const each of (await window.peers[watching].getStats()).values())
      if (each.type === "inbound-rtp" && each.kind === "video" && each.packetsReceived)
        rows.push([at, each.mid, each.packetsReceived, each.framesDecoded]);
    for (const each of (await window.peers[sending].getStats()).values())
      if (each.type === "outbound-rtp" && each.kind === "video") rows.push([at, "", each.packetsSent, each.framesEncoded]);
  }, 250);
};
