// Made by `manage.py write_frames` from live/core/wire/protocol.py. Do not edit: a test compares the two.

export interface CandidateInit {
  candidate: string;
  sdpMid: string | null;
  sdpMLineIndex: number | null;
}

export interface Stage {
  on_air: OnAirEvent | null;
  hands: HandEvent[];
  unclear: number;
}

export interface OnStage {
  member: number;
  name: string;
  unit: string;
  on: boolean;
  sound: boolean;
  picture: boolean;
  shown: boolean;
}

export interface Sitting {
  member: number;
  name: string;
  unit: string;
  mic: boolean;
  cam: boolean;
  floor: boolean;
}

export interface Note {
  id: string;
  kind: "agenda" | "decision";
  title: string;
  text: string;
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
  via: "auto" | "hls" | "stage";
}

export interface AnswerCommand {
  t: "answer";
  sdp: string;
}

export interface TrickleCommand {
  t: "candidate";
  pc: "pub" | "sub" | "talk" | "meet";
  candidate: CandidateInit | null;
}

export interface ReclaimCommand {
  t: "reclaim";
  pc: "pub" | "sub" | "talk" | "meet";
  key: string;
  source?: string;
}

export interface OfferCommand {
  t: "offer";
  sdp: string;
  again: boolean;
  source?: string;
  turn?: number;
}

export interface UnpublishCommand {
  t: "unpublish";
}

export interface GoLiveCommand {
  t: "go_live";
  source?: string;
}

export interface EndLectureCommand {
  t: "end";
}

export interface ResumeLectureCommand {
  t: "resume";
}

export interface TakeBreakCommand {
  t: "take_break";
  minutes: number;
}

