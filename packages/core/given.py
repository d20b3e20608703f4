"""What a manifest gives a package's run-time to begin with, and by what the package is to be judged. Pure.

SCORM 1.2 CAM 2.3.2 (``adlcp:masteryscore``, ``datafromlms``, ``maxtimeallowed``, ``timelimitaction``); SCORM 2004 CAM
3.4.1 and 5.1 (``adlcp:dataFromLMS``, ``timeLimitAction``, ``completionThreshold`` and ``imsss:sequencing``). What is
written in another way than the standard's is left out: the package plays without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LONGEST_DATA = 64_000
"""Signs. SCORM 1.2 asks for 4096, 2004 for 4000; what is longer is cut there."""
_NUMBER = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,7})?")
_CLOCK = re.compile(r"[0-9]{2,4}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,2})?")
_DURATION = re.compile(
    r"P(?=.)([0-9]{1,4}Y)?([0-9]{1,4}M)?([0-9]{1,4}D)?(T(?=.)([0-9]{1,6}H)?([0-9]{1,6}M)?([0-9]{1,6}(\.[0-9]{1,2})?S)?)?"
)
_AT_LIMIT = frozenset({"exit,message", "exit,no message", "continue,message", "continue,no message"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Words as the run-time takes them; "" is nothing said.

    ``passing``: from which score on it is passed, of 100 (1.2) or of 1 (2004). ``threshold``: from which share of 1 on
    it is completed (2004). ``completes``: the package says itself that it is completed; else it is as it ends (2004).
    """

    launch_data: str = ""
    passing: str = ""
    threshold: str = ""
    max_time: str = ""
    at_limit: str = ""
    completes: bool = False


NOTHING = Given()


def local(name: Any) -> str:
    """Return the name of an element or attribute without its namespace."""
    return str(name).rpartition("}")[2].lower()


def children(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element if local(child.tag) == name)


def attribute(element: Any, name: str) -> str:
    return next((value.strip() for key, value in element.attrib.items() if local(key) == name), "")


def given_12(item: Any) -> Given:
    """Return what an item of a SCORM 1.2 manifest gives."""
    return Given(
        launch_data=_data(item),
        passing=_number(_text(item, "masteryscore"), 0, 100),
        max_time=_fitting(_CLOCK, _text(item, "maxtimeallowed")),
        at_limit=_at_limit(item),
    )


def given_2004(root: Any, item: Any) -> Given:
    """Return what an item of a SCORM 2004 manifest gives; its sequencing may stand in the manifest's collection."""
    rules = list(_sequencings(root, item))
    limits = _first(rules, "limitconditions")
    delivery = _first(rules, "deliverycontrols")
    return Given(
        launch_data=_data(item),
        passing=_passing(rules),
        threshold=_threshold(item),
        max_time=_fitting(_DURATION, "" if limits is None else attribute(limits, "attemptabsolutedurationlimit")),
        at_limit=_at_limit(item),
        completes=delivery is not None and _is_true(attribute(delivery, "completionsetbycontent")),
    )


def _sequencings(root: Any, item: Any) -> Iterator[Any]:
    """Give the item's own rules, then those that it names: what it says itself counts first."""
    own = next(children(item, "sequencing"), None)
    if own is None:
        return
    yield own
    named = attribute(own, "idref")
    for collection in children(root, "sequencingcollection") if named else ():
        yield from (one for one in children(collection, "sequencing") if attribute(one, "id") == named)


def _first(rules: list[Any], name: str) -> Any:
    return next((one for rule in rules for one in children(rule, name)), None)


def _passing(rules: list[Any]) -> str:
    objectives = _first(rules, "objectives")
    primary = None if objectives is None else next(children(objectives, "primaryobjective"), None)
    if primary is None or not _is_true(attribute(primary, "satisfiedbymeasure")):
        return ""
    return _number(_text(primary, "minnormalizedmeasure") or "1", -1, 1)


def _threshold(item: Any) -> str:
    """The fourth edition has attributes, those before it a number."""
    element = next(children(item, "completionthreshold"), None)
    if element is None:
        return ""
    by = attribute(element, "completedbymeasure")
    if by:
        return _number(attribute(element, "minprogressmeasure") or "1", 0, 1) if _is_true(by) else ""
    return _number(_text(item, "completionthreshold"), 0, 1)


def _data(item: Any) -> str:
    return _text(item, "datafromlms")[:LONGEST_DATA]


def _at_limit(item: Any) -> str:
    said = re.sub(r"\s*,\s*", ",", " ".join(_text(item, "timelimitaction").lower().split()))
    return said if said in _AT_LIMIT else ""


def _text(element: Any, name: str) -> str:
    found = next(children(element, name), None)
    return "" if found is None else (found.text or "").strip()


def _number(said: str, low: float, high: float) -> str:
    return said if _NUMBER.fullmatch(said) and low <= float(said) <= high else ""


def _fitting(shape: re.Pattern[str], said: str) -> str:
    return said if shape.fullmatch(said) else ""


def _is_true(said: str) -> bool:
    return said.lower() in ("true", "1")
