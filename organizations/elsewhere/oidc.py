"""Any OpenID provider: allauth's, with its signature always checked and a phone number that it may vouch for."""

import base64
import hashlib
from typing import Any
from urllib.parse import urlsplit

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from organizations.elsewhere.ours import OurAdapter, their_answer

# Never "none", and never a secret that both sides hold.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CLOCKS_DIFFER_S = 60
# As config/account_settings.py takes them for OIDC_SERVER: what goes there leaves the machine by no wire.
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
ENDPOINTS = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")


class OidcAdapter(OurAdapter, OpenIDConnectOAuth2Adapter):
    """The code flow with PKCE against what the provider's discovery names."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return the discovery document. Raises RequestException, OAuth2Error."""
        with their_answer():
            config: dict[str, Any] = super().openid_config
            for name in ENDPOINTS:
                if name == "userinfo_endpoint" and name not in config:
                    continue
                if not is_safe(config[name]):
                    raise OAuth2Error(f"{name} is no https address")
        return config

    def get_access_token_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self.nonce = nonce_of(kwargs["pkce_code_verifier"])
        return super().get_access_token_data(*args, **kwargs)

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> Any:
        with their_answer():
            data = {"id_token": self._decode_id_token(app, kwargs["response"]["id_token"])}
            if not constant_time_compare(data["id_token"]["nonce"], self.nonce):
                raise OAuth2Error("the id_token is of another sign-in")
            if "userinfo_endpoint" in self.openid_config:
                data["userinfo"] = self._fetch_user_info(token.token)
                if data["userinfo"]["sub"] != data["id_token"]["sub"]:
                    raise OAuth2Error("userinfo is somebody else's")  # OpenID Connect Core 1.0, 5.3.2
            return self.get_provider().sociallogin_from_response(request, data)

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        """Return the claims, their signature, issuer, audience and time checked (OpenID Connect Core 1.0, 3.1.3.7).

        allauth leaves the signature out where the token came by TLS; here a provider may be one in the own network.
        """
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            known = answer.json()
        try:
            kid = jwt.get_unverified_header(id_token).get("kid")
            keys = [key for key in jwt.PyJWKSet.from_dict(known).keys if kid in (None, key.key_id)]
            if len(keys) != 1:
                raise OAuth2Error("the id_token names no key, or one that is not there")
            claims: dict[str, Any] = jwt.decode(
                id_token,
                keys[0],
                algorithms=ALGORITHMS,
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=CLOCKS_DIFFER_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as error:
            raise OAuth2Error(f"id_token refused: {type(error).__name__}") from error
        if claims.get("azp", app.client_id) != app.client_id:
            raise OAuth2Error("the id_token is for another program")
        return claims


def is_safe(address: str) -> bool:
    """Whether a token may travel to an address: by https, or by http to this very machine."""
    parts = urlsplit(address)
    is_here = parts.scheme == "http" and parts.hostname in THIS_MACHINE
    return bool(parts.hostname) and (parts.scheme == "https" or is_here)


def nonce_of(verifier: str) -> str:
    """Return the nonce of a sign-in (OpenID Connect Core 1.0, 3.1.2.1 and 15.5.2), made of its PKCE verifier.

    allauth keeps the verifier in the session, with the state, and has no place for more. Whoever sees the nonce learns
    nothing of the verifier, and the code challenge, which is seen as well, is another digest of it.
    """
    return base64.urlsafe_b64encode(hashlib.sha256(f"nonce {verifier}".encode()).digest()).rstrip(b"=").decode()


class OidcProvider(OpenIDConnectProvider):
    oauth2_adapter_class = OidcAdapter
    pkce_enabled_default = True

    def get_pkce_params(self) -> dict[str, str]:
        """What is made anew for each sign-in: allauth's, and the nonce that its id_token has to bear."""
        made: dict[str, str] = super().get_pkce_params()
        return {**made, "nonce": nonce_of(made["code_verifier"])}

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the account's name. Raises ValueError for a claim that names nobody: a null would be everybody's."""
        claims = data.get("userinfo") or data["id_token"]
        uid = claims.get(self.app.settings.get("uid_field", "sub"))
        if not isinstance(uid, str) or not uid.strip() or not uid.isprintable():
            raise ValueError("the claim that names the account is empty")
        return uid

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing of it is kept."""
        return {}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        return []

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """The number, and whether the provider says that it is verified: a JSON true, or the word as some write it."""
        claims = data.get("userinfo") or data["id_token"]
        phone = claims.get("phone_number")
        is_verified = claims.get("phone_number_verified") in (True, "true")
        return {"phone": phone if isinstance(phone, str) else "", "phone_verified": is_verified}
