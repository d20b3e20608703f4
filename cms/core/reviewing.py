"""What ends a review (setting ``WAGTAIL_FINISH_WORKFLOW_ACTION``): named before any model can be imported."""

from typing import Any


def leave_to_publishing(workflow_state: Any, user: Any = None) -> None:
    """Publish nothing here: who studies the course is known above (``courses.receivers.review_approved``)."""
