"""What is typed in the discussion: the words themselves are checked once, by the operation."""

from uuid import uuid4

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.discussing import LONGEST, LONGEST_ANSWER, LONGEST_REASON

WHY = {
    "empty": gettext_lazy("请先写几个字，再发出。"),
    "unfit": gettext_lazy("里面有看不见的控制字符，请删掉再发，或者重新打一遍。"),
    "reader": gettext_lazy("您不在这门课的名单上，不能在这里留言，您写的没有发出。"),
    "closed": gettext_lazy("现在不能在这里留言，您写的没有发出。"),
    "decided": gettext_lazy("您打开这一页以后，别人已经处理过这条留言，如上所示。仍要这样办，请再按一次；您写的还在。"),
    "unsent": gettext_lazy("您写的回复还没有发出。要回复，请按“发出回复”，同时就公开了；只公开，请先清空回复。"),
    "many": gettext_lazy("您刚才写得比较多，没有发出；请过十分钟再点一次“发出”。"),
}


def why_not(code: str, limit: int) -> str:
    """Return why words were not taken, and what to do."""
    if code == "too_long":
        return _("最多 %(limit)d 个字，请写短一点。") % {"limit": limit}
    return str(WHY[code])


def new_id() -> str:
    """Return by what one form is known, however often it is sent."""
    return uuid4().hex


class Words(forms.Form):
    """One text; whether there is one and its length are checked by the operation, so that nothing typed is lost."""

    limit = LONGEST

    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}))

    def refuse(self, code: str) -> None:
        """Say beside the text why it was not taken."""
        self.errors.clear()  # the operation's word is the only one
        self.add_error("text", why_not(code, self.limit))


class CommentForm(Words):
    """What a member says; ``client_id`` makes the same form sent twice one comment."""

    client_id = forms.CharField(required=False, widget=forms.HiddenInput, initial=new_id)
    text = forms.CharField(
        label=gettext_lazy("您的问题或体会"),
        help_text=gettext_lazy("最多 500 个字。等老师看过后，学这一讲的人能看到，会写上您的姓和支部。"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class AnswerForm(Words):
    """What the organiser answers."""

    limit = LONGEST_ANSWER
    text = forms.CharField(
        label=gettext_lazy("回复"),
        help_text=gettext_lazy("最多 1000 个字。回复以后，留言和回复大家都能看到，并且通知本人。"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class HideForm(Words):
    """Why a comment is not shown."""

    limit = LONGEST_REASON
    text = forms.CharField(
        label=gettext_lazy("不公开的原因"),
        help_text=gettext_lazy("最多 200 个字，本人会看到。"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
