"""微信 (WeChat): allauth's own provider, once for each of WeChat's two kinds of program, whose accounts are the same.

Inside WeChat's browser by a service account (服务号), https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/
Wechat_webpage_authorization.html; in any other by a website of the open platform (网站应用) and a code to scan,
https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html. Each knows somebody by
another ``openid``; ``unionid`` is the same in all programs of one open-platform account. No number is ever told.
"""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.weixin.client import WeixinOAuth2Client
from allauth.socialaccount.providers.weixin.provider import WeixinProvider
from allauth.socialaccount.providers.weixin.views import WeixinOAuth2Adapter
from django.http import HttpRequest

from organizations.adapters_elsewhere import tell
from organizations.elsewhere.ours import OurAdapter, TheirError, their_answer
from organizations.sentences import accounts as sentences

AUTHORIZE = {
    "inside": "https://open.weixin.qq.com/connect/oauth2/authorize",
    "outside": "https://open.weixin.qq.com/connect/qrconnect",
}
# https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html: the code is over, was used,
# or is none; WeChat is busy, or was asked too often. Any other: its keys or rights are not as they should be.
CODE_IS_OVER = {40029, 40163, 42003}
BUSY = {-1, 45009, 45011}


class WechatClient(WeixinOAuth2Client):
    def get_redirect_url(self, authorization_url: str, scope: list[str], extra_params: dict[str, str]) -> str:
        """allauth's order of parameters is the one that WeChat documents; without the last word it goes nowhere."""
        return f"{super().get_redirect_url(authorization_url, scope, extra_params)}#wechat_redirect"

    def get_access_token(self, code: str, pkce_code_verifier: str | None = None) -> dict[str, Any]:
        asked = {"appid": self.consumer_key, "secret": self.consumer_secret, "code": code}
        return _asked(self.access_token_url, {**asked, "grant_type": "authorization_code"})


class WechatFlow(WeixinOAuth2Adapter):
    client_class = WechatClient

    def __init__(self, request: HttpRequest, provider: "WechatProvider") -> None:
        super().__init__(request)
        self.provider = provider

    def get_provider(self) -> "WechatProvider":
        """allauth would look it up by its kind, of which there are two."""
        return self.provider

    @property
    def access_token_url(self) -> str:
        return f"{self.provider.app.settings['endpoint']}/sns/oauth2/access_token"

    @property
    def profile_url(self) -> str:
        return f"{self.provider.app.settings['endpoint']}/sns/userinfo"

    @property
    def authorize_url(self) -> str:
        return AUTHORIZE[self.provider.app.settings["where"]]

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """Whose account it is stands in the answer with the token; name and picture are not asked for.

        Raises TheirError where the two programs are to know the same accounts and WeChat names none in common.
        """
        told = kwargs["response"]
        if told.get("is_snapshotuser") == 1:  # a preview of the page, with an account of nobody's
            raise ImmediateHttpResponse(tell(request, sentences.only_a_preview(name=app.name)))
        uid = told["openid"]
        if app.settings["is_joined"]:
            uid = told.get("unionid") or _asked(self.profile_url, _of(token, uid)).get("unionid")
            if not uid:
                raise TheirError(sentences.SETUP, "no unionid")
        known_as = told["openid"] if app.settings["where"] == "inside" and uid != told["openid"] else ""
        return self.provider.sociallogin_from_response(request, {"uid": uid, "known_as": known_as})


class WechatAdapter(OurAdapter, WechatFlow):
    """As above, with what all providers share."""


class WechatProvider(WeixinProvider):
    name = "微信"
    oauth2_adapter_class = WechatAdapter
    refuses_silently = True  # whoever says no comes back with neither a code nor an error

    def get_oauth2_adapter(self, request: HttpRequest) -> WechatAdapter:
        return WechatAdapter(request, self)

    def sociallogin_from_response(self, request: HttpRequest, response: dict[str, Any]) -> SocialLogin:
        """``known_as``: what the account was called while the service account stood alone; "" where it is the same."""
        found = super().sociallogin_from_response(request, response)
        found.known_as = response["known_as"]
        return found

    def extract_uid(self, data: dict[str, Any]) -> str:
        uid = data["uid"]
        if not isinstance(uid, str) or not uid.isascii() or not uid.isprintable():
            raise ValueError("no name of an account")
        return uid

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing of it is kept."""
        return {}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {}


def _of(token: SocialToken, openid: str) -> dict[str, str]:
    return {"access_token": token.token, "openid": openid}


def _asked(address: str, query: dict[str, str]) -> dict[str, Any]:
    """Return what WeChat answers: JSON, whatever it calls it, and 200 also where it refuses.

    Raises RequestException, TheirError with the error's number alone, OAuth2Error for what is no answer at all.
    """
    with get_adapter().get_requests_session() as session, their_answer():
        answer = session.get(address, params=query)
        answer.raise_for_status()
        data: dict[str, Any] = answer.json()
        code = int(data.get("errcode", 0))
    if code in CODE_IS_OVER:
        raise TheirError(sentences.OVER, str(code))
    if code:
        raise TheirError(sentences.AWAY if code in BUSY else sentences.SETUP, str(code))
    return data
