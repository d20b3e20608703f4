"""企业微信 (WeCom), written against allauth's OAuth 2 base: it is near OAuth, and is documented in its own words.

Sign-in inside WeChat or WeCom: https://developer.work.weixin.qq.com/document/path/91022; in any other browser, by a
code to scan: /path/98152; who it is: /path/91023; the phone number, for whoever agreed: /path/95833; the program's own
token, which may be asked for seldom: /path/91039.
"""

from typing import Any
from urllib.parse import urlencode

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from organizations.adapters_elsewhere import tell
from organizations.core import phones
from organizations.elsewhere.ours import OurAdapter
from organizations.sentences import accounts as sentences

INSIDE = "https://open.weixin.qq.com/connect/oauth2/authorize"
TO_SCAN = "https://login.work.weixin.qq.com/wwlogin/sso/login"
# The browsers of WeChat and of WeCom both say so.
INSIDE_SIGN = "MicroMessenger"
TOKEN_IS_OVER = {40014, 42001}
NEW_BEFORE_S = 300


class WecomClient(OAuth2Client):
    agent_id = ""

    def get_redirect_url(self, authorization_url: str, scope: list[str], extra_params: dict[str, str]) -> str:
        """In the documented order: WeChat does not take another."""
        if authorization_url == INSIDE:
            asked = {
                "appid": self.consumer_key,
                "redirect_uri": self.callback_url,
                "response_type": "code",
                "scope": scope[0],
                "state": self.state,
                "agentid": self.agent_id,
            }
            return f"{INSIDE}?{urlencode(asked)}#wechat_redirect"
        asked = {
            "login_type": "CorpApp",
            "appid": self.consumer_key,
            "agentid": self.agent_id,
            "redirect_uri": self.callback_url,
            "state": self.state,
        }
        return f"{TO_SCAN}?{urlencode(asked)}"


class WecomFlow(OAuth2Adapter):
    provider_id = "wecom"
    access_token_url = ""
    client_class = WecomClient

    @property
    def authorize_url(self) -> str:
        return INSIDE if INSIDE_SIGN in self.request.META.get("HTTP_USER_AGENT", "") else TO_SCAN

    def get_client(self, request: HttpRequest, app: SocialApp) -> WecomClient:
        client: WecomClient = super().get_client(request, app)
        client.agent_id = app.settings["agent_id"]
        return client

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: WecomClient, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        """The program's own token: of nobody, good for two hours, kept sealed until shortly before its end."""
        return {"access_token": _program_token(app)}

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        who = _asked_with_token(app, token.token, "auth/getuserinfo", {"code": request.GET["code"]})
        if "userid" not in who:
            raise ImmediateHttpResponse(tell(request, sentences.not_a_member(name=app.name)))
        details = {}
        if app.settings["trusts_phone"] and who.get("user_ticket"):
            body = {"user_ticket": who["user_ticket"]}
            details = _asked_with_token(app, token.token, "auth/getuserdetail", {}, body)
        said = {"userid": who["userid"], "mobile": details.get("mobile")}
        return self.get_provider().sociallogin_from_response(request, said)


class WecomAdapter(OurAdapter, WecomFlow):
    """As above, with what all providers share."""


class WecomProvider(OAuth2Provider):
    id = "wecom"
    name = "企业微信"
    account_class = ProviderAccount
    oauth2_adapter_class = WecomAdapter

    def get_default_scope(self) -> list[str]:
        """The number, which whoever signs in has to agree to, only where it is believed."""
        return ["snsapi_privateinfo" if self.app.settings["trusts_phone"] else "snsapi_base"]

    def extract_uid(self, data: dict[str, Any]) -> str:
        uid: str = data["userid"]
        return uid

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing of it is kept."""
        return {}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """What WeCom gives is what the organisation entered or its member confirmed there."""
        phone = data["mobile"]
        return {"phone": phone if isinstance(phone, str) else "", "phone_verified": True}


def _program_token(app: SocialApp, *, fresh: bool = False) -> str:
    key = f"wecom-token-{app.client_id}-{app.settings['agent_id']}"
    kept = None if fresh else _unsealed(cache.get(key))
    if kept is not None:
        return kept
    answer = _asked(app, "gettoken", {"corpid": app.client_id, "corpsecret": app.secret})
    token: str = answer["access_token"]
    lasts_s = int(answer["expires_in"]) - NEW_BEFORE_S
    if lasts_s > 0:
        cache.set(key, phones.seal(settings.PHONE_KEY, token.encode()), lasts_s)
    return token


def _unsealed(kept: bytes | None) -> str | None:
    """Return the token; None where there is none, and where another key (PHONE_KEY was changed) sealed it."""
    try:
        return None if kept is None else phones.unseal(settings.PHONE_KEY, kept).decode()
    except phones.UnableToDecrypt:
        return None


def _asked_with_token(
    app: SocialApp, token: str, what: str, query: dict[str, str], body: dict[str, str] | None = None
) -> dict[str, Any]:
    """As ``_asked``; a token that another process made void meanwhile is asked for anew, once."""
    try:
        return _asked(app, what, {"access_token": token, **query}, body)
    except TokenIsOver:
        return _asked(app, what, {"access_token": _program_token(app, fresh=True), **query}, body)


class TokenIsOver(OAuth2Error):
    """WeCom takes the program's token no more."""


def _asked(app: SocialApp, what: str, query: dict[str, str], body: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what WeCom answers. Raises RequestException, TokenIsOver, OAuth2Error with its error's number alone."""
    address = f"{app.settings['endpoint']}/cgi-bin/{what}"
    with get_adapter().get_requests_session() as session:
        answer = session.request("POST" if body else "GET", address, params=query, json=body)
        answer.raise_for_status()
        data: dict[str, Any] = answer.json()
    code = data.get("errcode", 0)
    if code in TOKEN_IS_OVER:
        raise TokenIsOver(f"errcode {code}")
    if code != 0:
        raise OAuth2Error(f"{what}: errcode {code}")
    return data
