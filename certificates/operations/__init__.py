"""What can be done with certificates: keyword-only verbs; each raises its own error with a sentence for people."""

from certificates.operations.deciding import UnableToDecide, Wording, switch, write_setting
from certificates.operations.issuing import UnableToTakeCertificate, issue, take
from certificates.operations.life import UnableToChangeCertificate, reissue, renew_name, withdraw
from certificates.operations.looking import (
    STEP,
    advance,
    look_after,
    look_again,
    look_at_marks,
    mark,
    opened_again,
    unfinished,
)

__all__ = [
    "STEP",
    "UnableToChangeCertificate",
    "UnableToDecide",
    "UnableToTakeCertificate",
    "Wording",
    "advance",
    "issue",
    "look_after",
    "look_again",
    "look_at_marks",
    "mark",
    "opened_again",
    "reissue",
    "renew_name",
    "switch",
    "take",
    "unfinished",
    "withdraw",
    "write_setting",
]
