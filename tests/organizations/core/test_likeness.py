"""Which spellings may mean one person or one unit."""

import pytest

from organizations.core.roster.changes import Option, Question
from organizations.core.roster.likeness import means, name_key, unit_key

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("spelling", ["阿卜杜·热西提", "阿卜杜•热西提", "阿卜杜．热西提", "阿卜杜 · 热西提"])
def test_dots_and_spaces_make_no_other_name(spelling: str) -> None:
    assert name_key(spelling) == "阿卜杜·热西提"


def test_width_and_case_make_no_other_name() -> None:
    assert name_key("Ｌi Ｍing") == name_key("LI ming") == "liming"
    assert name_key("王建国") != name_key("王建军")


@pytest.mark.parametrize(
    ("spelling", "key"),
    [
        ("中共第1党支部委员会", "1支部"),
        ("第一支部", "1支部"),
        ("第十二党支部", "12支部"),
        ("第二十支部", "20支部"),
        ("第一百零三支部", "103支部"),
        ("第１支部", "1支部"),
        ("东风村党总支部", "东风村总支"),
        ("永安镇党委", "永安镇"),
        ("委员会", "委员会"),  # nothing but what is cut off: then it is the name
    ],
)
def test_one_unit_has_many_spellings(spelling: str, key: str) -> None:
    assert unit_key(spelling) == key


def test_units_above_may_stand_in_front_in_their_order() -> None:
    above = ["永安镇", "东风村"]
    assert means("永安镇东风村1支部", "1支部", above)
    assert means("东风村1支部", "1支部", above)
    assert means("1支部", "1支部", above)
    assert not means("西风村1支部", "1支部", above)
    assert not means("东风村永安镇1支部", "1支部", above)
    assert not means("东风村2支部", "1支部", above)


def test_an_answer_that_is_no_option_leaves_the_question_open() -> None:
    question = Question(key="k", row=2, sheet="", column="name", text=("who", {}), options=(Option("same", ("x", {})),))
    assert question.answered("same").answer == "same"
    assert question.answered("same").answered("else").answer == ""
