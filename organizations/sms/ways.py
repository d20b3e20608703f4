"""The ways out that need no Python: a gateway by template, Alibaba Cloud and Tencent Cloud."""

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from django.utils import timezone

from organizations.core import gateway, signing
from organizations.core.gateway import ANYTHING_BRACED
from organizations.sms import wire
from organizations.sms.answers import Sent, UnableToSendSms

# What a provider says about one number, while other messages go out.
ALIYUN_ABOUT_NUMBER = frozenset(
    {
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.BUSINESS_LIMIT_CONTROL",
        "isv.MOBILE_COUNT_OVER_LIMIT",
        "isv.BLACK_KEY_CONTROL_LIMIT",
    }
)
TENCENT_ABOUT_NUMBER = (
    "InvalidParameterValue.IncorrectPhoneNumber",
    "FailedOperation.PhoneNumberInBlacklist",
    "LimitExceeded.PhoneNumber",
    "UnsupportedOperation.PhoneNumber",
)


# Something between here and the gateway gave up: what the gateway did is not known.
BETWEEN = (502, 504)
# How a reminder is said: in words of one's own, by an approved template, or not at all.
Says = Literal["text", "template", ""]


@dataclass(frozen=True)
class HttpWay:
    """A gateway that takes one HTTP request a message, written as a template in settings."""

    url: str
    method: str
    headers: Mapping[str, str]
    body: str
    success: gateway.Success
    secret: str
    message_id: tuple[str, ...] = ()
    """Where in the JSON of its answer the gateway names the message; receipts call it by that name."""
    reaches_phones = True

    @classmethod
    def from_settings(cls, given: Mapping[str, str]) -> "HttpWay":
        return cls(
            given["URL"],
            given["METHOD"],
            gateway.read_headers(given["HEADERS"]),
            given["BODY"],
            gateway.read_success(given["SUCCESS"]),
            given["SECRET"],
            gateway.read_path(given.get("MESSAGE_ID", "")),
        )

    @property
    def says(self) -> Says:
        return "text" if "{text}" in self.url + self.body else ""

    def send(self, *, phone: str, text: str) -> Sent:
        return self.send_code(phone=phone, code="", text=text)

    def send_reminder(self, *, phone: str, text: str, values: Mapping[str, str]) -> Sent:
        return self.send(phone=phone, text=text)

    def send_code(self, *, phone: str, code: str, text: str) -> Sent:
        values = {"phone": phone, "mobile": gateway.mobile_of(phone), "code": code, "text": text, "secret": self.secret}
        headers = {name: gateway.fill(value, values, gateway.as_it_is) for name, value in self.headers.items()}
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        body = gateway.fill(self.body, values, gateway.escaping_of(kind)).encode() if self.body else None
        url = gateway.fill(self.url, values, gateway.in_url)
        reply = wire.ask(url=url, method=self.method, headers=headers, body=body)
        hidden = (phone, values["mobile"], code, text, self.secret)
        request_id = gateway.plain_word(reply.request_id, hidden=hidden)
        answer = gateway.without_secrets(reply.text, hidden=hidden)
        if gateway.is_taken(self.success, status=reply.status, answer=reply.text):
            named = gateway.value_at(self.message_id, reply.text) if self.message_id else ""
            return Sent(request_id, answer, gateway.message_id(named, hidden=hidden[:2]))
        found = gateway.value_at(self.success.path, reply.text) if self.success.path else ""
        word = gateway.plain_word(found or "", hidden=hidden)
        raise UnableToSendSms(
            f"HTTP {reply.status}, not taken",
            code=word,
            request_id=request_id,
            answer=answer or f"HTTP {reply.status}",
            unsure=reply.status in BETWEEN,
        )


@dataclass(frozen=True)
class Account:
    """What both providers ask for. ``parameters``: what the template gets; ``{code}`` in them is the code.

    ``reminder``: another template and its parameters, for reminders; none: this account sends codes alone.
    """

    endpoint: str
    key_id: str
    key_secret: str
    sign: str
    template: str
    parameters: tuple[str, ...]
    app_id: str = ""
    region: str = ""
    reminder: str = ""
    reminder_parameters: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint).netloc

    @classmethod
    def from_settings(cls, given: Mapping[str, str]) -> "Account":
        return cls(
            endpoint=given["ENDPOINT"].rstrip("/"),
            key_id=given["KEY_ID"],
            key_secret=given["KEY_SECRET"],
            sign=given["SIGN"],
            template=given["TEMPLATE"],
            parameters=tuple(one.strip() for one in given["PARAMETERS"].split(",")),
            app_id=given["APP_ID"],
            region=given["REGION"],
            reminder=given.get("REMINDER_TEMPLATE", ""),
            reminder_parameters=tuple(one.strip() for one in given.get("REMINDER_PARAMETERS", "").split(",")),
        )

    def for_reminders(self) -> "Account":
        """The same account with the template of reminders."""
        return replace(self, template=self.reminder, parameters=self.reminder_parameters)

    def values(self, placed: Mapping[str, str]) -> list[str]:
        return [ANYTHING_BRACED.sub(lambda found: placed.get(found[1], found[0]), one) for one in self.parameters]

    def named_values(self, placed: Mapping[str, str]) -> dict[str, str]:
        names = [one.partition("=")[0] for one in self.parameters]
        return dict(zip(names, (one.partition("=")[2] for one in self.values(placed)), strict=True))


