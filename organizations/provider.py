"""The providers of accounts, in the place where allauth looks for an app's."""

from organizations.elsewhere.oidc import OidcProvider
from organizations.elsewhere.shipped import Dingtalk, Feishu
from organizations.elsewhere.wechat import WechatProvider
from organizations.elsewhere.wecom import WecomProvider

provider_classes = [OidcProvider, WecomProvider, Dingtalk, Feishu, WechatProvider]
