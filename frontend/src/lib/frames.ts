// Made by `manage.py write_frames` from live/core/wire/protocol.py. Do not edit: a test compares the two.

export interface CandidateInit {
  candidate: string;
  sdpMid: string | null;
  sdpMLineIndex: number | null;
}

export interface BeatCommand {
  t: "beat";
}

export interface HideCommand {
  t: "hide";
  sound: boolean;
}

export interface ShowCommand {
  t: "show";
}

export interface LeaveCommand {
  t: "leave";
}

export interface SayCommand {
  t: "chat";
  id: string;
  text: string;
}

export interface HandCommand {
  t: "hand";
  up: boolean;
}

export interface WatchCommand {
  t: "watch";
  via: "auto" | "hls";
}

export interface AnswerCommand {
  t: "answer";
  sdp: string;
}

export interface TrickleCommand {
  t: "candidate";
  pc: "pub" | "sub";
  candidate: CandidateInit | null;
}

export interface ReclaimCommand {
  t: "reclaim";
  pc: "pub" | "sub";
  key: string;
}

export interface OfferCommand {
  t: "offer";
  sdp: string;
  again: boolean;
}

export interface UnpublishCommand {
  t: "unpublish";
}

export interface GoLiveCommand {
  t: "go_live";
}

export interface EndLectureCommand {
  t: "end";
}

export interface ResumeLectureCommand {
  t: "resume";
}

export interface HideMessageCommand {
  t: "hide_message";
  message: number;
}

export interface MuteCommand {
  t: "mute";
  member: number;
  on: boolean;
}

export interface RemoveCommand {
  t: "remove";
  member: number;
  on: boolean;
}

export interface LowerCommand {
  t: "lower";
  member: number;
}

export type Command =
  | BeatCommand
  | HideCommand
  | ShowCommand
  | LeaveCommand
  | SayCommand
  | HandCommand
  | WatchCommand
  | AnswerCommand
  | TrickleCommand
  | ReclaimCommand
  | OfferCommand
  | UnpublishCommand
  | GoLiveCommand
  | EndLectureCommand
  | ResumeLectureCommand
  | HideMessageCommand
  | MuteCommand
  | RemoveCommand
  | LowerCommand;

export interface StateChangedEvent {
  t: "state";
  state: "scheduled" | "live" | "ended" | "recorded" | "unrecorded" | "not_held" | "void" | "cancelled";
}

export interface ChatEvent {
  t: "chat";
  message: number;
  member: number;
  name: string;
  unit: string;
  text: string;
  at: number;
  host: boolean;
}

export interface HiddenEvent {
  t: "hidden";
  message: number;
}

export interface PictureEvent {
  t: "picture";
  on: boolean;
}

export interface MutedEvent {
  t: "muted";
  member: number;
  on: boolean;
}

export interface RemovedEvent {
  t: "removed";
  member: number;
  on: boolean;
}

export interface HandEvent {
  t: "hand";
  member: number;
  name: string;
  unit: string;
  up: boolean;
}

export type RoomEvent =
  | StateChangedEvent
  | ChatEvent
  | HiddenEvent
  | PictureEvent
  | MutedEvent
  | RemovedEvent
  | HandEvent;

export interface JoinedFrame {
  t: "joined";
  at: number;
  seq: number;
  state: "scheduled" | "live" | "ended" | "recorded" | "unrecorded" | "not_held" | "void" | "cancelled";
  counted: boolean;
  you: number;
  host: boolean;
  people: number;
  picture: boolean;
  muted: boolean;
  ice: RTCIceServer[];
}

export interface CountedFrame {
  t: "counted";
  on: boolean;
}

export interface AckFrame {
  t: "ack";
  id: string;
  message: number;
}

export interface MediaFrame {
  t: "media";
  via: "webrtc" | "hls" | "wait";
  ice: RTCIceServer[];
}

export interface ServerOfferFrame {
  t: "offer";
  sdp: string;
}

export interface ServerAnswerFrame {
  t: "answer";
  sdp: string;
}

export interface LinkFrame {
  t: "link";
  pc: "pub" | "sub";
  state: "connected" | "slow" | "silent" | "flowing" | "hung_up" | "gone" | "replaced" | "resumed";
}

export interface HeldFrame {
  t: "held";
  pc: "pub" | "sub";
  key: string;
}

export interface ByeFrame {
  t: "bye";
  reason: "removed" | "rights" | "silent" | "left" | "malformed" | "cancelled" | "elsewhere";
  after_ms: number | null;
}

export interface TickFrame {
  t: "tick";
  seq: number;
  people: number;
  left_out: number;
  events: RoomEvent[];
}

export type ServerFrame =
  | JoinedFrame
  | CountedFrame
  | AckFrame
  | MediaFrame
  | ServerOfferFrame
  | ServerAnswerFrame
  | LinkFrame
  | HeldFrame
  | ByeFrame
  | TickFrame;

export interface ErrorFrame {
  error: string;
  t?: string;
  id?: string;
}
