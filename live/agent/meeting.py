"""What a media host does for a meeting while it is recorded: everybody's sound, and the picture of who speaks."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

import structlog

from attendance.core.intervals import Spans, ms_of
from live.agent import moment
from live.agent.carrier import AWAY_SLACK, Carrier
from live.core.media import opus, rtp
from live.core.media.layout import MEETING, Layout
from live.core.media.scrubber import CODECS, Frame, Kind
from live.core.media.voices import Seen, Voices
from live.engines.base import (
    EngineEvent,
    EngineGone,
    HungUp,
    StagePicture,
    Tap,
    VoiceOver,
    VoiceTapped,
    guest_id,
    guest_of,
    lecture_room,
    meeting_spec,
)
from live.models import Lecture, RecordingTurn

log = structlog.get_logger(__name__)


class MeetingCarrier(Carrier):
    """Carries one turn of a meeting's recording, from when it is switched on until it is off.

    ``cameras``: whose camera is on, in the order of coming, told anew at any time. Where nobody's is, or nothing comes
    of it, the picture is black, and the sound goes on: a run ends only with the turn.
    """

    layout: ClassVar[Layout] = MEETING
    cameras: Sequence[int] = ()

    def __init__(self, *, turn: RecordingTurn | None, **carried: Any) -> None:
        super().__init__(**carried)
        self.turn = turn
        self._of: dict[int, int] = {}
        self._voices, self._seen = Voices(self.layout.voices), Seen()

    def was_away(
        self,
        *,
        picture_at: dt.datetime | None,
        alive_at: dt.datetime | None = None,
        up_since: dt.datetime | None = None,
    ) -> None:
        """Nobody carried this turn until now: what was not recorded of it is a hole, whoever was seen in it."""
        if self.turn is None:
            return
        began, over = self.turn.began_at, self.turn.ended_at
        since = max([began, *[run.ends_at for run in self.packager.tracks()[0] if run.segments]])
        # A turn that has just begun has nothing yet; of one that is over the last second may be missing.
        has_begun = since > began and over is None
        if has_begun or (over or moment.now()) - since > AWAY_SLACK:
            self.hole_log.begin("agent", ms_of(since))

    def seen_at(self, as_of: dt.datetime) -> dt.datetime | None:
        """Return None: whether a meeting goes on the rooms say, and not that it is recorded."""
        return None

    def gaps(self, holes: object) -> Spans:
        """Return none: black stands in for every picture, so that no gap comes of a web process."""
        return Spans()

    def _places(self) -> list[tuple[Kind, int]]:
        return [("video", 0), ("audio", 0)]

    async def _open_tap(self) -> Tap:
        await self._engine.open_room(meeting_spec(self.occasion_id))
        return await self._engine.tap_meeting(
            room_id=lecture_room(self.occasion_id),
            video_port=self._port("video"),
            audio_port=self._port("audio"),
            on_event=self._hear,
        )

    def _scrub(self, kind: Kind, datagram: bytes, now: float, track: int) -> list[Frame]:
        if kind == "video":
            return self.scrubber.feed(kind, datagram, now)
        packet = rtp.parse(datagram)
        who = 0 if packet is None else self._of.get(packet.ssrc, 0)
        if packet is None or not who or not packet.payload:
            return []
        self._sound_at = now
        given = self._voices.hear(who, now, speaks=opus.has_voice(packet.payload))
        return [] if given is None else self.scrubber.feed(kind, datagram, now, track=given)

    def _tick(self, now: float) -> list[Frame]:
        who = self._seen.choose(self.cameras, self._voices, now)
        self._show(guest_id(who) if who else "")
        return [*self.scrubber.tick(now), *self.scrubber.fill(now)]

    def _hear(self, event: EngineEvent) -> None:
        if isinstance(event, VoiceTapped):
            self._of[event.source] = guest_of(event.participant_id)
        elif isinstance(event, VoiceOver):
            self._voices.forget(self._of.pop(event.source, 0))
        elif isinstance(event, StagePicture):
            if event.codec in CODECS:
                self.scrubber.expect(event.codec)
            log.info("picture_changed", occasion=self.occasion_id, video=event.codec, by=self._shown)
        elif isinstance(event, EngineGone | HungUp):
            # The meeting itself stands still meanwhile: nobody is heard by anybody.
            for source in list(self._of):
                self._voices.forget(self._of.pop(source))
            self._tap_over.set()


def turn_of(lecture: Lecture) -> RecordingTurn | None:
    """The last turn of a meeting's recording."""
    return next(iter(reversed(lecture.recording_turns.all())), None)


def is_of_before(carrier: Carrier, lecture: Lecture) -> bool:
    """Whether something came and went since, faster than it was looked at: a meeting's recording was switched off and
    on again, or another host carried the lecture, whose numbers are higher."""
    if carrier.packager.moves != lecture.moves:
        return True
    turn = turn_of(lecture) if lecture.is_meeting else None
    return isinstance(carrier, MeetingCarrier) and carrier.turn != turn
