"""Whether the chain of seals holds: every sealed row as it was, none gone, none added. Streams; constant memory."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from attendance.append_only import missing
from attendance.core.chain import SealDigest, block_digest, unpack
from attendance.models import Evidence, PresenceSpan, Removal, Seal, SealedBlock
from attendance.queries.final import blocks_of, removed_rows
from attendance.queries.sealing import (
    ANSWER,
    CORRECTION,
    EVIDENCE,
    PRESENCE,
    REMOVAL,
    TABLES,
    Table,
    last_seal,
    reach_of,
    records_digest,
    start_of,
)

TABLE_OF = {"reported": EVIDENCE, "written": EVIDENCE, "presence": PRESENCE, "correction": CORRECTION,
            "removal": REMOVAL, "answer": ANSWER}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was sealed. ``code``: altered, gone, added, backdated, records, block, chain, head,
    removal or unguarded; ``row``: the table and the id, where it is one row."""

    code: str
    day: date | None = None
    row: str = ""
    occasion_id: int | None = None

    def __str__(self) -> str:
        said = [self.code, self.day.isoformat() if self.day else "", self.row]
        said.append(f"occasion {self.occasion_id}" if self.occasion_id else "")
        return " ".join(one for one in said if one)


@dataclass(slots=True)
class Checked:
    """What a verification has looked at so far."""

    seals: int = 0
    rows: int = 0
    removed: int = 0
    late: int = 0
    head: str = ""


def problems(*, since: date | None = None, head: str = "", checked: Checked | None = None) -> Iterator[Problem]:
    """Yield what is wrong with the sealed days since ``since`` (all of them), the oldest first.

    ``head``: a seal's digest that was written down elsewhere (a log, a monthly file); it must be in the chain.
    """
    so_far = checked if checked is not None else Checked()
    previous: Seal | None = None
    heads = set()
    if since is not None:
        previous = Seal.objects.filter(day__lt=since).exclude(digest="").order_by("-day").first()
    found = Seal.objects.exclude(digest="").order_by("day")
    for seal in (found.filter(day__gte=since) if since else found).iterator(chunk_size=100):
        if seal.previous != (previous.digest if previous else ""):
            yield Problem("chain", seal.day)
        if previous is not None and seal.day != previous.day + timedelta(days=1):
            yield Problem("chain", previous.day + timedelta(days=1))
        yield from _of_seal(seal, previous, so_far)
        so_far.seals, so_far.head = so_far.seals + 1, seal.digest
        if seal.digest == head:
            heads.add(head)
        previous = seal
    yield from _removals(since)
    yield from _behind(previous)
    if head and head not in heads:
        yield Problem("head", None, head)
    yield from (Problem("unguarded", None, name) for name in missing())


def _of_seal(seal: Seal, previous: Seal | None, checked: Checked) -> Iterator[Problem]:
    total = SealDigest(previous=seal.previous, day=seal.day, through=seal.through, open_spans=seal.open_spans)
    after, through = reach_of(previous), reach_of(seal)
    there: Counter[str] = Counter()
    for block in SealedBlock.objects.filter(seal=seal).order_by("number").iterator(chunk_size=50):
        total.add(
            number=block.number, kind=block.kind, occasion_id=block.occasion_id, count=block.count, digest=block.digest
        )
        yield from _of_block(seal, block, after, there, checked)
    if total.hexdigest() != seal.digest:
        yield Problem("chain", seal.day)
    checked.late += seal.late
    open_ids = [key for key in seal.open_spans if key > after["presence"]]
    there["presence"] += PresenceSpan.objects.filter(pk__in=open_ids).count()
    yield from _open_gone(seal)
    for table in TABLES:
        low, high = after[table.name], through[table.name]
        if table.rows().filter(pk__gt=low, pk__lte=high).count() != there[table.name]:
            yield from _added(seal, table, low, high, open_ids if table is PRESENCE else [])


