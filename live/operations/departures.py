"""What somebody said in rooms goes with who they were (ADR 88); what they chose in a poll stays as a number."""

from live.models import ChatMessage, MediaPeer, Question, RaisedHand, Restriction, Seat, Speaker


def take_out(*, member_id: int) -> None:
    """Messages, questions, places in a room and restrictions: what is left of them, for most of it went long ago."""
    for spoken in (ChatMessage, Question):
        spoken.objects.filter(author_id=member_id).delete()
    for place in (RaisedHand, Speaker, Seat, MediaPeer, Restriction):
        place.objects.filter(member_id=member_id).delete()
