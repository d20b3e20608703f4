"""A learning platform that speaks LTI 1.3 over real HTTP, in a process of its own (Flask, and joserfc for its tokens).

It answers wrongly where a test says how: ``PUT /test`` with ``wrong`` (names) and ``claims`` (added to each token; null
takes one away). ``PUT /rotate`` gives it another key. ``GET /test`` tells how often its keys were asked for.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import requests

CLIENT_ID, DEPLOYMENT = "tool-7", "1"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP = "https://purl.imsglobal.org/spec/lti-dl/claim/"


class Form(HTMLParser):
    """The one form of a page: ``action`` and ``fields``."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        elif tag == "input":
            self.fields[found["name"]] = found["value"]


class LearningPlatform:
    """``url``: where it stands, and its issuer."""

    def __init__(self, url: str) -> None:
        self.url = url

    def says(self, *wrong: str, **claims: Any) -> None:
        requests.put(f"{self.url}/test", json={"wrong": wrong, "claims": claims}, timeout=60).raise_for_status()

    def rotates(self) -> None:
        requests.put(f"{self.url}/rotate", timeout=60).raise_for_status()

    def keys_asked(self) -> int:
        return int(requests.get(f"{self.url}/test", timeout=60).json())

    def visit(self, address: str) -> Form:
        """Follow the redirect of the tool, signed in there, and return the form that the browser would send back."""
        answer = requests.get(address, timeout=60)
        assert answer.status_code == 200, answer.text
        return Form(answer.text)


@contextmanager
def learning_platform() -> Iterator[LearningPlatform]:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, env=environment, text=True)
    try:
        assert process.stdout is not None
        yield LearningPlatform(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.terminate()
        process.wait(60)


def serve() -> None:
    import flask
    from joserfc import jwk, jwt
    from werkzeug.serving import make_server

    app = flask.Flask(__name__)
    wrong: set[str] = set()
    more: dict[str, Any] = {}
    asked: list[str] = []

    def new_key() -> Any:
        return jwk.RSAKey.generate_key(2048, {"kid": f"k{time.monotonic_ns()}"})

    keys = [new_key()]
    strangers_key = new_key()

    @app.put("/test")
    def change() -> Any:
        said = flask.request.json
        wrong.clear()
        wrong.update(said["wrong"])
        more.clear()
        more.update(said["claims"])
        asked.clear()
        return "", 204

    @app.get("/test")
    def tell() -> Any:
        return flask.jsonify(len(asked))

    @app.put("/rotate")
    def rotate() -> Any:
        keys[:] = [new_key()]
        return "", 204

    @app.get("/jwks")
    def jwks() -> Any:
        asked.append("jwks")
        if "keys away" in wrong:
            return "no", 503
        if "keys silly" in wrong:
            return "<html>"
        if "keys none" in wrong:
            return flask.jsonify({"keys": [{**keys[0].as_dict(), "alg": "none"}]})
        if "keys huge" in wrong:
            return flask.jsonify({"keys": [], "more": "x" * 300_000})
        return flask.jsonify({"keys": [{**key.as_dict(), "alg": "RS256", "use": "sig"} for key in keys]})

    @app.get("/auth")
    def auth() -> Any:
        sent = flask.request.args
        needed = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
        if any(sent.get(name) != value for name, value in needed.items()) or sent.get("client_id") != CLIENT_ID:
            return "what was asked is not LTI", 400
        if not sent.get("nonce") or not sent.get("state") or not sent["redirect_uri"].endswith("/lti/launch/"):
            return "what was asked is not LTI", 400
        if "says no" in wrong:
            return page(sent["redirect_uri"], {"error": "login_required", "state": sent["state"]})
        return page(sent["redirect_uri"], {"id_token": token(sent), "state": sent["state"]})

    def page(action: str, fields: dict[str, str]) -> Any:
        inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
        return f'<form method="post" action="{action}">{inputs}</form>'

    def token(sent: Any) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": flask.request.url_root.rstrip("/"), "aud": CLIENT_ID, "sub": sent["login_hint"], "iat": now,
            "exp": now + 60, "nonce": sent["nonce"], f"{LTI}deployment_id": DEPLOYMENT, f"{LTI}version": "1.3.0",
            f"{LTI}message_type": "LtiResourceLinkRequest", f"{LTI}target_link_uri": sent.get("lti_message_hint", ""),
        }  # fmt: skip
        claims |= {
            name: value
            for how, name, value in (
                ("audience", "aud", "another-tool"), ("issuer", "iss", "https://evil.example"), ("nonce", "nonce", "x"),
                ("expired", "exp", now - 3600), ("future", "iat", now + 3600),
            )
            if how in wrong
        }  # fmt: skip
        claims = {name: value for name, value in {**claims, **more}.items() if value is not None}
        key = strangers_key if "foreign key" in wrong else keys[0]
        header = {"alg": "RS256", "kid": keys[0].kid if "foreign key" in wrong else key.kid}
        signed: str = jwt.encode(header, claims, key)
        if "unsigned" in wrong:
            plain: str = jwt.encode({"alg": "HS256", "kid": key.kid}, claims, jwk.OctKey.import_key(CLIENT_ID))
            return plain
        return signed

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    serve()
