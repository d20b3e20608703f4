"""What changes the keys of other programs, and what they are told."""

from api.operations.forwarding import forward, prune_statements
from api.operations.reporting import (
    fold_changes,
    note_changes,
    prune_deliveries,
    report_closed,
    report_finished,
    send_due,
)
from api.operations.stating import (
    note_attempt,
    note_lesson,
    note_standing,
    recall_occasion,
    state_again,
    write_voidings,
)
from api.operations.tokens import (
    LONGEST_DAYS,
    USUAL_DAYS,
    UnableToMakeToken,
    end_lost_tokens,
    end_token,
    make_token,
    note_use,
)
from api.operations.trying import UnableToTryOut, try_out
from api.operations.webhooks import (
    UnableToMakeWebhook,
    UnableToSendAgain,
    check_target,
    make_webhook,
    send_again,
    switch_off,
    switch_on,
)

__all__ = [
    "LONGEST_DAYS",
    "USUAL_DAYS",
    "UnableToMakeToken",
    "UnableToMakeWebhook",
    "UnableToSendAgain",
    "UnableToTryOut",
    "check_target",
    "end_lost_tokens",
    "end_token",
    "fold_changes",
    "forward",
    "make_token",
    "make_webhook",
    "note_attempt",
    "note_changes",
    "note_lesson",
    "note_standing",
    "note_use",
    "prune_deliveries",
    "prune_statements",
    "recall_occasion",
    "report_closed",
    "report_finished",
    "send_again",
    "send_due",
    "state_again",
    "switch_off",
    "switch_on",
    "try_out",
    "write_voidings",
]
