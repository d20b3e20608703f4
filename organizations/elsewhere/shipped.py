"""钉钉 (DingTalk) and 飞书 (Feishu): allauth's own providers, with the number that they may vouch for."""

from typing import Any

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.dingtalk.provider import DingTalkProvider
from allauth.socialaccount.providers.dingtalk.views import DingTalkOAuth2Adapter
from allauth.socialaccount.providers.feishu.client import FeishuOAuth2Client
from allauth.socialaccount.providers.feishu.provider import FeishuProvider
from allauth.socialaccount.providers.feishu.views import FeishuOAuth2Adapter
from django.http import HttpRequest

from organizations.elsewhere.ours import OurAdapter


class OurProvider:
    """Before allauth's: nothing of what is told is kept. ``mobile`` is there where the program may read it; both give
    the number by which the account itself signs in, or which the organisation entered."""

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return {}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        phone = data.get("mobile")
        return {"phone": phone if isinstance(phone, str) else "", "phone_verified": True}


class DingtalkAdapter(OurAdapter, DingTalkOAuth2Adapter):
    """https://open.dingtalk.com/document/orgapp/obtain-identity-credentials"""


class Dingtalk(OurProvider, DingTalkProvider):
    oauth2_adapter_class = DingtalkAdapter

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """``mobile`` is a number within its country, which ``stateCode`` names: another's may look like one of ours."""
        is_ours = str(data.get("stateCode", "")).lstrip("+") == "86"
        return {**super().extract_common_fields(data), "phone_verified": is_ours}

    def get_default_scope(self) -> list[str]:
        return ["openid"]

    def get_auth_params(self) -> dict[str, str]:
        """DingTalk refuses to go on without."""
        return {"prompt": "consent"}


class FeishuAdapter(OurAdapter, FeishuOAuth2Adapter):
    """https://open.feishu.cn/document/common-capabilities/sso/web-application-sso/web-app-overview"""

    def get_client(self, request: HttpRequest, app: SocialApp) -> FeishuOAuth2Client:
        """As allauth's, but for the address to come back to."""
        return FeishuOAuth2Client(
            request,
            app.client_id,
            app.secret,
            self.access_token_method,
            self.access_token_url,
            self.get_callback_url(request, app),
        )


class Feishu(OurProvider, FeishuProvider):
    oauth2_adapter_class = FeishuAdapter
