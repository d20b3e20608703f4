"""What somebody said under lessons goes with who they were (ADR 88)."""

from courses.models import CommentReport, LessonComment


def take_out(*, member_id: int) -> None:
    """Their comments with what was answered, which may name them, and what they reported."""
    LessonComment.objects.filter(author_id=member_id).delete()
    CommentReport.objects.filter(member_id=member_id).delete()