export interface GoOnCommand {
  t: "go_on";
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

export interface LowerAllCommand {
  t: "lower_all";
}

export interface OpenChatCommand {
  t: "open_chat";
  on: boolean;
}

export interface LockCommand {
  t: "lock";
  on: boolean;
}

export interface GiveBackCommand {
  t: "give_back";
  source?: string;
}

export interface AwaitEncoderCommand {
  t: "await_encoder";
  on: boolean;
  source?: string;
}

export interface AnswerPollCommand {
  t: "poll_answer";
  id: string;
  poll: number;
  choice: number;
}

export interface AskCommand {
  t: "ask";
  id: string;
  text: string;
}

export interface VoteCommand {
  t: "vote";
  id: string;
  question: number;
  on: boolean;
}

export interface ReactCommand {
  t: "react";
  kind: "clap" | "like" | "clear" | "unclear";
}

export interface SavePollCommand {
  t: "poll_save";
  id: string;
  poll: number;
  quiz: boolean;
  text: string;
  options: string[];
  right: number[];
}

export interface DropPollCommand {
  t: "poll_drop";
  poll: number;
}

export interface OpenPollCommand {
  t: "poll_open";
  poll: number;
}

export interface ClosePollCommand {
  t: "poll_close";
  poll: number;
}

export interface ShowPollCommand {
  t: "poll_show";
  poll: number;
  on: boolean;
}

export interface MarkQuestionCommand {
  t: "question_mark";
  question: number;
  state: "waiting" | "now" | "answered" | "hidden";
}

export interface PinCommand {
  t: "pin";
  text: string;
}

export interface ShowSlideCommand {
  t: "show_slide";
  deck: string;
  page: number;
}

export interface HideSlidesCommand {
  t: "hide_slides";
}

export interface CaptionCommand {
  t: "caption";
  id: string;
  text: string;
}

export interface DropCaptionCommand {
  t: "caption_drop";
  line: number;
}

export interface InviteCommand {
  t: "invite";
  member: number;
}

export interface TakeDownCommand {
  t: "take_down";
  member: number;
}

export interface TakeDownAllCommand {
  t: "take_down_all";
}

export interface ShowPictureCommand {
  t: "show_picture";
  member: number;
}

export interface StepUpCommand {
  t: "step_up";
}

export interface StepDownCommand {
  t: "step_down";
}

export interface SpeakCommand {
  t: "speak";
  sdp: string;
  again: boolean;
}

export interface SendingCommand {
  t: "sending";
  sound: boolean;
  picture: boolean;
}

export interface AppearCommand {
  t: "appear";
  sdp: string;
  again: boolean;
}

export interface ShowDevicesCommand {
  t: "devices";
  mic: boolean;
  cam: boolean;
}

export interface SeeCommand {
  t: "see";
  members: number[];
}

export interface SilenceCommand {
  t: "silence";
  member: number;
}

export interface GiveFloorCommand {
  t: "give_floor";
  member: number;
  on: boolean;
}

export interface OpenLobbyCommand {
  t: "lobby";
  on: boolean;
}

export interface AdmitCommand {
  t: "admit";
  member: number;
}

export interface RecordCommand {
  t: "record";
  on: boolean;
}

export interface WriteNoteCommand {
  t: "note";
  id: string;
  kind: "agenda" | "decision";
  title: string;
  text: string;
}

export interface DropNoteCommand {
  t: "note_drop";
  id: string;
}

export interface FallBackCommand {
  t: "fall_back";
  source?: string;
  turn?: number;
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
  | TakeBreakCommand
  | GoOnCommand
  | HideMessageCommand
  | MuteCommand
  | RemoveCommand
  | LowerCommand
  | LowerAllCommand
  | OpenChatCommand
  | LockCommand
  | GiveBackCommand
  | AwaitEncoderCommand
  | AnswerPollCommand
  | AskCommand
  | VoteCommand
  | ReactCommand
  | SavePollCommand
  | DropPollCommand
  | OpenPollCommand
  | ClosePollCommand
  | ShowPollCommand
  | MarkQuestionCommand
  | PinCommand
  | ShowSlideCommand
  | HideSlidesCommand
  | CaptionCommand
  | DropCaptionCommand
  | InviteCommand
  | TakeDownCommand
  | TakeDownAllCommand
  | ShowPictureCommand
  | StepUpCommand
  | StepDownCommand
  | SpeakCommand
  | SendingCommand
  | AppearCommand
  | ShowDevicesCommand
  | SeeCommand
  | SilenceCommand
  | GiveFloorCommand
  | OpenLobbyCommand
  | AdmitCommand
  | RecordCommand
  | WriteNoteCommand
  | DropNoteCommand
  | FallBackCommand;

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
  at: number;
}

export interface HandsDownEvent {
  t: "hands_down";
}

export interface RoomChangedEvent {
  t: "room";
  chat: boolean;
  locked: boolean;
}

export interface OnAirEvent {
  t: "on_air";
  turn: number;
  host: number;
  name: string;
  unit: string;
  source: string;
  at: number;
  here: boolean;
  offered: boolean;
  before: string;
  before_name: string;
  awaits: boolean;
}

export interface BreakEvent {
  t: "break";
  until: number | null;
}

export interface AirEvent {
  t: "air";
  at: number;
  picture: boolean;
  sound: boolean;
  written: boolean;
  recording: "on" | "off" | "none";
}

export interface PollEvent {
  t: "poll";
  poll: number;
  quiz: boolean;
  text: string;
  options: string[];
  open: boolean;
  counts: number[];
  right: number[];
}

export interface TallyEvent {
  t: "tally";
  poll: number;
  counts: number[];
}

export interface PollsChangedEvent {
  t: "polls";
}

export interface QuestionEvent {
  t: "question";
  question: number;
  member: number;
  name: string;
  unit: string;
  text: string;
  at: number;
  votes: number;
  state: "waiting" | "now" | "answered" | "hidden";
}

export interface VotesEvent {
  t: "votes";
  questions: number[];
  votes: number[];
}

export interface MarkedEvent {
  t: "marked";
  question: number;
  state: "waiting" | "now" | "answered" | "hidden";
}

export interface PinnedEvent {
  t: "pinned";
  text: string;
}

export interface ReactionsEvent {
  t: "reactions";
  kinds: string[];
}

export interface UnclearEvent {
  t: "unclear";
  people: number;
}

export interface SlideEvent {
  t: "slide";
  deck: string;
  page: number;
  pages: number;
}

export interface CaptionsEvent {
  t: "captions";
  lines: number[];
  texts: string[];
}

export interface CaptionDroppedEvent {
  t: "caption_dropped";
  line: number;
}

export interface SpeakersEvent {
  t: "speakers";
  speakers: OnStage[];
}

export interface SeatsEvent {
  t: "seats";
  seats: Sitting[];
}

export interface WaitingEvent {
  t: "waiting";
  lobby: boolean;
  waiting: Sitting[];
}

export interface SilencedEvent {
  t: "silenced";
  member: number;
  but: number;
}

export interface RecordedEvent {
  t: "recorded";
  since: number | null;
}

export interface NotesEvent {
  t: "notes";
  notes: Note[];
}

export type RoomEvent =
  | StateChangedEvent
  | ChatEvent
  | HiddenEvent
  | PictureEvent
  | MutedEvent
  | RemovedEvent
  | HandEvent
  | HandsDownEvent
  | RoomChangedEvent
  | OnAirEvent
  | BreakEvent
  | AirEvent
  | PollEvent
  | TallyEvent
  | PollsChangedEvent
  | QuestionEvent
  | VotesEvent
  | MarkedEvent
  | PinnedEvent
  | ReactionsEvent
  | UnclearEvent
  | SlideEvent
  | CaptionsEvent
  | CaptionDroppedEvent
  | SpeakersEvent
  | SeatsEvent
  | WaitingEvent
  | SilencedEvent
  | RecordedEvent
  | NotesEvent;

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
  hand: boolean;
  chat: boolean;
  locked: boolean;
  stage: Stage | null;
  break_until: number | null;
  slide: SlideEvent;
  speakers: OnStage[];
  seats: Sitting[];
  notes: Note[];
  waiting: WaitingEvent | null;
  recorded_since: number | null;
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
  pc: "pub" | "sub" | "talk" | "meet";
  state: "connected" | "slow" | "silent" | "flowing" | "hung_up" | "gone" | "replaced" | "resumed";
}

export interface HeldFrame {
  t: "held";
  pc: "pub" | "sub" | "talk" | "meet";
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

export interface StoredFrame {
  t: "stored";
  id: string;
  item: number;
}

export interface AnsweredFrame {
  t: "answered";
  id: string;
  poll: number;
  choice: number;
}

export interface MaySpeakFrame {
  t: "may_speak";
  ice: RTCIceServer[];
}

export interface FacesFrame {
  t: "faces";
  mids: string[];
  members: number[];
}

export interface FallbackFrame {
  t: "fallback";
  ticket: string;
  url: string;
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
  | TickFrame
  | StoredFrame
  | AnsweredFrame
  | MaySpeakFrame
  | FacesFrame
  | FallbackFrame;

export interface ErrorFrame {
  error: string;
  t?: string;
  id?: string;
}