def _of_block(
    seal: Seal, block: SealedBlock, after: dict[str, int], there: Counter[str], checked: Checked
) -> Iterator[Problem]:
    table = TABLE_OF[block.kind]
    if block.rows is None:
        removal = block.removal
        if removal is None or removal.occasion_id != block.occasion_id:
            yield Problem("block", seal.day, f"block {block.number}", block.occasion_id)
        checked.removed += block.count
        return
    packed = bytes(block.rows)
    if block_digest(block.kind, block.occasion_id, packed) != block.digest:
        yield Problem("block", seal.day, f"block {block.number}", block.occasion_id)
    sealed = dict(unpack(packed))
    found = table.rows().filter(pk__in=list(sealed)).values_list(*table.columns)
    held = {values[0]: table.digest(values) for values in found}
    there[table.name] += sum(key > after[table.name] for key in held)
    checked.rows += len(sealed)
    for key, digest in sealed.items():
        if held.get(key) != digest:
            code = "altered" if key in held else "gone"
            yield Problem(code, seal.day, f"{table.name} {key}", block.occasion_id)


def _open_gone(seal: Seal) -> Iterator[Problem]:
    """Presences that a seal left open, of which there is no row now and no block tells that they ended."""
    left = set(seal.open_spans)
    for key in left - set(PresenceSpan.objects.filter(pk__in=left).values_list("pk", flat=True)):
        later = SealedBlock.objects.filter(kind="presence", seal__day__gt=seal.day, removal__isnull=False)
        if not later.exists():
            yield Problem("gone", seal.day, f"presence {key}")


def _added(seal: Seal, table: Table, low: int, high: int, open_ids: list[int]) -> Iterator[Problem]:
    """Name the rows in a seal's range that no block knows: one bit an id, and only where the numbers differ."""
    known = bytearray((high - low) // 8 + 1)

    def note(key: int) -> None:
        if low < key <= high:
            known[(key - low) // 8] |= 1 << (key - low) % 8

    kinds = [kind for kind, of in TABLE_OF.items() if of is table]
    blocks = SealedBlock.objects.filter(seal=seal, kind__in=kinds, rows__isnull=False)
    for packed in blocks.values_list("rows", flat=True).iterator(chunk_size=50):
        for key, _digest in unpack(bytes(packed or b"")):
            note(key)
    for key in open_ids:
        note(key)
    for key in table.rows().filter(pk__gt=low, pk__lte=high).order_by("pk").values_list("pk", flat=True).iterator():
        if not known[(key - low) // 8] & 1 << (key - low) % 8:
            yield Problem("added", seal.day, f"{table.name} {key}")


def _removals(since: date | None) -> Iterator[Problem]:
    """Whether the verdicts of occasions whose evidence is gone (since a day) are those that were fixed."""
    found = Removal.objects.select_related("occasion").order_by("at")
    if since is not None:
        found = found.filter(at__gte=start_of(since))
    for removal in found.iterator(chunk_size=200):
        if records_digest(removal.occasion_id) != removal.records_digest:
            yield Problem("records", None, "", removal.occasion_id)
        said = sum(count for kind, count in removal.counts.items() if kind != "watch_session")
        is_through = not blocks_of(removal.occasion_id).exists()
        is_counted = removed_rows(removal.pk) == said if is_through else removed_rows(removal.pk) <= said
        if not is_counted or removal.occasion.evidence_removed_at != removal.at:
            yield Problem("removal", None, "", removal.occasion_id)


def _behind(seal: Seal | None) -> Iterator[Problem]:
    """Rows that no seal covers although they are dated in a sealed day: the database gave them their ids later."""
    seal = seal or last_seal()
    if seal is None:
        return
    end = start_of(seal.day + timedelta(days=1))
    rows = Evidence.objects.filter(pk__gt=seal.through["evidence"], recorded_at__lt=end).order_by("pk")
    for key, occasion_id in rows.values_list("pk", "occasion_id").iterator(chunk_size=2000):
        yield Problem("backdated", seal.day, f"evidence {key}", occasion_id)
