"""``imsmanifest.xml``: which SCORM a package is of, and with what it begins. Pure.

IMS Content Packaging 1.1.2 with ADL's names (SCORM 1.2) or 1.1.4 (SCORM 2004). Names are read whatever their prefix:
tools write each in their own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from packages.core.given import NOTHING, Given, attribute, children, given_12, given_2004, local

SCORM_12, SCORM_2004 = "1.2", "2004"
LONGEST_LAUNCH = 600
LONGEST_TITLE = 60
_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([\w.-]{1,20})["'][^>]*\?>""")
_CHINESE = frozenset({"gb2312", "gbk", "gb18030"})


class UnfitManifest(Exception):
    """The package cannot be played. ``code``: broken, entities, version, none, several, outside, or missing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Manifest:
    """``launch`` is an address relative to the manifest, ``file`` the name of the file that it means."""

    title: str
    standard: str
    launch: str
    file: str
    given: Given = NOTHING


def read_manifest(said: bytes) -> Manifest:
    """Return what a manifest says. Raises UnfitManifest."""
    root = _parsed(said)
    standard = _standard(root, said)
    launches: dict[str, Any] = {}
    for address, item in _launches(root):
        launches.setdefault(address, item)
    if len(launches) != 1:
        raise UnfitManifest("several" if launches else "none")
    ((launch, item),) = launches.items()
    parts = urlsplit(launch)
    file = unquote(parts.path)
    names = file.split("/")
    if parts.scheme or parts.netloc or len(launch) > LONGEST_LAUNCH or not all(names) or {".", ".."} & set(names):
        raise UnfitManifest("outside")
    given = given_12(item) if standard == SCORM_12 else given_2004(root, item)
    return Manifest(_title(root), standard, launch, file, given)


def _parsed(said: bytes) -> Any:
    text: str | bytes = said
    declared = _DECLARATION.match(said)
    if declared and declared[1].decode().lower() in _CHINESE:
        text = said[declared.end() :].decode("gb18030", errors="replace")  # the parser knows no Chinese encoding
    try:
        return fromstring(text)
    except DefusedXmlException as error:
        raise UnfitManifest("entities") from error
    except (ParseError, ValueError, LookupError) as error:
        raise UnfitManifest("broken") from error


def _standard(root: Any, said: bytes) -> str:
    written = [
        (version.text or "").strip().lower()
        for metadata in children(root, "metadata")
        for version in children(metadata, "schemaversion")
    ]
    version = written[0] if written else ""
    if version == "1.2" or (not version and b"adlcp_rootv1p2" in said):
        return SCORM_12
    if version.startswith(("2004", "cam 1.3")) or (not version and b"adlcp_v1p3" in said):
        return SCORM_2004
    raise UnfitManifest("version")


def _launches(root: Any) -> Iterator[tuple[str, Any]]:
    """Give what the organisation that counts begins with, and its item: nothing but what talks to us (a SCO)."""
    found: dict[str, str] = {}
    for resources in children(root, "resources"):
        above = attribute(root, "base") + attribute(resources, "base")
        for resource in children(resources, "resource"):
            href = attribute(resource, "href")
            if href and attribute(resource, "scormtype").lower() == "sco":
                base = above + attribute(resource, "base")
                found[attribute(resource, "identifier")] = base.replace("\\", "/") + href.replace("\\", "/")
    for item in _organisation(root).iter() if found else ():
        if local(item.tag) == "item" and attribute(item, "identifierref") in found:
            yield _with(found[attribute(item, "identifierref")], attribute(item, "parameters")), item


def _with(href: str, parameters: str) -> str:
    """As the standard says: what begins with "#" or "?" is put behind, anything else becomes a part of the question."""
    if not parameters or parameters.startswith("#"):
        return href + parameters
    return href + ("&" if "?" in href else "?") + parameters.lstrip("?&")


def _organisation(root: Any) -> Any:
    every = next(children(root, "organizations"), None)
    listed = [] if every is None else list(children(every, "organization"))
    if not listed:
        raise UnfitManifest("none")
    wanted = attribute(every, "default")
    return next((one for one in listed if attribute(one, "identifier") == wanted), listed[0])


def _title(root: Any) -> str:
    said = next(children(_organisation(root), "title"), None)
    text = "" if said is None else " ".join((said.text or "").split())
    return text[:LONGEST_TITLE]
