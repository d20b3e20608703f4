"""A file that cannot become a course is refused whole, and each thing that is wrong with it is said."""

import hashlib
import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from wagtail.documents.models import Document
from wagtail.images.models import Image

from cms.models import CoursePage
from cms.packs.archive import UnfitPack
from cms.packs.reading import Pack, read_pack
from tests.cms.packs import MOST, full_course, packed, rewritten
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
Change = Callable[[dict[str, Any]], None]
Add = Callable[[zipfile.ZipFile], None]


@pytest.fixture
def county(var_dir: Path) -> County:
    return make_county()


@pytest.fixture
def data(county: County) -> bytes:
    return packed(full_course(county), county.organiser)


def read(data: bytes, county: County, most_bytes: int = MOST) -> Pack:
    with ExitStack() as files:
        return read_pack(io.BytesIO(data), user=county.organiser, most_bytes=most_bytes, files=files)


def faults_of(data: bytes, county: County, most_bytes: int = MOST) -> str:
    with pytest.raises(UnfitPack) as refused:
        read(data, county, most_bytes)
    assert refused.value.faults
    return "\n".join(refused.value.faults)


def entry(name: str, kind: int = stat.S_IFREG, content: bytes = b"x") -> Add:
    def add(pack: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = (kind | 0o644) << 16
        pack.writestr(info, content, zipfile.ZIP_DEFLATED)

    return add


def many(pack: zipfile.ZipFile) -> None:
    for number in range(2001):
        pack.writestr(f"a/{number}", b"")


def other_way(pack: zipfile.ZipFile) -> None:
    pack.writestr("pictures/x.png", b"x", zipfile.ZIP_LZMA)


ENTRIES: dict[str, tuple[Add, str]] = {
    "absolute": (entry("/etc/passwd"), "名字不能用"),
    "above": (entry("../up.png"), "名字不能用"),
    "above within": (entry("pictures/../../up.png"), "名字不能用"),
    "backslash": (entry("pictures\\x.png"), "名字不能用"),
    "drive": (entry("C:x.png"), "名字不能用"),
    "folder": (entry("pictures/"), "名字不能用"),
    "nested": (entry("pictures/a/b/x.png"), "文件夹套得太深"),
    "twice": (entry("course.json"), "同一个名字有两个文件"),
    "link": (entry("pictures/l.png", stat.S_IFLNK), "是链接"),
    "device": (entry("pictures/d.png", stat.S_IFCHR), "是链接或者别的东西"),
    "bomb": (entry("pictures/b.png", content=bytes(3 * 2**20)), "撑满磁盘"),
    "other way": (other_way, "压缩的方式不支持"),
    "many": (many, "文件太多"),
    "extra": (entry("pictures/extra.png"), "多了“pictures/extra.png”"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_that_are_not_taken(data: bytes, county: County) -> None:
    for name, (add, said) in ENTRIES.items():
        assert said in faults_of(rewritten(data, more=add), county), name
    locked = bytearray(data)
    at = data.rindex(b"PK\x01\x02")
    locked[at + 8] |= 1
    assert "加了密码" in faults_of(bytes(locked), county)
    assert "解开以后太大" in faults_of(
        rewritten(data, more=entry("a/x", content=random.randbytes(9 * 2**20))), county, 1
    )
    directory = data[:-10] + struct.pack("<I", 2**30) + data[-6:]
    assert "文件太多" in faults_of(directory, county)


def first(kind: str, **facts: Any) -> Change:
    def change(said: dict[str, Any]) -> None:
        next(one for one in said["things"].values() if one["kind"] == kind).update(facts)

    return change


def block(**facts: Any) -> Change:
    return lambda said: said["lessons"][0]["body"][1].update(facts)


def course(**facts: Any) -> Change:
    return lambda said: said["course"].update(facts)


def lesson(**facts: Any) -> Change:
    return lambda said: said["lessons"][0].update(facts)


def question(**facts: Any) -> Change:
    return lambda said: said["questions"][0].update(facts)


def callout(**facts: Any) -> Change:
    return block(value={"kind": "point", "text": "<p>x</p>", **facts})


LINK = {"title": "x" * 81, "url": "https://a.cn"}
MANIFESTS: dict[str, tuple[Change, str]] = {
    "format": (lambda said: said.update(format="scorm"), "这不是导出的课程"),
    "version": (lambda said: said.update(version=2), "这个文件的版本是 2"),
    "version of another type": (lambda said: said.update(version=True), "这个文件的版本是 True"),
    "no course": (lambda said: said.pop("course"), "课程的说明：写法不对"),
    "no lessons": (lambda said: said.update(lessons={}), "课的列表：写法不对"),
    "things are a list": (lambda said: said.update(things=[1]), "要用的东西文件里没有"),
    "thing is a word": (lambda said: said["things"].update(x="y"), "内容“x”：写法不对"),
    "title": (course(title=["a"]), "课程的说明：写法不对"),
    "category": (course(category="x" * 13), "课程的说明：写法不对"),
    "half a sign": (course(category="\ud800"), "课程的说明：写法不对"),
    "half a sign in a text": (callout(text="<p>\ud83d</p>"), "文字太长，或者写法不对"),
    "deep in itself": (callout(text="<p>" * 5000), "文字太长，或者写法不对"),
    "cover": (course(cover="video-1"), "课程的封面或介绍"),
    "intro": (course(intro=7), "课程的封面或介绍：文字太长"),
    "lesson's title": (lesson(title="x" * 256), "第 1 课：写法不对"),
    "lesson's mark": (lesson(is_optional="yes"), "第 1 课：写法不对"),
    "unknown block": (block(type="raw_html"), "第 1 课“第一讲”第 2 块（raw_html）：本站不认识这种内容"),
    "block of no type": (block(type=[1]), "本站不认识这种内容"),
    "text": (block(type="text", value=5), "第 2 块（文字）：文字太长"),
    "choice": (callout(kind="boss"), "第 2 块（提示）：写得太长，或者选了没有的选项"),
    "part": (callout(extra=1), "第 2 块（提示）：写法不对"),
    "part of another type": (callout(kind=7), "第 2 块（提示）：写法不对"),
    "no parts": (block(value="x"), "第 2 块（提示）：写法不对"),
    "gallery": (block(type="gallery", value="x"), "第 2 块（组图）：里面的项目太多"),
    "tick": (block(type="picture", value={"decorative": "x"}), "第 2 块（图片）：写法不对"),
    "long": (block(type="link", value=LINK), "第 2 块（外部链接）：写得太长"),
    "no such thing": (block(type="video", value="video-99"), "第 2 块（视频）：要用的东西文件里没有"),
    "other kind of thing": (block(type="video", value="picture-1"), "要用的东西文件里没有"),
    "key of this site": (block(type="document", value=3), "要用的东西文件里没有"),
    "sha256": (first("picture", sha256="0" * 64), "损坏了，或者被改动过"),
    "size": (first("document", size=1), "损坏了，或者被改动过"),
    "entry": (first("picture", entry="course.json"), "缺少文件“course.json”"),
    "chapters": (first("video", chapters=[[5, "b"], [1, "a"]]), "写法不对"),
    "captions": (first("video", captions=[["a", 1, "x"]]), "写法不对"),
    "captions too long": (first("video", captions=[[0, 9, "x" * 900]]), "写法不对"),
    "quiz": (first("quiz", pass_percent=0), "写法不对"),
    "draws": (first("quiz", draws=[["防汛", "x"]]), "写法不对"),
    "question's kind": (question(kind="essay"), "第 1 道题：写法不对"),
    "question": (question(right=[]), "第 1 道题："),
    "questions": (lambda said: said.update(questions=3), "题目的列表：写法不对"),
}  # fmt: skip


def test_what_the_manifest_may_not_say(data: bytes, county: County) -> None:
    for name, (change, said) in MANIFESTS.items():
        assert said in faults_of(rewritten(data, change), county), name


def test_files_that_are_missing_or_altered(data: bytes, county: County) -> None:
    pictures = Image.objects.count()
    said = faults_of(rewritten(data, drop="pictures/"), county)
    assert "“before”：zip 里缺少文件“pictures/" in said
    assert "“after”：zip 里缺少文件" in said
    assert "“通知”：文件“documents/" in faults_of(rewritten(data, swap={"documents/": b"other"}), county)
    assert "没有能读的 course.json" in faults_of(
        rewritten(data, drop="course.json", swap={"course.json": b"{"}), county
    )
    assert Image.objects.count() == pictures


def test_pictures_and_documents_meet_the_checks_of_an_upload(data: bytes, county: County) -> None:
    """What its author wrote into the manifest does not matter: no film becomes a picture."""
    film = b"\x1a\x45\xdf\xa3" + bytes(200)

    def change(said: dict[str, Any]) -> None:
        for one in said["things"].values():
            if one["kind"] in ("picture", "document"):
                one |= {"sha256": hashlib.sha256(film).hexdigest(), "size": len(film)}

    said = faults_of(rewritten(data, change, swap={"pictures/": film, "documents/": film}), county)
    assert "“before”：这是视频或录音" in said
    assert "“通知”：这是视频或录音" in said
    assert Document.objects.count() == 1


def test_a_full_disk_is_said(data: bytes, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.storage.room", lambda: 0)
    assert "磁盘快满了" in faults_of(data, county)


def test_random_and_broken_bytes_give_a_sentence(data: bytes, county: County) -> None:
    chance = random.Random(73)
    courses = CoursePage.objects.count()
    broken = [b"", b"PK", b"PK\x05\x06" + bytes(18), chance.randbytes(3000)]
    broken += [data[: chance.randrange(len(data))] for _number in range(25)]
    broken += [data[: chance.randrange(len(data) - 22)] + data[-22:] for _number in range(25)]
    for one in broken:
        assert faults_of(one, county)
    for _number in range(60):
        noisy = bytearray(data)
        for _byte in range(4):
            noisy[chance.randrange(len(noisy))] = chance.randrange(256)
        with suppress(UnfitPack):  # some bytes do not matter, as those of a time
            read(bytes(noisy), county)
    assert CoursePage.objects.count() == courses
