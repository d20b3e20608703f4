"""A record store as xAPI 1.0.3 describes one, as far as statements are sent to it: strict, and on this machine."""

import base64
import http.server
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

IRI = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"{}|\\^`]+")
DURATION = re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d{1,2})?S)?)?")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


class Unfit(ValueError):
    """A statement breaks a rule of the specification, part two."""


def need(fits: object, what: str) -> None:
    if not fits:
        raise Unfit(what)


def keys(found: Any, must: str, may: str = "") -> None:
    need(isinstance(found, dict), f"{found!r} is no object")
    need(set(must.split()) <= found.keys() <= set(must.split() + may.split()), f"keys {sorted(found)}")


def said_in_languages(found: Any) -> None:
    keys(found, "", " ".join(found))
    need(all(LANGUAGE.fullmatch(one) and isinstance(text, str) for one, text in found.items()), f"language map {found}")


def check_agent(found: Any) -> None:
    keys(found, "account", "objectType name")
    need(found.get("objectType", "Agent") == "Agent", "objectType of the actor")
    keys(found["account"], "homePage name")
    need(IRI.fullmatch(found["account"]["homePage"]) and isinstance(found["account"]["name"], str), "account")


def check_activity(found: Any) -> None:
    keys(found, "id", "objectType definition")
    need(found.get("objectType", "Activity") == "Activity" and IRI.fullmatch(found["id"]), "activity")
    keys(found.get("definition", {}), "", "name description type moreInfo extensions")
    said_in_languages(found["definition"]["name"])
    need(IRI.fullmatch(found["definition"]["type"]), "type of activity")


def check_result(found: Any) -> None:
    keys(found, "", "score success completion response duration extensions")
    need(all(isinstance(found.get(one, True), bool) for one in ("success", "completion")), "success, completion")
    need("duration" not in found or DURATION.fullmatch(found["duration"]), f"duration {found.get('duration')}")
    need(all(IRI.fullmatch(one) for one in found.get("extensions", {})), "extensions")
    if "score" in found:
        keys(found["score"], "", "scaled raw min max")
        score = found["score"]
        need(-1 <= score["scaled"] <= 1 and score["min"] <= score["raw"] <= score["max"], f"score {score}")


def check_context(found: Any, *, is_activity: bool) -> None:
    keys(found, "", "registration contextActivities language platform revision statement extensions")
    need(is_activity or not {"platform", "revision"} & found.keys(), "platform where the object is no activity")
    need(LANGUAGE.fullmatch(found.get("language", "en")), "language")
    keys(found.get("contextActivities", {}), "", "parent grouping category other")
    for some in found.get("contextActivities", {}).values():
        need(isinstance(some, list) and some, "context activities")
        for one in some:
            check_activity(one)


def no_nulls(found: Any) -> None:
    need(found is not None, "null")
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        no_nulls(one)


def check(found: Any) -> None:
    """Raise Unfit for what is no statement."""
    no_nulls(found)
    keys(found, "actor verb object", "id result context timestamp")
    need(str(uuid.UUID(found["id"])) == found["id"], "id")
    check_agent(found["actor"])
    keys(found["verb"], "id", "display")
    need(IRI.fullmatch(found["verb"]["id"]), "verb")
    said_in_languages(found["verb"].get("display", {}))
    is_reference = found["object"].get("objectType") == "StatementRef"
    if is_reference:
        keys(found["object"], "objectType id")
        uuid.UUID(found["object"]["id"])
    else:
        check_activity(found["object"])
    need(found["verb"]["id"] != VOIDED or is_reference, "a voiding is about a statement")
    check_result(found.get("result", {}))
    check_context(found.get("context", {}), is_activity=not is_reference)
    need(datetime.fromisoformat(found["timestamp"]).tzinfo is not None, "timestamp without a zone")


class Lrs:
    """What is held, by id, and what was voided. ``status``: what is answered instead; ``poison``: titles it hates."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}
        self.requests: list[int] = []
        self.status = 0
        self.poison = ""
        self.loses = False
        self.url = ""

    @property
    def voided(self) -> set[str]:
        return {one["object"]["id"] for one in self.held.values() if one["verb"]["id"] == VOIDED}

    def standing(self) -> list[tuple[str, str]]:
        """Verb and title of what is held and not voided."""
        found = [one for name, one in self.held.items() if name not in self.voided and one["verb"]["id"] != VOIDED]
        return [(one["verb"]["id"].rpartition("/")[2], one["object"]["definition"]["name"]["zh-CN"]) for one in found]

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        if self.status:
            return self.status, "no"
        if urlsplit(path).path != "/xapi/statements":
            return 404, "no such resource"
        if headers["Authorization"] not in ("Basic " + base64.b64encode(b"site:secret").decode(), "Bearer t0k3n"):
            return 401, "who are you"
        if not headers["X-Experience-API-Version"].startswith("1.0"):
            return 400, "X-Experience-API-Version"
        try:
            found = json.loads(body)
            for one in found:
                check(one)
                need(not self.poison or self.poison not in json.dumps(one, ensure_ascii=False), "poison\n  it is")
            names = [one["id"] for one in found]
            need(len(set(names)) == len(names), "the same id twice")
        except (Unfit, ValueError, KeyError, AttributeError) as error:
            return 400, str(error)
        if any(one["id"] in self.held and self.held[one["id"]] != one for one in found):
            return 409, "another statement has this id"
        self.held |= {one["id"]: one for one in found}
        return 200, names


@contextmanager
def lrs_serving() -> Iterator[Lrs]:
    """Run it on a free port; ``loses`` makes it take what comes and hang up without a word."""
    store = Lrs()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, said = store.answer(self.path, self.headers, body)
            store.requests.append(status)
            if store.loses:
                return
            text = json.dumps(said).encode() if status == 200 else str(said).encode()
            self.send_response(status)
            self.send_header("X-Experience-API-Version", "1.0.3")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}/xapi"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
