"""What a manifest gives the run-time, as authoring tools write it."""

import pytest

from packages.core.given import LONGEST_DATA, Given
from packages.core.manifest import read_manifest
from tests.packages.zips import SCORM_12, SCORM_2004

pytestmark = pytest.mark.unit
ITEM = "<title>第一节</title>"
RULES = """<imsss:sequencing xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <imsss:limitConditions attemptAbsoluteDurationLimit="PT30M"/>
  <imsss:objectives><imsss:primaryObjective satisfiedByMeasure="true">
    <imsss:minNormalizedMeasure>0.8</imsss:minNormalizedMeasure></imsss:primaryObjective></imsss:objectives>
  <imsss:deliveryControls completionSetByContent="true" objectiveSetByContent="true"/></imsss:sequencing>"""


def given_12(words: str) -> Given:
    return read_manifest(SCORM_12.replace(ITEM, ITEM + words).encode()).given


def given_2004(words: str, manifest: str = SCORM_2004) -> Given:
    return read_manifest(manifest.replace(ITEM, ITEM + words).encode()).given


def test_nothing_said_is_nothing_given() -> None:
    assert given_12("") == given_2004("") == Given()


def test_scorm_12() -> None:
    said = (
        "<adlcp:maxtimeallowed>0001:30:00.0</adlcp:maxtimeallowed><adlcp:timelimitaction>Exit, no  message"
        "</adlcp:timelimitaction><adlcp:datafromlms> 章=1&amp;x </adlcp:datafromlms>"
        "<adlcp:masteryscore> 80 </adlcp:masteryscore>"
    )
    wanted = Given(launch_data="章=1&x", passing="80", max_time="0001:30:00.0", at_limit="exit,no message")
    assert given_12(said) == wanted


def test_scorm_2004() -> None:
    said = (
        "<adlcp:timeLimitAction>exit,message</adlcp:timeLimitAction><adlcp:dataFromLMS>x</adlcp:dataFromLMS>"
        '<adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.9"/>'
    )
    assert given_2004(said + RULES) == Given(
        launch_data="x", passing="0.8", threshold="0.9", max_time="PT30M", at_limit="exit,message", completes=True
    )


def test_rules_may_stand_in_the_collection_and_the_items_own_count_first() -> None:
    named = RULES.replace("sequencing xmlns", 'sequencing ID="s" xmlns', 1)
    collection = f'<c:sequencingCollection xmlns:c="x">{named}</c:sequencingCollection>'
    manifest = SCORM_2004.replace("</resources>", f"</resources>{collection}")
    own = '<s:sequencing xmlns:s="x" IDRef="s"><s:deliveryControls completionSetByContent="false"/></s:sequencing>'
    found = given_2004(own, manifest)
    assert (found.passing, found.max_time, found.completes) == ("0.8", "PT30M", False)
    assert given_2004(own.replace('"s"', '"t"'), manifest).passing == ""


@pytest.mark.parametrize(
    ("said", "threshold"),
    [
        ("<adlcp:completionThreshold>0.5</adlcp:completionThreshold>", "0.5"),
        ('<adlcp:completionThreshold completedByMeasure="true"/>', "1"),
        ('<adlcp:completionThreshold completedByMeasure="false" minProgressMeasure="0.9"/>', ""),
        ("<adlcp:completionThreshold>1.5</adlcp:completionThreshold>", ""),
    ],
)
def test_thresholds_of_every_edition(said: str, threshold: str) -> None:
    assert given_2004(said).threshold == threshold


@pytest.mark.parametrize(
    ("rules", "passing"),
    [
        (RULES.replace("<imsss:minNormalizedMeasure>0.8</imsss:minNormalizedMeasure>", ""), "1"),
        (RULES.replace('satisfiedByMeasure="true"', 'satisfiedByMeasure="false"'), ""),
        (RULES.replace("primaryObjective", "objective"), ""),
        (RULES.replace("objectives", "other"), ""),
        (RULES.replace("0.8", "2"), ""),
        (RULES.replace("0.8", "-0.5"), "-0.5"),
    ],
)
def test_the_score_from_which_on_it_is_passed(rules: str, passing: str) -> None:
    assert given_2004(rules).passing == passing


@pytest.mark.parametrize("score", ["101", "-1", "eighty", "1e2", "", "NaN"])
def test_what_is_not_written_as_the_standard_says_is_left_out(score: str) -> None:
    said = (
        f"<adlcp:masteryscore>{score}</adlcp:masteryscore><adlcp:maxtimeallowed>30 min</adlcp:maxtimeallowed>"
        "<adlcp:timelimitaction>leave</adlcp:timelimitaction>"
    )
    assert given_12(said) == Given()
    assert given_2004(RULES.replace("PT30M", "P")).max_time == ""


def test_more_data_than_fits_is_cut() -> None:
    said = f"<adlcp:datafromlms>{'字' * (LONGEST_DATA + 1)}</adlcp:datafromlms>"
    assert given_12(said).launch_data == "字" * LONGEST_DATA
