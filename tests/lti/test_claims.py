"""What a platform's addresses may be, and what of its message is read."""

from typing import Any

import pytest

from lti.core import claims
from lti.core.claims import DEEP, LTI, Refusal, UnableToLaunch

pytestmark = pytest.mark.unit
SAID = {
    "nonce": "n", "sub": "7", f"{LTI}deployment_id": "1", f"{LTI}version": "1.3.0",
    f"{LTI}message_type": "LtiResourceLinkRequest",
}  # fmt: skip
CHOICE = {
    f"{LTI}message_type": "LtiDeepLinkingRequest",
    f"{DEEP}deep_linking_settings": {
        "deep_link_return_url": "https://moodle.example.org/back", "accept_types": ["ltiResourceLink"], "data": "d",
    },
}  # fmt: skip


@pytest.mark.parametrize("address", ["https://moodle.example.org/a?b=c", "http://localhost:8080/", "http://[::1]/"])
def test_a_message_goes_there(address: str) -> None:
    assert claims.is_safe(address)


@pytest.mark.parametrize(
    "address",
    [
        None, 7, "", "x", "http://moodle.example.org/", "https://", "https://a b/", "https://a\n/", "https://u@a/",
        "https://a:99999/", "https://[::1/", "javascript:alert(1)", "//a/", "https://" + "a" * 2000,
    ],
)  # fmt: skip
def test_no_message_goes_there(address: object) -> None:
    assert not claims.is_safe(address)
    assert not isinstance(address, str) or claims.origin_of(address) == ""


def test_an_origin_goes_into_a_header_only_as_one() -> None:
    assert claims.origin_of("https://moodle.example.org:8443/a/b?c=d") == "https://moodle.example.org:8443"
    for odd in ("https://a;b.example/", "https://a,b.example/", "https://学习.example/"):
        assert claims.origin_of(odd) == ""


def test_a_message_is_read() -> None:
    asked = claims.read({**SAID, "phone_number": "1", "phone_number_verified": True}, nonce="n", deployments=["1"])
    assert (asked.sub, asked.phone, asked.target, asked.wants) == ("7", "1", "", None)
    wants = claims.read({**SAID, **CHOICE}, nonce="n", deployments=["1"]).wants
    assert wants == {"deployment": "1", "return_url": "https://moodle.example.org/back", "data": "d"}
    told = claims.answer(wants, client_id="c", issuer="i", nonce="m", now_s=1, items=[])
    assert (told["iss"], told["aud"], told["exp"], told[f"{DEEP}data"]) == ("c", "i", 301, "d")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"nonce": "m"}, Refusal.SIGNATURE), ({"nonce": 7}, Refusal.SIGNATURE),
        ({"nonce": "\ud800"}, Refusal.SIGNATURE),
        ({f"{LTI}deployment_id": "2"}, Refusal.DEPLOYMENT), ({f"{LTI}version": "1.2"}, Refusal.UNREADABLE),
        ({"sub": ""}, Refusal.NOBODY), ({"sub": "\0"}, Refusal.UNREADABLE), ({"sub": 7}, Refusal.UNREADABLE),
        ({**CHOICE, f"{DEEP}deep_linking_settings": []}, Refusal.UNREADABLE),
    ],
)  # fmt: skip
def test_a_message_that_is_not_right_opens_nothing(changed: dict[str, Any], why: Refusal) -> None:
    with pytest.raises(UnableToLaunch) as refused:
        claims.read({**SAID, **changed}, nonce="n", deployments=["1"])
    assert refused.value.why is why


@pytest.mark.parametrize(
    "changed",
    [
        {"deep_link_return_url": "http://a.example/"}, {"deep_link_return_url": "https://学习.example/"}, {"data": 7},
        {"data": "\0"}, {"data": "\ud800"}, {"accept_types": "link"}, {"accept_types": ["file"]},
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_answered_is_refused(changed: dict[str, Any]) -> None:
    settings = {**CHOICE[f"{DEEP}deep_linking_settings"], **changed}  # type: ignore[dict-item]
    with pytest.raises(UnableToLaunch) as refused:
        claims.read({**SAID, **CHOICE, f"{DEEP}deep_linking_settings": settings}, nonce="n", deployments=["1"])
    assert refused.value.why is Refusal.UNREADABLE
