"""Zip files that are refused, each with a sentence that says why; nothing is left on the disk."""

import errno
import io
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from media import leftovers, storage
from media.storage import UnableToStore
from packages import archive
from packages.archive import UnfitPackage, open_package, unpack
from packages.models import Package
from packages.operations import add_package, change_package, delete_package
from tests.factories.organizations import County
from tests.packages.zips import PAGE, SCORM_12, make_package

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def zipped(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> io.BytesIO:
    made = make_package()
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as pack:
        for name, data in entries:
            pack.writestr(name, data)
    return made


def wrapped() -> io.BytesIO:
    """A package packed once more."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as pack:
        pack.writestr("a/kejian.zip", make_package().getvalue())
    return made


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def marked(offset: int, value: int) -> io.BytesIO:
    """A package of which the directory's first line is changed."""
    data = bytearray(make_package().getvalue())
    at = data.index(b"PK\x01\x02") + offset
    data[at : at + 2] = struct.pack("<H", value)
    return io.BytesIO(bytes(data))


def crowded() -> io.BytesIO:
    data = bytearray(make_package().getvalue())
    at = data.rindex(b"PK\x05\x06") + 10
    data[at : at + 2] = struct.pack("<H", 2 * archive.MOST_FILES + 1)
    return io.BytesIO(bytes(data))


def headless() -> io.BytesIO:
    data = bytearray(make_package().getvalue())
    data[data.index(b"PK\x01\x02")] = 0
    return io.BytesIO(bytes(data))


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (lambda: io.BytesIO(b"nothing"), "不是一个完整的 zip"),
        (headless, "不是一个完整的 zip"),
        (crowded, "文件太多"),
        (lambda: zipped(("../a", b"x")), "写到别的地方"),
        (lambda: zipped(("/etc/a", b"x")), "写到别的地方"),
        (lambda: zipped(("..\\a", b"x")), "写到别的地方"),
        (lambda: zipped((link(), b"index.html")), "链接"),
        (lambda: marked(8, 1), "加了密码"),
        (lambda: marked(10, 12), "压缩的方式"),
        (lambda: zipped(("bomb", bytes(2 * 2**20))), "压缩得过分"),
        (lambda: make_package(files={"a.html": PAGE}), "缺少首页“index.html”"),
        (lambda: make_package(files={"Index.HTML": PAGE}), "大小写不一样"),
        (lambda: make_package(files={"index.html": "<html><FRAMESET cols=1></FRAMESET>"}), "frameset"),
        (lambda: io.BytesIO(b"Rar!" + bytes(99)), "RAR 或 7z"),
        (wrapped, "还有一个 zip"),
        (lambda: make_package(manifest=SCORM_12.replace(">1.2<", ">9<")), "哪一种 SCORM"),
        (lambda: make_package(manifest=b" " * (archive.MANIFEST_BYTES + 1)), "读不出来|压缩得过分"),
        (lambda: zipped(("b/imsmanifest.xml", b"x"), ("c/imsmanifest.xml", b"x")), ""),
    ],
)
def test_files_that_are_no_package(file: Any, said: str) -> None:
    if not said:
        assert open_package(file()).manifest.title, "the highest manifest counts"
        return
    with pytest.raises(UnfitPackage, match=said):
        open_package(file())


def test_more_ways_to_be_none(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as pack:
        pack.writestr("a/index.html", PAGE)
    with pytest.raises(UnfitPackage, match=r"没有找到 imsmanifest\.xml"):
        open_package(plain)
    two = io.BytesIO()
    with zipfile.ZipFile(two, "w") as pack:
        for folder in "ab":
            pack.writestr(f"{folder}/imsmanifest.xml", SCORM_12)
    with pytest.raises(UnfitPackage, match="几个课件包"):
        open_package(two)
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped(("index.html", b"x"))
    with pytest.raises(UnfitPackage, match="两个文件都叫"):
        open_package(twice)
    broken = bytearray(make_package().getvalue())
    broken[45] ^= 255
    with pytest.raises(UnfitPackage, match="不是一个完整的 zip"):
        open_package(io.BytesIO(bytes(broken)))
    settings.PACKAGE_MAX_BYTES = 50
    with pytest.raises(UnfitPackage, match="解开以后太大"):
        open_package(make_package())
    monkeypatch.setattr(archive, "MOST_FILES", 1)
    with pytest.raises(UnfitPackage, match="文件太多"):
        open_package(make_package())


def test_a_package_in_a_folder_with_chinese_names_lies_where_it_should(county: County, var_dir: Any) -> None:
    files = {"index.html": PAGE, "图/第一节.png": b"x", "空/": b""}
    made = add_package(
        file=make_package(files=files, folder="防汛/"), title="我的", node_id=county.branch.pk,
        made_by_id=county.organiser.pk, as_of=timezone.now(),
    )  # fmt: skip
    folder = storage.packages_folder(made.key)
    assert (folder / "图/第一节.png").read_bytes() == b"x"
    assert (folder / "imsmanifest.xml").is_file()
    assert (made.title, made.launch, made.version) == ("我的", "index.html", 1)
    assert list(leftovers.work_folders()) == []


def packages_on_disk() -> int:
    folder = storage.root() / "packages"
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def broken_down(**_row: Any) -> None:
    raise RuntimeError


def test_what_fails_halfway_leaves_nothing(county: County, package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"node_id": county.branch.pk, "made_by_id": county.organiser.pk, "as_of": timezone.now()}
    torn = bytearray(make_package(files={"index.html": PAGE, "a": b"abcdefgh"}).getvalue())
    torn[bytes(torn).rindex(b"PK\x03\x04") + 31] ^= 255  # the last file's name and bytes
    with pytest.raises(UnfitPackage):
        add_package(file=io.BytesIO(bytes(torn)), title="", **given)
    with pytest.raises(UnfitPackage):
        add_package(file=make_package(files={"index.html": PAGE, "a": b"", "a/b": b""}), title="", **given)
    with monkeypatch.context() as patched:
        patched.setattr(Package.objects, "create", broken_down)
        with pytest.raises(RuntimeError):
            add_package(file=make_package(), title="", **given)
    with pytest.raises(Package.DoesNotExist):
        change_package(package_id=0, title="x", file=make_package(), as_of=timezone.now())
    with pytest.raises(Package.DoesNotExist):
        change_package(package_id=0, title="x", file=None, as_of=timezone.now())
    assert packages_on_disk() == 1
    assert list(leftovers.work_folders()) == []


def test_another_file_takes_its_place(package: Package, django_capture_on_commit_callbacks: Any) -> None:
    given = {"title": "", "node_id": package.node_id, "made_by_id": package.made_by_id, "as_of": timezone.now()}
    with django_capture_on_commit_callbacks(execute=True):
        changed = change_package(package_id=package.pk, title="新名称", file=make_package(), as_of=timezone.now())
    assert (changed.title, changed.version) == ("新名称", 2)
    assert changed.key != package.key
    assert packages_on_disk() == 2, "whoever has the one of before open plays it to its end"
    with django_capture_on_commit_callbacks(execute=True):
        delete_package(package_id=add_package(file=make_package(), **given).pk)
    assert packages_on_disk() == 2, "the other one's files alone"
    same = change_package(package_id=package.pk, title="旧名称", file=None, as_of=timezone.now())
    assert (same.title, same.version, same.key) == ("旧名称", 2, changed.key)


def test_a_full_disk_is_not_the_files_fault(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: Any, **_kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(UnableToStore):
        unpack(open_package(make_package()), Path("/nowhere"))
