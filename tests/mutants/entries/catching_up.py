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
    Mutant(
        name="check-in-time",
        means="A check passed after the make-up counts.",
        file="attendance/core/understood.py",
        before="return [one for one in evidence.understood if until is None or one.at <= until]",
        after="return list(evidence.understood)",
        tests=("tests/attendance/core/test_check.py::test_only_both_together_make_it_up",),
    ),
    Mutant(
        name="check-spent",
        means="Used-up attempts of the check are not told.",
        file="attendance/core/understood.py",
        before="if asked.most and len(tries) >= asked.most:",
        after="if asked.most and len(tries) > asked.most:",
        tests=("tests/attendance/core/test_check.py::test_attempts_that_are_used_up_say_so",),
    ),
    Mutant(
        name="check-forged",
        means="Somebody answers a check without having watched.",
        file="attendance/queries/checks.py",
        before="if not codes & CHECK_MISSING:",
        after="if False:",
        tests=("tests/attendance/operations/test_checks.py::test_who_has_not_watched_cannot_answer",),
    ),
    Mutant(
        name="check-result",
        means="The result of a check is lost once its questions change.",
        file="attendance/queries/checks.py",
        before="if now.progress is None or now.progress.last or now.progress.is_under_way:",
        after="if True:",
        tests=(
            "tests/attendance/views/test_check.py::test_the_result_is_of_what_was_answered_though_the_questions_changed_since",
        ),
    ),
    Mutant(
        name="check-withdrawn",
        means="A withdrawn check is said to have never been written.",
        file="attendance/sentences/checks.py",
        before="if withdrawn is not None:",
        after="if withdrawn is None and occasion.pk is None:",
        tests=("tests/attendance/views/test_check.py::test_an_organiser_writes_sees_and_changes_it",),
    ),
    Mutant(
        name="session-moved",
        means="Nobody is told that a further session moved.",
        file="attendance/operations/session_telling.py",
        before="if before.starts_at != after.starts_at:",
        after="if before.node_id != after.node_id:",
        tests=("tests/live/test_repeating.py::test_whom_a_session_was_for_is_told_that_it_moved_and_that_it_is_off",),
    ),
    Mutant(
        name="session-off",
        means="Nobody is told that a further session is off.",
        file="attendance/operations/session_telling.py",
        before="        _tell(OFF, session, _whom(session, as_of), as_of)",
        after="        _tell(OFF, session, set(), as_of)",
        tests=("tests/live/test_repeating.py::test_whom_a_session_was_for_is_told_that_it_moved_and_that_it_is_off",),
    ),
    Mutant(
        name="certificate-session",
        means="A further session is one more thing to do for a certificate.",
        file="certificates/queries/finished.py",
        before="entries = RosterEntry.objects.filter(_ITSELF, occasion__training_id__in",
        after="entries = RosterEntry.objects.filter(occasion__training_id__in",
        tests=(f"{CERTIFICATES}::test_a_further_session_asks_nothing_and_nothing_rests_on_it",),
    ),
    Mutant(
        name="certificate-hours",
        means="A certificate is given for fewer hours than are asked.",
        file="certificates/core/finish.py",
        before="and self.hours >= self.asked",
        after="and self.hours >= ZERO",
        tests=(f"{CERTIFICATES}::test_enough_hours_are_asked_for",),
    ),
)
