// Made by `manage.py write_words` from what config/islands.py names. Do not edit: a test compares the two.

export interface TalkWords {
  closed: string;
  empty: string;
  lecturer: string;
  left_out: string;
  me: string;
  muted_chat: string;
  not_sent: string;
  people: string;
  people_say: string;
  too_long: string;
  try_again: string;
  waiting_turn: string;
}

export interface RoomWords {
  cancelled: string;
  closed: string;
  connecting: string;
  elsewhere: string;
  empty: string;
  ended: string;
  failed: string;
  full: string;
  good: string;
  good_uncounted: string;
  hand: string;
  hand_down: string;
  hand_up: string;
  hidden: string;
  late: string;
  lecturer: string;
  left_out: string;
  live_for: string;
  loading: string;
  may_resume: string;
  me: string;
  missed: string;
  muted_chat: string;
  no_picture: string;
  no_right: string;
  not_held: string;
  not_sent: string;
  offline: string;
  other_place: string;
  people: string;
  people_say: string;
  picture_again: string;
  reconnecting: string;
  replay_ready: string;
  signed_out: string;
  signed_out_kept: string;
  soon: string;
  sound_only: string;
  sound_only_on: string;
  starts_in: string;
  starts_in_days: string;
  starts_in_hours: string;
  too_long: string;
  try_again: string;
  trying: string;
  void: string;
  waiting_room: string;
  waiting_turn: string;
  weak: string;
}

export interface HostWords {
  asking: string;
  camera: string;
  cancelled: string;
  closed: string;
  confirm_remove: string;
  connecting: string;
  denied: string;
  device_busy: string;
  draft: string;
  elsewhere: string;
  empty: string;
  full: string;
  going: string;
  good: string;
  hands_tab: string;
  hide: string;
  hung_up: string;
  insecure: string;
  lecturer: string;
  left_out: string;
  let_in: string;
  lower: string;
  me: string;
  mic_close: string;
  mic_off: string;
  mic_open: string;
  microphone: string;
  mute: string;
  muted: string;
  muted_chat: string;
  no_camera: string;
  no_device: string;
  no_engine: string;
  no_replay: string;
  no_right: string;
  not_held: string;
  not_restrictable: string;
  not_sent: string;
  offline: string;
  on_air: string;
  packing: string;
  people: string;
  people_say: string;
  publishing: string;
  ready: string;
  reconnecting: string;
  remove: string;
  removed: string;
  replaced: string;
  replay_ready: string;
  screen: string;
  screen_stop: string;
  sending: string;
  signed_out: string;
  silent_mic: string;
  slow: string;
  slow_down: string;
  state: string;
  too_early: string;
  too_late: string;
  too_long: string;
  try_again: string;
  undo_left: string;
  undo_over: string;
  unmute: string;
  unsupported: string;
  voice_only: string;
  void: string;
  waiting_turn: string;
  weak: string;
}

export interface PlayerWords {
  again: string;
  audio_fallback: string;
  audio_off: string;
  audio_on: string;
  counted: string;
  done_of: string;
  ended: string;
  enough: string;
  failed_gone: string;
  failed_media: string;
  failed_signed_out: string;
  from_gap: string;
  from_here: string;
  from_here_label: string;
  gap_checking: string;
  gap_hidden: string;
  gap_skipped: string;
  gap_unseen: string;
  gap_waiting: string;
  go_on: string;
  left: string;
  loading: string;
  minutes: string;
  minutes_seconds: string;
  no_ahead: string;
  not_recorded: string;
  offline: string;
  once_more: string;
  pause: string;
  play: string;
  refused: string;
  resumed: string;
  retrying: string;
  saved: string;
  saving: string;
  seconds: string;
  signed_out: string;
  stalled: string;
  waiting: string;
}

export interface UploadWords {
  again: string;
  begun: string;
  leave: string;
  left: string;
  offline: string;
  paused: string;
  refused: string;
  resumed: string;
  sending: string;
  sent: string;
  signed_out: string;
  soon: string;
  stale: string;
  too_large: string;
  waiting: string;
}

export interface EditorWords {
  again: string;
  ended: string;
  how: string;
  offline: string;
  other: string;
  sign_in: string;
  still: string;
}

export interface HallWords {
  no_digits: string;
  not_found: string;
  ticked: string;
  unsent: string;
}
