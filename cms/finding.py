"""What a lesson says, wherever it says it: its own text, its documents' titles, the captions of its videos.

The index is written from it and the places of what was found are read from it, without rendering a lesson.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wagtail import blocks
from wagtail.documents import get_document_model
from wagtail.models import Page
from wagtail.rich_text import get_text_for_indexing

from cms.core.finding import Piece, excerpt
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


def papers_of(lessons: Iterable[Page]) -> dict[int, list[str]]:
    """Return the titles of the documents that stand in lessons, in order, by the lesson's id. One query."""
    keys = {page.pk: [key for key in values_of(page.body.raw_data, "document") if key.isdigit()] for page in lessons}
    asked = {int(key) for found in keys.values() for key in found}
    titles = dict(get_document_model().objects.filter(pk__in=asked).values_list("pk", "title")) if asked else {}
    return {pk: [titles[int(key)] for key in found if int(key) in titles] for pk, found in keys.items()}


def spoken_in(lessons: Iterable[Page]) -> dict[int, list[tuple[str, int, str]]]:
    """Return what the videos of lessons say: video id, ms and words of each cue, by the lesson's id. One query."""
    keys = {page.pk: values_of(page.body.raw_data, "video") for page in lessons}
    asked = {key for found in keys.values() for key in found}
    rows = Captions.objects.filter(video_id__in=asked).select_related("video") if asked else []
    said = {
        str(row.video_id): [
            (str(row.video_id), cue.start_ms, cue.text) for cue in shown_cues(row, duration_ms=row.video.duration_ms)
        ]
        for row in rows
    }
    return {pk: [cue for key in found for cue in said.get(key, ())] for pk, found in keys.items()}


def words_beside(lesson: Page) -> str:
    """Return what is found of a lesson besides its own text, to be indexed."""
    return "\n".join([*papers_of([lesson])[lesson.pk], *(text for _id, _at, text in spoken_in([lesson])[lesson.pk])])


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


def places_in(lessons: Iterable[Page], words: Sequence[str]) -> dict[int, Place | None]:
    """Return where in each lesson the words stand first, by its id; None: only in its title. Two queries."""
    known = list(lessons)
    papers, spoken = papers_of(known), spoken_in(known)
    return {page.pk: _place(page, papers[page.pk], spoken[page.pk], words) for page in known}


def _place(
    page: Page, papers: Iterable[str], spoken: Iterable[tuple[str, int, str]], words: Sequence[str]
) -> Place | None:
    if pieces := excerpt(words_of(page), words):
        return Place("text", pieces)
    for title in papers:
        if pieces := excerpt(title, words):
            return Place("paper", pieces)
    for video_id, at_ms, text in spoken:
        if pieces := excerpt(text, words):
            return Place("spoken", pieces, at_ms, video_id)
    return None
