"""Catching up, the check of understanding, and what a finished training gives."""

from tests.mutants.mutant import Mutant

CERTIFICATES = "tests/certificates/test_operations.py"

MUTANTS = (
    Mutant(
        name="certificate-lacking",
        means="A certificate is given to who lacks an occasion.",
        file="certificates/core/finish.py",
        before="return self.has_taken_part and not self.lacking and",
        after="return self.has_taken_part and",
        tests=(f"{CERTIFICATES}::test_whoever_lacks_something_is_told_so",),
    ),
    Mutant(
        name="certificate-roster",
        means="An exemption that changes only the roster marks nobody.",
        file="attendance/operations/exempting.py",
        before="events.tell(events.standing_changed,",
        after="dict(",
        tests=(f"{CERTIFICATES}::test_an_exemption_that_changes_only_the_roster_is_looked_at",),
    ),
    Mutant(
        name="certificate-rests",
        means="Certificates withdrawn or of other occasions count as resting on one that is voided.",
        file="certificates/queries/issued.py",
        before='return found.filter(ids__regex=rf"[\\[ ]{occasion.pk}[],]").count()',
        after="return found.count()",
        tests=("tests/certificates/views/test_resting.py::test_only_those_that_stand_and_rest_on_this_very_one_count",),
    ),
    Mutant(
        name="reminder-check",
        means="Who only owes the check is not reminded of it.",
        file="attendance/catching_up.py",
        before="owes_check=all(one.owes_check and one.is_on_time for one in open_ones),",
        after="owes_check=False,",
        tests=("tests/attendance/operations/test_reminders.py::test_who_owes_only_the_check_is_reminded_of_it",),
    ),
    Mutant(
        name="reminder-session",
        means="Who can still come to a further session is not reminded once the replay's time is over.",
        file="attendance/catching_up.py",
        before="return not self.is_paused and (self.is_on_time or bool(self.sessions))",
        after="return not self.is_paused and self.is_on_time",
        tests=(
            "tests/attendance/operations/test_reminders.py"
            "::test_who_can_only_come_to_a_further_session_is_reminded_of_it",
        ),
    ),
)
