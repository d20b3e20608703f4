"""A real OpenID provider in a process of its own (oidc-provider-mock: Flask and Authlib), made as strict as real ones.

It asks for PKCE, which the library leaves out, and answers wrongly where a test says how: ``PUT /test`` with the names
of what is wrong. ``GET /test`` tells what was asked of it.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

CLIENT_ID, CLIENT_SECRET = "fingertip", "a-secret-of-the-test"


class Provider:
    """``url``: where it stands. Whoever signs in there as ``sub`` has the claims of ``knows``."""

    def __init__(self, url: str) -> None:
        self.url = url

    def knows(self, sub: str, **claims: Any) -> None:
        assert requests.put(f"{self.url}/users/{sub}", json=claims, timeout=60).status_code == 204

    def goes_wrong(self, *how: str) -> None:
        requests.put(f"{self.url}/test", json=list(how), timeout=60).raise_for_status()

    def asked(self) -> list[dict[str, Any]]:
        """Return what the authorization and token endpoints were asked since the last time, in order."""
        found: list[dict[str, Any]] = requests.get(f"{self.url}/test", timeout=60).json()
        return found

    def visit(self, address: str, *, sub: str, agrees: bool = True) -> str:
        """Do what a person does there, and return the address that they are sent back to."""
        form = requests.get(address, timeout=60)
        assert form.status_code == 200, form.text
        data = {"sub": sub} if agrees else {"sub": sub, "action": "deny"}
        answer = requests.post(address, data=data, allow_redirects=False, timeout=60)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"])


@contextmanager
def provider() -> Iterator[Provider]:
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, env=environment, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield Provider(f"http://127.0.0.1:{int(line)}")
    finally:
        process.terminate()
        process.wait(60)


def serve() -> None:
    import flask
    from authlib import jose
    from oidc_provider_mock._app import app as make
    from werkzeug.serving import make_server

    app = make()
    challenges: dict[str, str] = {}
    asked: list[dict[str, Any]] = []
    wrong: set[str] = set()
    strangers_key = jose.JsonWebKey.generate_key("RSA", 2048, is_private=True)

    @app.put("/test")
    def change() -> Any:
        wrong.clear()
        wrong.update(flask.request.json)
        return "", 204

    @app.get("/test")
    def tell() -> Any:
        found = list(asked)
        asked.clear()
        return flask.jsonify(found)

    @app.before_request
    def before() -> Any:
        path = flask.request.path
        if path == "/test":
            return None
        if f"down {path}" in wrong:
            return "no", 503
        if f"silly {path}" in wrong:
            return "<html>", 200
        if f"list {path}" in wrong:
            return flask.jsonify([1])
        if f"strange {path}" in wrong:
            return flask.jsonify({"keys": [{"kty": "RSA", "alg": "none", "n": "AQAB", "e": "AQAB"}]})
        if f"moved {path}" in wrong and "moved" not in flask.request.args:
            return flask.redirect(f"{path}?moved", 307)
        if path == "/oauth2/authorize":
            asked.append({"path": path, **flask.request.args.to_dict()})
            if flask.request.args.get("code_challenge_method") != "S256":
                return "PKCE", 400
        if path == "/oauth2/token":
            form = flask.request.form
            asked.append({"path": path, **form.to_dict()})
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            expected = challenges.pop(form["code"], None)
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != expected:
                return flask.jsonify({"error": "invalid_grant"}), 400
        return None

    @app.after_request
    def after(answer: Any) -> Any:
        path = flask.request.path
        if path == "/oauth2/authorize" and answer.status_code == 302:
            code = parse_qs(urlsplit(answer.headers["Location"]).query).get("code")
            if code:
                challenges[code[0]] = flask.request.args["code_challenge"]
        if path == "/oauth2/token" and answer.status_code == 200 and wrong:
            answer.set_data(json.dumps(spoilt(answer.get_json())))
        if path == "/userinfo" and "others userinfo" in wrong:
            answer.set_data(json.dumps({**answer.get_json(), "sub": "somebody-else"}))
        return answer

    def spoilt(answer: dict[str, Any]) -> dict[str, Any]:
        head, body, _signature = answer["id_token"].split(".")
        header = json.loads(base64.urlsafe_b64decode(head + "=="))
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        if "no id_token" in wrong:
            return {name: value for name, value in answer.items() if name != "id_token"}
        changes = {
            "others audience": {"aud": "another-program"},
            "others issuer": {"iss": "https://evil.example"},
            "old": {"exp": int(time.time()) - 3600},
            "others azp": {"azp": "another-program"},
            "long sub": {"sub": "x" * 300},
            "others nonce": {"nonce": "of-another-sign-in"},
            "null nonce": {"nonce": None},
        }
        if "no nonce" in wrong:
            del claims["nonce"]
        for name, change in changes.items():
            if name in wrong:
                claims |= change
        if "unsigned" in wrong:
            plain = base64.urlsafe_b64encode(json.dumps({**header, "alg": "none"}).encode()).rstrip(b"=")
            return {**answer, "id_token": f"{plain.decode()}.{body}."}
        with app.test_request_context():
            from oidc_provider_mock._app import storage

            app.preprocess_request()
            key = strangers_key if "others signature" in wrong else storage.jwk
        signed = jose.jwt.encode(header, claims, key.as_dict(is_private=True))
        return {**answer, "id_token": signed.decode()}

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    serve()
