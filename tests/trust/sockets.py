"""Every word that may go over a live room's socket, and who may say or hear it.

To the server: ``room`` = whoever holds a room ticket (on the roster, the lecturer, an organiser above); ``host`` = the
assigned lecturer or an organiser above, asked anew at every command. From the server: ``all`` in the room, or ``one``
(the person concerned, and the hosts).
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
    "reclaim": "room",
    "offer": "host",
    "unpublish": "host",
    "go_live": "host",
    "end": "host",
    "resume": "host",
    "hide_message": "host",
    "mute": "host",
    "remove": "host",
    "lower": "host",
}

EVENTS = {
    "state": "all",
    "chat": "all",
    "hidden": "all",
    "picture": "all",
    "muted": "one",
    "removed": "one",
    "hand": "one",
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
    "held": "one",
    "bye": "one",
    "tick": "all",
}