@dataclass(frozen=True)
class _TemplateWay:
    """A provider whose approved template gets the code alone; a second one says reminders."""

    account: Account
    reaches_phones = True

    @classmethod
    def from_settings(cls, given: Mapping[str, str]) -> "Any":
        return cls(Account.from_settings(given))

    def send(self, *, phone: str, text: str) -> Sent:
        raise UnableToSendSms("this provider sends codes by its template, no other text")

    @property
    def says(self) -> Says:
        return "template" if self.account.reminder else ""

    def send_code(self, *, phone: str, code: str, text: str) -> Sent:
        return self._send(self.account, phone, {"code": code})

    def send_reminder(self, *, phone: str, text: str, values: Mapping[str, str]) -> Sent:
        return self._send(self.account.for_reminders(), phone, values)

    def _send(self, account: Account, phone: str, placed: Mapping[str, str]) -> Sent:
        raise NotImplementedError

    def _ask(
        self, *, url: str, headers: Mapping[str, str], body: bytes, phone: str, placed: Mapping[str, str]
    ) -> tuple[Any, tuple[str, ...]]:
        """The answer's JSON object (empty where it is none), and what nobody may see of the request."""
        hidden = (phone, gateway.mobile_of(phone), *placed.values(), self.account.key_secret)
        reply = wire.ask(url=url, method="POST", headers=headers, body=body)
        try:
            found = json.loads(reply.text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            answer = gateway.without_secrets(reply.text, hidden=hidden)
            why = f"HTTP {reply.status}, an answer that is no JSON object"
            raise UnableToSendSms(why, answer=answer, unsure=True)
        return found, hidden


class AliyunWay(_TemplateWay):
    """SendSms of Alibaba Cloud's dysmsapi 2017-05-25, signed by ACS3-HMAC-SHA256."""

    def _send(self, account: Account, phone: str, placed: Mapping[str, str]) -> Sent:
        query = signing.canonical_query(
            {
                "PhoneNumbers": gateway.mobile_of(phone),
                "SignName": account.sign,
                "TemplateCode": account.template,
                "TemplateParam": json.dumps(account.named_values(placed), separators=(",", ":")),
            }
        )
        headers = signing.acs3_headers(
            host=account.host,
            action="SendSms",
            version="2017-05-25",
            query=query,
            body=b"",
            key_id=account.key_id,
            key_secret=account.key_secret,
            at=timezone.now().astimezone(dt.UTC),
            nonce=secrets.token_hex(16),
        )
        found, hidden = self._ask(
            url=f"{account.endpoint}/?{query}",
            headers={**headers, "accept": "application/json"},
            body=b"",
            phone=phone,
            placed=placed,
        )
        request_id = gateway.plain_word(found.get("RequestId"), hidden=hidden)
        answer = gateway.without_secrets(found.get("Message"), hidden=hidden)
        word = gateway.plain_word(found.get("Code"), hidden=hidden)
        if word == "OK":
            return Sent(request_id, answer, gateway.message_id(found.get("BizId"), hidden=hidden[:2]))
        raise UnableToSendSms(
            "Alibaba Cloud did not take it",
            code=word,
            request_id=request_id,
            answer=answer,
            about_number=word in ALIYUN_ABOUT_NUMBER,
        )


class TencentWay(_TemplateWay):
    """SendSms of Tencent Cloud's sms 2021-01-11, signed by TC3-HMAC-SHA256."""

    def _send(self, account: Account, phone: str, placed: Mapping[str, str]) -> Sent:
        body = json.dumps(
            {
                "PhoneNumberSet": [phone],
                "SmsSdkAppId": account.app_id,
                "SignName": account.sign,
                "TemplateId": account.template,
                "TemplateParamSet": account.values(placed),
            }
        ).encode()
        headers = signing.tc3_headers(
            host=account.host,
            action="SendSms",
            version="2021-01-11",
            region=account.region,
            body=body,
            key_id=account.key_id,
            key_secret=account.key_secret,
            at=timezone.now(),
        )
        found, hidden = self._ask(url=f"{account.endpoint}/", headers=headers, body=body, phone=phone, placed=placed)
        response = found.get("Response")
        said = response if isinstance(response, dict) else {}
        request_id = gateway.plain_word(said.get("RequestId"), hidden=hidden)
        statuses = said.get("SendStatusSet")
        one = statuses[0] if isinstance(statuses, list) and statuses and isinstance(statuses[0], dict) else {}
        error = said.get("Error")
        failed: dict[str, Any] = error if isinstance(error, dict) else one
        word = gateway.plain_word(failed.get("Code"), hidden=hidden)
        answer = gateway.without_secrets(failed.get("Message"), hidden=hidden)
        if word == "Ok" and failed is one:
            return Sent(request_id, answer, gateway.message_id(one.get("SerialNo"), hidden=hidden[:2]))
        raise UnableToSendSms(
            "Tencent Cloud did not take it",
            code=word,
            request_id=request_id,
            answer=answer,
            about_number=word.startswith(TENCENT_ABOUT_NUMBER),
        )
