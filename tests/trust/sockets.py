"""Every word that may go over a live room's socket, and who may say or hear it.

To the server: ``room`` = whoever holds a room ticket (on the roster, the lecturer, an organiser above); ``host`` = the
assigned lecturer or an organiser above, asked anew at every command. From the server: ``all`` in the room, ``one``
(the person concerned, and the hosts), or ``hosts``.
"""

COMMANDS = {
    "beat": "room",
    "hide": "room",
    "show": "room",
    "leave": "room",
    "chat": "room",
    "hand": "room",
    "watch": "room",
    "answer": "room",
    "candidate": "room",
    "offer": "host",
    "unpublish": "host",
    "go_live": "host",
    "end": "host",
    "resume": "host",
    "take_break": "host",
    "go_on": "host",
    "hide_message": "host",
    "mute": "host",
    "remove": "host",
    "lower": "host",
    "lower_all": "host",
    "open_chat": "host",
    "lock": "host",
    "give_back": "host",
    "poll_answer": "room",
    "ask": "room",
    "vote": "room",
    "react": "room",
    "poll_save": "host",
    "poll_drop": "host",
    "poll_open": "host",
    "poll_close": "host",
    "poll_show": "host",
    "question_mark": "host",
    "pin": "host",
}

EVENTS = {
    "state": "all",
    "chat": "all",
    "hidden": "all",
    "picture": "all",
    "break": "all",
    "air": "hosts",
    "muted": "one",
    "removed": "one",
    "hand": "one",
    "hands_down": "all",
    "room": "all",
    "on_air": "hosts",
    "poll": "all",
    "tally": "hosts",
    "polls": "hosts",
    "question": "all",
    "votes": "all",
    "marked": "all",
    "pinned": "all",
    "reactions": "all",
    "unclear": "hosts",
}

# Frames that answer one socket; a tick carries the room's events.
FRAMES = {
    "joined": "one",
    "counted": "one",
    "ack": "one",
    "media": "one",
    "offer": "one",
    "answer": "one",
    "link": "one",
    "bye": "one",
    "tick": "all",
    "stored": "one",
    "answered": "one",
}
