"""What a notice says when it is read, by its kind; a notice names no member but the one it is told to."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from attendance.models import Notice, RecordState


def _title(one: Notice) -> str:
    return one.occasion.title if one.occasion is not None else ""


def _result(text: Callable[[], str]) -> Callable[[Notice], str]:
    """Return a sentence about one result: the occasion, and the state that is spoken of."""

    def said(one: Notice) -> str:
        state = one.data.get("state", "")
        label = RecordState(state).label if state in RecordState.values else state
        return text() % {"title": _title(one), "state": label}

    return said


def _plain(text: Callable[[], str]) -> Callable[[Notice], str]:
    return lambda one: text() % {"title": _title(one)}


NOTICES: dict[str, Callable[[Notice], str]] = {
    "leave_asked": _plain(lambda: _("有人请假，等您批准。")),
    "leave_approved": _plain(lambda: _("您的请假已批准。能来参加的话直接来就行。")),
    "leave_refused": _plain(lambda: _("您的请假没有批准，理由在“我的请假”里。")),
    "leave_taken_back": _plain(lambda: _("您的请假有变动：批准已撤销或提前结束，理由在“我的请假”里。")),
    "exemption_entered": _plain(lambda: _("已为您登记免学或长期外出，从哪天到哪天在“我的请假”里。")),
    "exemption_ended": _plain(lambda: _("您的免学或长期外出已结束，恢复应学。")),
    "dispute_raised": _plain(lambda: _("有人对“%(title)s”的记录提出不对，等您答复。")),
    "dispute_answered": _plain(lambda: _("您对“%(title)s”提出的问题已答复。")),
    "corrected": _result(lambda: _("您在“%(title)s”的结果更正为“%(state)s”。")),
    "correction_replaced": _result(lambda: _("您在“%(title)s”做的一条更正，现在被改为“%(state)s”。")),
    "correction_proposed": _result(lambda: _("有人提出把您在“%(title)s”的结果更正为“%(state)s”，等另一位负责人复核。")),
    "correction_to_review": _result(lambda: _("“%(title)s”有一条更正等您复核。")),
    "correction_approved": _result(lambda: _("您在“%(title)s”提出的更正已复核同意，现在生效。")),
    "correction_refused": _result(lambda: _("“%(title)s”更正为“%(state)s”没有通过复核，结果没有改动。")),
    "correction_withdrawn": _result(lambda: _("“%(title)s”更正为“%(state)s”由提出人撤回，结果没有改动。")),
    "declared_asked": _plain(lambda: _("“%(title)s”有人申报在别处学过，等您确认。")),
    "declared_confirmed": _plain(lambda: _("您为“%(title)s”申报的学习已经确认，算作已补学。")),
    "declared_refused": _plain(lambda: _("您为“%(title)s”申报的学习没有通过，理由写在申报里。")),
}
