"""What a lesson says, wherever it says it: its own text, its documents' titles, the captions of its videos.

The index is written from it and the places of what was found are read from it, without rendering a lesson.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wagtail import blocks
from wagtail.documents import get_document_model
from wagtail.models import Page
from wagtail.rich_text import get_text_for_indexing

from cms.core.finding import Piece, Speech, excerpt, marked, to_mark
from cms.core.lesson import values_of
from media.models import Captions
from media.queries import shown_cues


@dataclass(frozen=True)
class Place:
    """Where something is found: ``kind`` "text", "paper" or "spoken"; what is said is said at ``at_ms`` of a video."""

    kind: str
    pieces: tuple[Piece, ...]
    at_ms: int = 0
    video_id: str = ""


@dataclass(frozen=True)
class Shown:
    """What is shown of something found: its title with what was asked marked, and the place (None: only the title)."""

    title: tuple[Piece, ...]
    place: Place | None


@dataclass(frozen=True)
class Spoken:
    """What one video says; ``at_ms``: when each cue of ``speech`` begins."""

    video_id: str
    speech: Speech
    at_ms: tuple[int, ...]


def papers_of(lessons: Iterable[Page]) -> dict[int, list[str]]:
    """Return the titles of the documents that stand in lessons, in order, by the lesson's id. One query."""
    keys = {page.pk: [key for key in values_of(page.body.raw_data, "document") if key.isdigit()] for page in lessons}
    asked = {int(key) for found in keys.values() for key in found}
    titles = dict(get_document_model().objects.filter(pk__in=asked).values_list("pk", "title")) if asked else {}
    return {pk: [titles[int(key)] for key in found if int(key) in titles] for pk, found in keys.items()}


def spoken_in(lessons: Iterable[Page]) -> dict[int, list[Spoken]]:
    """Return what the videos of lessons say, in order, by the lesson's id. One query."""
    keys = {page.pk: values_of(page.body.raw_data, "video") for page in lessons}
    asked = {key for found in keys.values() for key in found}
    rows = Captions.objects.filter(video_id__in=asked).select_related("video") if asked else []
    said = {str(row.video_id): _spoken(row) for row in rows}
    return {pk: [said[key] for key in found if key in said] for pk, found in keys.items()}


def _spoken(row: Captions) -> Spoken:
    cues = shown_cues(row, duration_ms=row.video.duration_ms)
    return Spoken(str(row.video_id), Speech.of(cue.text for cue in cues), tuple(cue.start_ms for cue in cues))


def words_beside(lesson: Page) -> str:
    """Return what is found of a lesson besides its own text, to be indexed. Two queries."""
    return "\n".join([*papers_of([lesson])[lesson.pk], *(one.speech.text for one in spoken_in([lesson])[lesson.pk])])


def words_of(lesson: Page) -> str:
    """Return a lesson's own text, without loading what it shows."""
    block = lesson.body.stream_block
    return " ".join(words for one in lesson.body.raw_data for words in _words(block, one))


def _words(stream: Any, stored: Any) -> Iterator[str]:
    """Give the words of one stored block of a stream; a kind that there is not any more says nothing."""
    kind = stored.get("type") if isinstance(stored, dict) else None
    if kind in stream.child_blocks:
        yield from _words_in(stream.child_blocks[kind], stored.get("value"))


def _words_in(block: Any, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if isinstance(block, blocks.RichTextBlock):
            yield get_text_for_indexing(value)
        elif isinstance(block, blocks.CharBlock | blocks.TextBlock):
            yield value
    elif isinstance(block, blocks.StructBlock) and isinstance(value, dict):
        for name, child in block.child_blocks.items():
            yield from _words_in(child, value.get(name))
    elif isinstance(block, blocks.StreamBlock) and isinstance(value, list):
        for one in value:
            yield from _words(block, one)
    elif isinstance(block, blocks.ListBlock) and isinstance(value, list):
        for one in value:
            yield from _words_in(block.child_block, one.get("value") if isinstance(one, dict) else one)


def shown_of(lessons: Iterable[Page], words: Sequence[str]) -> dict[int, Shown]:
    """Return what is shown of lessons in which words are found, by the lesson's id. Two queries."""
    known = list(lessons)
    papers, spoken = papers_of(known), spoken_in(known)
    return {page.pk: _shown(page, papers[page.pk], spoken[page.pk], words) for page in known}


def _shown(page: Page, papers: Sequence[str], spoken: Sequence[Spoken], words: Sequence[str]) -> Shown:
    text = words_of(page)
    parts = to_mark(words, [page.title, text, *papers, *(one.speech.text for one in spoken)])
    return Shown(marked(page.title, parts), _place(text, papers, spoken, parts))


def _place(text: str, papers: Iterable[str], spoken: Iterable[Spoken], parts: re.Pattern[str] | None) -> Place | None:
    """Where it stands first."""
    if pieces := excerpt(text, parts):
        return Place("text", pieces)
    for title in papers:
        if pieces := excerpt(title, parts):
            return Place("paper", pieces)
    for one in spoken:
        if found := one.speech.first(parts):
            cue, said = found
            return Place("spoken", excerpt(said, parts), one.at_ms[cue], one.video_id)
    return None
