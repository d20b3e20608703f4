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


def read_manifest(said: bytes) -> Manifest:
    """Return what a manifest says. Raises UnfitManifest."""
    root = _parsed(said)
    standard = _standard(root, said)
    launches = list(dict.fromkeys(_launches(root)))
    if len(launches) != 1:
        raise UnfitManifest("several" if launches else "none")
    launch = launches[0]
    parts = urlsplit(launch)
    file = unquote(parts.path)
    names = file.split("/")
    if parts.scheme or parts.netloc or len(launch) > LONGEST_LAUNCH or not all(names) or {".", ".."} & set(names):
        raise UnfitManifest("outside")
    return Manifest(_title(root), standard, launch, file)


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


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2].lower()


def _children(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element if _local(child.tag) == name)


def _attribute(element: Any, name: str) -> str:
    return next((value.strip() for key, value in element.attrib.items() if _local(key) == name), "")


def _standard(root: Any, said: bytes) -> str:
    written = [
        (version.text or "").strip().lower()
        for metadata in _children(root, "metadata")
        for version in _children(metadata, "schemaversion")
    ]
    version = written[0] if written else ""
    if version == "1.2" or (not version and b"adlcp_rootv1p2" in said):
        return SCORM_12
    if version.startswith(("2004", "cam 1.3")) or (not version and b"adlcp_v1p3" in said):
        return SCORM_2004
    raise UnfitManifest("version")


def _launches(root: Any) -> Iterator[str]:
    """Give what the organisation that counts begins with, item by item: nothing but what talks to us (a SCO)."""
    found: dict[str, str] = {}
    for resources in _children(root, "resources"):
        above = _attribute(root, "base") + _attribute(resources, "base")
        for resource in _children(resources, "resource"):
            href = _attribute(resource, "href")
            if href and _attribute(resource, "scormtype").lower() == "sco":
                base = above + _attribute(resource, "base")
                found[_attribute(resource, "identifier")] = base.replace("\\", "/") + href.replace("\\", "/")
    for item in _organisation(root).iter() if found else ():
        if _local(item.tag) == "item" and _attribute(item, "identifierref") in found:
            yield _with(found[_attribute(item, "identifierref")], _attribute(item, "parameters"))


def _with(href: str, parameters: str) -> str:
    """As the standard says: what begins with "#" or "?" is put behind, anything else becomes a part of the question."""
    if not parameters or parameters.startswith("#"):
        return href + parameters
    return href + ("&" if "?" in href else "?") + parameters.lstrip("?&")


def _organisation(root: Any) -> Any:
    every = next(_children(root, "organizations"), None)
    listed = [] if every is None else list(_children(every, "organization"))
    if not listed:
        raise UnfitManifest("none")
    wanted = _attribute(every, "default")
    return next((one for one in listed if _attribute(one, "identifier") == wanted), listed[0])


def _title(root: Any) -> str:
    said = next(_children(_organisation(root), "title"), None)
    text = "" if said is None else " ".join((said.text or "").split())
    return text[:LONGEST_TITLE]
