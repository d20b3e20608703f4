"""Take a roster file over: everything or nothing, in a number of queries that does not grow with each row."""

import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from organizations import roster_texts
from organizations.core.roster import Problem, RosterLine, RosterRow, UnableToReadRoster, read_roster
from organizations.models import Node, RosterImport
from organizations.operations.roster_plan import Plan, make_plan
from organizations.operations.roster_write import write_plan
from organizations.sheets import read_table

__all__ = ["RosterLine", "RosterOutcome", "UnableToImportRoster", "import_roster"]

Progress = Callable[[int, int], None]
COPY_BYTES = 2**20


class RosterFile(Protocol):
    """An opened file with a name: an upload, or anything like it."""

    name: str | None

    def read(self, size: int = -1, /) -> bytes: ...


class UnableToImportRoster(Exception):
    """Nothing was taken over. ``rows`` holds ``(row, column title, sentence)``; row 0 is the whole file."""

    def __init__(self, rows: Sequence[tuple[int, str, str]]) -> None:
        super().__init__(f"{len(rows)} problems")
        self.rows = list(rows)


class RosterOutcome:
    """What an import did, or would do: persons by kind, organisations made, and one line a changed person."""

    def __init__(self, plan: Plan) -> None:
        self.created = plan.count("created")
        self.updated = plan.count("updated")
        self.moved = plan.count("moved")
        self.unchanged = plan.count("unchanged")
        self.nodes_created = len(plan.new_nodes)
        self.nodes = [node.label for node in plan.new_nodes]
        self.lines = [line for line in plan.lines if line.kind != "unchanged"]

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.moved + self.unchanged

    @property
    def changes_nothing(self) -> bool:
        return not self.lines and not self.nodes_created


def import_roster(
    *,
    path_or_file: Path | RosterFile,
    under: Node | None,
    dry_run: bool,
    as_of: dt.datetime,
    actor_id: int | None = None,
    on_progress: Progress | None = None,
) -> RosterOutcome:
    """Read the file and make tree, people, memberships, exemptions and roles as it says; with ``dry_run`` only say so.

    Paths begin below ``under``, or below the root. ``actor_id``: an operator, who moves nobody out of units that are
    not theirs. ``on_progress(done, total)`` counts rows twice: checked, then written. Raises UnableToImportRoster.
    """
    progress = on_progress or _silent
    today = timezone.localdate(as_of)
    try:
        with _local(path_or_file) as (path, name):
            digest = _sha256(path)
            rows = read_roster(read_table(path, name=name), today=today).rows
        progress(0, 2 * len(rows))
        if dry_run:
            return RosterOutcome(make_plan(rows, under=under, today=today, actor_id=actor_id, progress=progress))
        return _take_over(rows, under=under, as_of=as_of, actor_id=actor_id, progress=progress, digest=digest)
    except UnableToReadRoster as error:
        raise UnableToImportRoster([_said(problem) for problem in error.problems]) from error


@transaction.atomic
def _take_over(
    rows: list[RosterRow],
    *,
    under: Node | None,
    as_of: dt.datetime,
    actor_id: int | None,
    progress: Progress,
    digest: str,
) -> RosterOutcome:
    list(Node.objects.select_for_update().filter(depth=1).values_list("pk"))  # one import at a time
    today = timezone.localdate(as_of)
    plan = make_plan(rows, under=under, today=today, actor_id=actor_id, progress=progress)
    write_plan(plan, today=today, progress=lambda done: progress(len(rows) + done, 2 * len(rows)))
    outcome = RosterOutcome(plan)
    if not outcome.changes_nothing:
        RosterImport.objects.create(
            actor_id=actor_id,
            under=plan.base,
            at=as_of,
            file_sha256=digest,
            created=outcome.created,
            updated=outcome.updated,
            moved=outcome.moved,
            unchanged=outcome.unchanged,
            nodes_created=outcome.nodes_created,
        )
    return outcome


def _silent(done: int, total: int) -> None:
    """Nobody watches."""


def _said(problem: Problem) -> tuple[int, str, str]:
    return problem.row, roster_texts.title(problem.column), roster_texts.sentence(problem)


@contextmanager
def _local(path_or_file: Path | RosterFile) -> Iterator[tuple[Path, str]]:
    """A path to read, and the name the file came with; an upload is copied under VAR_DIR, readable by us alone."""
    if isinstance(path_or_file, Path):
        yield path_or_file, path_or_file.name
        return
    with tempfile.NamedTemporaryFile(dir=settings.VAR_DIR, prefix="roster-") as copy:
        while chunk := path_or_file.read(COPY_BYTES):
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name), path_or_file.name or ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
