"""Who of a meeting is in its recording: the voices that have a track of sound, and the one person who is seen. Pure.

All times are seconds of one clock that never steps back; people are known by their keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PAUSE_S = 0.3
"""Who says nothing for longer has stopped; what comes then is a new beginning."""
SURE_S = 0.1
"""So long somebody must speak to be given the track of another: a knock on the table is shorter."""
QUIET_S = 1.0
"""Who has said nothing for so long may lose their track."""
GONE_S = 2.0
"""Of whom nothing at all has come for so long has none."""
LASTING_S = 0.8
"""So long somebody must speak to be seen."""
STAYS_S = 2.0
"""So long whoever is seen stays it at least, while their camera is on."""


@dataclass(slots=True)
class _Voice:
    """``since``: when they began to speak, ``spoke``: when they last did, ``heard``: when anything last came."""

    heard: float
    spoke: float = float("-inf")
    since: float = 0.0
    track: int | None = None


class Voices:
    """Gives the tracks of sound there are to those who spoke last; who has one keeps it as long as nobody needs it."""

    def __init__(self, tracks: int) -> None:
        self._tracks = tracks
        self._of: dict[int, _Voice] = {}

    def hear(self, who: int, now: float, *, speaks: bool) -> int | None:
        """Return the track of somebody from whom sound has come; None: all are others', and that is not heard."""
        voice = self._of.setdefault(who, _Voice(now))
        voice.heard = now
        if speaks:
            if now - voice.spoke > PAUSE_S:
                voice.since = now
            voice.spoke = now
        if voice.track is None:
            voice.track = self._free(now)
        if voice.track is None and speaks and now - voice.since >= SURE_S:
            self._take_over(voice, now)
        return voice.track

    def forget(self, who: int) -> None:
        """They have left, or their connection has."""
        self._of.pop(who, None)

    def spoke_at(self, who: int) -> float:
        """Return when somebody last spoke."""
        voice = self._of.get(who)
        return float("-inf") if voice is None else voice.spoke

    def is_speaking(self, who: int, now: float) -> bool:
        """Whether somebody speaks, and has for a while."""
        voice = self._of.get(who)
        return voice is not None and now - voice.spoke <= PAUSE_S and voice.spoke - voice.since >= LASTING_S

    def _free(self, now: float) -> int | None:
        taken = set()
        for voice in self._of.values():
            if voice.track is not None and now - voice.heard > GONE_S:
                voice.track = None
            taken.add(voice.track)
        return next((track for track in range(self._tracks) if track not in taken), None)

    def _take_over(self, voice: _Voice, now: float) -> None:
        holders = [one for one in self._of.values() if one.track is not None]
        quietest = min(holders, key=lambda one: one.spoke)
        if now - quietest.spoke > QUIET_S:
            voice.track, quietest.track = quietest.track, None


class Seen:
    """Whose picture is recorded: whoever speaks, and otherwise whoever was seen."""

    def __init__(self) -> None:
        self.who = 0
        self._since = float("-inf")

    def choose(self, cameras: Sequence[int], voices: Voices, now: float) -> int:
        """Return who is seen now; 0 while nobody's camera is on. ``cameras``: whose is, in the order of coming."""
        if self.who not in cameras:
            # Who was seen is gone: no wait. Whoever spoke last, or came first.
            return self._show(max(cameras, key=voices.spoke_at, default=0), now)
        if now - self._since < STAYS_S or now - voices.spoke_at(self.who) <= QUIET_S:
            return self.who
        speaking = [one for one in cameras if voices.is_speaking(one, now)]
        return self._show(max(speaking, key=voices.spoke_at), now) if speaking else self.who

    def _show(self, who: int, now: float) -> int:
        self.who, self._since = who, now
        return who
