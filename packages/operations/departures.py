"""What a package kept of somebody goes with who they were (ADR 88); how far they came stays as a number."""

from packages.models import Result


def take_out(*, member_id: int) -> None:
    Result.objects.filter(member_id=member_id).update(suspend_data="", location="")
