"""What a record store was to be told of somebody goes with who they were (ADR 88)."""

from api.models import Statement


def take_out(*, member_id: int) -> None:
    """What it never took; the words of what it has. What stands there is its operator's to delete."""
    mine = Statement.objects.filter(member_id=member_id).exclude(kind=Statement.Kind.VOIDING)
    mine.exclude(state=Statement.State.SENT).delete()
    mine.filter(body__isnull=False).update(body=None)
