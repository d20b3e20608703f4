/** What the member's browser answers to an offered picture. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "../src/lib/frames";
import { Receiver } from "../src/room/receiver";

const OFFER = "v=0\r\nm=audio 9 UDP 111\r\nm=video 9 UDP 107\r\n";
const REFUSED = "v=0\r\nm=audio 9 UDP 111\r\nm=video 0 UDP 120\r\n";

/** Offer it a description, and `answer` is what the browser makes of it; returns what the page did. */
async function told(offer: string, answer: string, soundOnly = false): Promise<string[]> {
  const done: string[] = [];
  class Peer {
    localDescription = null;
    setRemoteDescription(): Promise<void> {
      return Promise.resolve();
    }
    setLocalDescription(): Promise<void> {
      return Promise.resolve();
    }
    getTransceivers(): unknown[] {
      return [];
    }
    createAnswer(): Promise<{ sdp: string }> {
      return Promise.resolve({ sdp: answer });
    }
  }
  class Stream {
    getVideoTracks(): unknown[] {
      return [];
    }
  }
  Object.assign(globalThis, { RTCPeerConnection: Peer, MediaStream: Stream });
  const receiver = new Receiver({
    send: (command: Command) => done.push(command.t) > 0,
    stream: () => undefined,
    isMuted: () => false,
    failed: () => done.push("failed"),
    unable: () => done.push("unable"),
    lost: () => done.push("lost"),
  });
  await receiver.offered(offer, () => soundOnly);
  return done;
}

test("receiver: what can be decoded is answered", async () => {
  assert.deepEqual(await told(OFFER, OFFER), ["answer"]);
});

test("receiver: without a decoder for the picture it is said, and not answered", async () => {
  assert.deepEqual(await told(OFFER, REFUSED), ["unable"]);
});

test("receiver: whoever wants the sound alone needs none", async () => {
  assert.deepEqual(await told(OFFER, REFUSED, true), ["answer"]);
});

test("receiver: a picture that the server took back is no refusal", async () => {
  assert.deepEqual(await told(REFUSED, REFUSED), ["answer"]);
});

/** How many sounds the receiver plays by itself where the lecturer's and those of two others come. */
async function played(playsVoices?: true): Promise<number> {
  let count = 0;
  let offered: ((event: { track: { id: string; kind: string } }) => void) | null = null;
  class Peer {
    localDescription = null;
    set ontrack(handler: typeof offered) {
      offered = handler;
    }
    setRemoteDescription(): Promise<void> {
      for (const id of ["lecturer", "first", "second"]) offered?.({ track: { id, kind: "audio" } });
      return Promise.resolve();
    }
    setLocalDescription(): Promise<void> {
      return Promise.resolve();
    }
    getTransceivers(): unknown[] {
      return [];
    }
    createAnswer(): Promise<{ sdp: string }> {
      return Promise.resolve({ sdp: OFFER });
    }
  }
  class Stream {
    tracks: unknown[] = [];
    addTrack(track: unknown): void {
      this.tracks.push(track);
    }
    getAudioTracks(): unknown[] {
      return this.tracks;
    }
    getVideoTracks(): unknown[] {
      return [];
    }
  }
  class Sound {
    constructor() {
      count += 1;
    }
    play(): Promise<void> {
      return Promise.resolve();
    }
  }
  Object.assign(globalThis, { RTCPeerConnection: Peer, MediaStream: Stream, Audio: Sound });
  const nothing = (): undefined => undefined;
  const receiver = new Receiver({
    send: () => true,
    stream: nothing,
    playsVoices,
    isMuted: () => false,
    failed: nothing,
    lost: nothing,
  });
  await receiver.offered(OFFER, () => false);
  return count;
}

test("receiver: speakers are played beside the lecturer, and nobody twice where the page plays them itself", async () => {
  assert.equal(await played(true), 2);
  assert.equal(await played(), 0);
});
