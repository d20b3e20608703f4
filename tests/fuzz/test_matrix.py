"""Every address x person x method, with the first branch's own things and with keys that nothing has.

The own things are a neighbour's foreign ones: half of the people stand outside the branch. Held: no answer of 500, and
nobody gets in, or reads a word of the branch, whom the table of addresses does not name.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpResponse

from tests.fuzz import values
from tests.fuzz.tally import SEED, Tally, some
from tests.trust import requests, urls
from tests.trust.test_urls import BACK_OFFICE, OTHERS, expected, outcome, wagtail_address
from tests.trust.urls import Row
from tests.trust.world import MARKS, World

pytestmark = [
    pytest.mark.integration,
    pytest.mark.fuzz,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
# Ends the session that all further requests of the person need; asked by its own tests.
LEAVES = ("logout", "password/", "sessions/")
# Before anybody asked whose it is: a body, a method, a protocol that is none; a link that is nobody's.
NOT_TAKEN = {400, 405, 410, 412, 413}
REFUSED = {"404", "401", "403", "sign-in"} | {str(status) for status in NOT_TAKEN}


def questions(chance: random.Random) -> str:
    names = chance.sample(values.QUESTIONS, 3)
    return "?" + "&".join(f"{name}={quote(chance.choice(values.TEXTS)[:2000])}" for name in names)


def keyed(row: Row, chance: random.Random) -> dict[str, Any]:
    """For every parameter of the address a key that nothing has."""
    names = requests.PARAMETER.findall(row.route)
    return {name: chance.choice(values.UUIDS if f"uuid:{name}" in row.route else values.KEYS) for name in names}


def status_of(answer: HttpResponse, route: str) -> str:
    if answer.status_code in NOT_TAKEN:
        return str(answer.status_code)
    if answer.status_code == 301 and answer["Location"].split("?")[0].endswith("/"):
        return "404"  # the same address with its slash is asked for next, and that is tried too
    return outcome(answer, route.startswith(BACK_OFFICE))


def own_cases() -> Iterator[tuple[Row, str, str]]:
    for row in urls.ROWS:
        if not any(word in row.route for word in LEAVES):
            for persona in urls.PERSONAS:
                for method in requests.METHODS:
                    yield row, persona, method


def read(answer: HttpResponse) -> list[str]:
    text = answer.content.decode("utf-8", "replace")
    return [mark for mark in MARKS if mark in text]


def judge(tally: Tally, row: Row, persona: str, method: str, url: str, answer: HttpResponse) -> None:
    got = status_of(answer, row.route)
    tally.count(answer.status_code)
    if answer.status_code >= 500:
        tally.broken[f"{persona} {method} {url[:160]}"] = answer.status_code
    elif method not in row.methods.split():
        if got not in REFUSED:
            tally.wrong[f"{persona} {method} {url[:160]}"] = f"{got}, this method is nobody's"
    elif persona not in row.who and (
        got not in expected(row, persona) | {str(status) for status in NOT_TAKEN} or read(answer)
    ):
        tally.wrong[f"{persona} {method} {url[:160]}"] = (got, read(answer))


def test_our_addresses_with_the_branchs_own_things(fuzzed: World, tally: Callable[[str], Tally]) -> None:
    chance, held = random.Random(SEED), tally("our addresses x person x method, own and foreign things")
    for row, persona, method in some(list(own_cases()), chance):
        url = requests.address(row, fuzzed, persona)
        judge(held, row, persona, method, url, fuzzed.ask(persona, method, url, **requests.body(row, method, fuzzed)))
    held.assert_held()


def test_our_addresses_with_nasty_questions_and_bodies(fuzzed: World, tally: Callable[[str], Tally]) -> None:
    chance, held = random.Random(SEED + 1), tally("our addresses x person x method, nasty questions and bodies")
    for row, persona, method in some(list(own_cases()), chance):
        url = requests.address(row, fuzzed, persona)
        url += questions(chance).replace("?", "&" if "?" in url else "?", 1)
        sent = {} if method in {"GET", "HEAD"} else chance.choice(values.BODIES)
        judge(held, row, persona, method, url, fuzzed.ask(persona, method, url, **sent))
    held.assert_held()


def test_our_addresses_with_keys_that_nothing_has(fuzzed: World, tally: Callable[[str], Tally]) -> None:
    """Whoever asks is told that nothing is there; nobody sees an error, and nobody anything else."""
    chance, held = random.Random(SEED + 2), tally("our addresses x person x method, impossible keys")
    for row, persona, method in some([case for case in own_cases() if "<" in case[0].route], chance):
        if row.route.startswith("m/"):
            continue
        url = requests.address(row, fuzzed, persona, **keyed(row, chance))
        answer = fuzzed.ask(persona, method, url, **requests.body(row, method, fuzzed))
        got = status_of(answer, row.route)
        held.count(answer.status_code)
        if answer.status_code >= 500:
            held.broken[f"{persona} {method} {url[:160]}"] = answer.status_code
        elif got not in REFUSED or read(answer):
            held.wrong[f"{persona} {method} {url[:160]}"] = (got, read(answer))
    held.assert_held()


def test_wagtails_addresses(fuzzed: World, tally: Callable[[str], Tally]) -> None:
    chance, held = (
        random.Random(SEED + 3),
        tally("Wagtail's addresses x person x method, own things and impossible keys"),
    )
    cases = [
        (route, persona, method, is_own)
        for route in OTHERS
        if not any(word in route for word in LEAVES)
        for persona in urls.PERSONAS
        for method in requests.METHODS
        for is_own in (True, False)
    ]
    for route, persona, method, is_own in some(cases, chance):
        key = chance.choice(values.KEYS)
        url = wagtail_address(route, fuzzed) if is_own else impossible(route, key)
        if chance.random() < 0.5:
            url += questions(chance)
        sent = {} if method in {"GET", "HEAD"} else chance.choice(values.BODIES)
        judge_third_party(held, fuzzed.ask(persona, method, url, **sent), route, persona, f"{method} {url[:160]}")
    held.assert_held()


def impossible(route: str, key: str) -> str:
    plain = requests.PARAMETER.sub(key, route)
    return "/" + plain.replace("^", "").replace("$", "").replace("\\", "").replace("(", "").replace(")", "")


def judge_third_party(tally: Tally, answer: HttpResponse, route: str, persona: str, what: str) -> None:
    tally.count(answer.status_code)
    rule = urls.rule_for(route)
    if answer.status_code >= 500:
        tally.broken[f"{persona} {what}"] = answer.status_code
        return
    got = status_of(answer, route)
    is_closed = rule is not None and rule.who == urls.NOBODY
    if is_closed and got not in REFUSED:
        tally.wrong[f"{persona} {what}"] = f"{got}, this address is nobody's"
    elif persona.startswith("neighbour") and read(answer):
        tally.wrong[f"{persona} {what}"] = read(answer)
