"""The order of a member's course list."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from attendance.standing import is_due_over
from courses.models import CourseRun
from courses.queries import Study


@dataclass(frozen=True)
class Shelf:
    """What is left to study, what is being changed, what begins later, what is finished, what is over or not asked of
    them; by deadline."""

    todo: tuple[Study, ...]
    paused: tuple[Study, ...]
    coming: tuple[Study, ...]
    done: tuple[Study, ...]
    over: tuple[Study, ...]

    @property
    def parts(self) -> tuple[tuple[Study, ...], ...]:
        return self.todo, self.paused, self.coming, self.done, self.over

    @property
    def is_empty(self) -> bool:
        return not any(self.parts)


def categories_of(runs: Iterable[CourseRun]) -> list[str]:
    """Return the categories of some courses, those with most courses first; none where all are in the same."""
    counts = Counter(run.page.category for run in runs)
    named = sorted((one for one in counts if one), key=lambda one: (-counts[one], one))
    return named if len(counts) > 1 else []


def arrange(studies: Iterable[Study], *, as_of: datetime) -> Shelf:
    """Sort a member's courses onto the shelf."""
    known = list(studies)
    done = tuple(study for study in known if study.is_done)
    left = [study for study in known if not study.is_done]
    coming = tuple(study for study in left if study.run.occasion.starts_at > as_of)
    over = tuple(study for study in left if study.is_excused or is_due_over(study.run.occasion, as_of))
    now = [study for study in left if study not in coming and study not in over]
    todo = tuple(study for study in now if not study.is_paused)
    paused = tuple(study for study in now if study.is_paused)
    return Shelf(todo=todo, paused=paused, coming=coming, done=done, over=over)
