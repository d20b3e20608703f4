"""What a manifest says, in the ways in which tools write it."""

import pytest

from packages.core.manifest import Manifest, UnfitManifest, read_manifest
from tests.packages.zips import SCORM_12, SCORM_2004

pytestmark = pytest.mark.unit
BOMB = '<!DOCTYPE m [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'


def test_both_standards_are_read() -> None:
    assert read_manifest(SCORM_12.encode()) == Manifest("防汛课件", "1.2", "index.html", "index.html")
    assert read_manifest(SCORM_2004.encode()).standard == "2004"


def test_a_manifest_in_gbk_is_read() -> None:
    written = SCORM_12.replace("UTF-8", "GB2312").encode("gbk")
    assert read_manifest(written).title == "防汛课件"


@pytest.mark.parametrize(
    ("manifest", "standard"),
    [
        (SCORM_12.replace("<schemaversion>1.2</schemaversion>", ""), "1.2"),
        (SCORM_2004.replace("<schemaversion>2004 4th Edition</schemaversion>", ""), "2004"),
        (SCORM_2004.replace("2004 4th Edition", "CAM 1.3"), "2004"),
    ],
)
def test_the_standard_is_known_by_its_names_too(manifest: str, standard: str) -> None:
    assert read_manifest(manifest.encode()).standard == standard


def test_where_it_begins_is_put_together() -> None:
    said = SCORM_12.replace('href="index.html"', 'xml:base="a\\" href="%E7%AC%AC.html"')
    plain = read_manifest(said.encode())
    assert (plain.launch, plain.file) == ("a/%E7%AC%AC.html", "a/第.html")
    for parameters, launch in (("?x=1", "index.html?x=1"), ("x=1", "index.html?x=1"), ("#p", "index.html#p")):
        asked = SCORM_12.replace('identifierref="r"', f'identifierref="r" parameters="{parameters}"')
        assert read_manifest(asked.encode()).launch == launch
    asked = SCORM_12.replace('identifierref="r"', 'identifierref="r" parameters="?x=1"').replace('l"/>', 'l?y=2"/>')
    assert read_manifest(asked.encode()).launch == "index.html?y=2&x=1"


def test_the_first_organisation_counts_where_none_is_named_and_a_title_may_lack() -> None:
    said = SCORM_12.replace('default="o"', "").replace("<title>防汛课件</title>", "")
    assert read_manifest(said.encode()).title == ""


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        ("<manifest", "broken"),
        (SCORM_12.replace("UTF-8", "x-unheard-of"), "broken"),
        (SCORM_12.replace("?>", f"?>{BOMB}"), "entities"),
        (SCORM_12.replace(">1.2<", ">1.3<"), "version"),
        (SCORM_12.replace('scormtype="sco"', 'scormtype="asset"'), "none"),
        (SCORM_12.replace('identifierref="r"', ""), "none"),
        (SCORM_12.replace("organizations", "nothing"), "none"),
        (SCORM_12.replace("index.html", "https://example.org/"), "outside"),
        (SCORM_12.replace("index.html", "../index.html"), "outside"),
        (SCORM_12.replace("index.html", "/index.html"), "outside"),
        (SCORM_12.replace("index.html", "a" * 601), "outside"),
        (
            SCORM_12.replace("</item>", '</item><item identifierref="s"/>').replace(
                "</resources>", '<resource identifier="s" adlcp:scormtype="sco" href="b.html"/></resources>'
            ),
            "several",
        ),
    ],
)
def test_what_cannot_be_played_says_why(manifest: str, code: str) -> None:
    with pytest.raises(UnfitManifest) as told:
        read_manifest(manifest.encode())
    assert told.value.code == code
