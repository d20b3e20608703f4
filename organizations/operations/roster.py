"""Take a roster file over: everything or nothing, in a number of queries that does not grow with each row."""

import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from organizations.core.roster import Problem, Remark, RosterTable, UnableToReadRoster, read_roster
from organizations.core.roster.changes import Question, RosterLine
from organizations.models import Node, RosterImport
from organizations.operations.keys import UnableToUseKey, check_phone_key, ensure_phone_key
from organizations.operations.roster_changes import Answers, Plan
from organizations.operations.roster_plan import make_plan
from organizations.operations.roster_write import write_plan
from organizations.sentences import questions, roster_file
from organizations.sheets import read_table

__all__ = ["Answers", "RosterLine", "RosterOutcome", "UnableToImportRoster", "import_roster"]

Progress = Callable[[int, int], None]
COPY_BYTES = 2**20


class RosterFile(Protocol):
    """An opened file with a name: an upload, or anything like it."""

    name: str | None

    def read(self, size: int = -1, /) -> bytes: ...


class UnableToImportRoster(Exception):
    """Nothing was taken over. ``lines``: what is wrong or open, one sentence a row of the file.

    ``problems``: what is wrong with the file; ``questions``: what nobody answered yet.
    """

    def __init__(
        self, lines: Sequence[str], *, problems: Sequence[Problem] = (), questions: Sequence[Question] = ()
    ) -> None:
        super().__init__(f"{len(lines)} problems")
        self.lines = list(lines)
        self.problems = list(problems)
        self.questions = list(questions)


class RosterOutcome:
    """What an import did, or would do: persons by kind, organisations made, and one line a changed person.

    While ``open_questions`` is not empty there is nothing else in it. ``absent``: who belongs below the node and is not
    in the file (``absent_more`` further ones are not listed); ``unled``: units left without a secretary; ``emptied``:
    units that nobody belongs to any more.
    """

    def __init__(self, plan: Plan, remarks: Sequence[Remark]) -> None:
        self.created = plan.count("created")
        self.updated = plan.count("updated")
        self.moved = plan.count("moved")
        self.unchanged = plan.count("unchanged") + plan.count("skipped")
        self.left = plan.count("left") + len(plan.ended)
        self.returned = plan.count("returned")
        self.nodes_created = len(plan.new_nodes)
        self.nodes = [node.label for node in plan.new_nodes]
        self.lines = [line for line in plan.lines if line.kind != "unchanged"]
        self.remarks = list(remarks)
        self.questions = plan.questions
        self.open_questions = [question for question in plan.questions if not question.answer]
        self.absent = plan.absent
        self.absent_more = plan.absent_more
        self.unled = plan.unled
        self.emptied = plan.emptied

    @property
    def changes_nothing(self) -> bool:
        changed = self.created + self.updated + self.moved + self.left + self.returned + self.nodes_created
        return changed == 0 and not self.open_questions


def import_roster(
    *,
    path_or_file: Path | RosterFile,
    under: Node | None,
    dry_run: bool,
    as_of: dt.datetime,
    actor_id: int | None = None,
    answers: Answers | None = None,
    on_progress: Progress | None = None,
) -> RosterOutcome:
    """Read the file and make tree, people, memberships, exemptions and roles as it says; with ``dry_run`` only say so.

    Paths begin below ``under``, or below the root. ``actor_id``: an operator, who changes nobody out of their reach.
    What the file leaves open is asked: ``answers`` by the key of the question, or the file's own column 说明. Without
    an answer a dry run returns the questions, and the import is refused. ``on_progress(done, total)`` counts rows
    twice: checked, then written. Raises UnableToImportRoster.
    """
    progress = on_progress or _silent
    try:
        check_phone_key() if dry_run else ensure_phone_key(as_of=as_of)
    except UnableToUseKey as error:
        raise UnableToImportRoster([str(error)]) from error
    today = timezone.localdate(as_of)
    try:
        with _local(path_or_file) as (path, name):
            digest = _sha256(path)
            table = read_roster(read_table(path, name=name), today=today)
        progress(0, 2 * len(table.rows))
        take = _look if dry_run else _take_over
        return take(table, under, as_of, actor_id, answers or Answers(), progress, digest)
    except UnableToReadRoster as error:
        raise UnableToImportRoster(roster_file.problem_lines(error.problems), problems=error.problems) from error
    except IntegrityError as error:  # somebody was given the number or the code between our look and our writing
        raise UnableToImportRoster([str(questions.CHANGED_MEANWHILE)]) from error


def _look(
    table: RosterTable,
    under: Node | None,
    as_of: dt.datetime,
    actor_id: int | None,
    answers: Answers,
    progress: Progress,
    digest: str,
) -> RosterOutcome:
    today = timezone.localdate(as_of)
    plan = make_plan(
        table.rows, under=under, today=today, actor_id=actor_id, answers=answers, lock=False, progress=progress
    )
    return RosterOutcome(plan, table.remarks)


@transaction.atomic
def _take_over(
    table: RosterTable,
    under: Node | None,
    as_of: dt.datetime,
    actor_id: int | None,
    answers: Answers,
    progress: Progress,
    digest: str,
) -> RosterOutcome:
    list(Node.objects.select_for_update(no_key=True).filter(depth=1).values_list("pk"))  # one import at a time
    today, rows = timezone.localdate(as_of), table.rows
    plan = make_plan(rows, under=under, today=today, actor_id=actor_id, answers=answers, lock=True, progress=progress)
    outcome = RosterOutcome(plan, table.remarks)
    if outcome.open_questions:
        asked = [questions.question_line(question) for question in outcome.open_questions]
        raise UnableToImportRoster(asked, questions=outcome.open_questions)
    write_plan(plan, today=today, progress=lambda done: progress(len(rows) + done, 2 * len(rows)))
    if not outcome.changes_nothing:
        _write_down(outcome, plan, as_of, actor_id, digest)
    return outcome


def _write_down(outcome: RosterOutcome, plan: Plan, as_of: dt.datetime, actor_id: int | None, digest: str) -> None:
    RosterImport.objects.create(
        actor_id=actor_id,
        under=plan.base,
        at=as_of,
        file_sha256=digest,
        created=outcome.created,
        updated=outcome.updated,
        moved=outcome.moved,
        unchanged=outcome.unchanged,
        left=outcome.left,
        returned=outcome.returned,
        nodes_created=outcome.nodes_created,
    )


def _silent(done: int, total: int) -> None:
    """Nobody watches."""


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
