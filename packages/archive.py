"""A zip file that wants to be a package: everything that is wrong with it is a sentence, before a byte is unpacked.

Names are decoded and compared here; what is written lies below one new folder, under names that stay inside it.
"""

import errno
import stat
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from media.storage import UnableToStore
from packages.core.manifest import Manifest, UnfitManifest, read_manifest
from packages.core.names import decoded, is_fit, is_litter

MANIFEST = "imsmanifest.xml"
MANIFEST_BYTES = 2 * 2**20
MOST_FILES = 3000
MOST_RATIO = 200
MOST_UNPACKED = 2  # times what a file may have
SMALL_BYTES = 2**20
CHUNK = 2**18
# A zip file ends with this record, and a remark of up to 64 KiB; 10 bytes in the number of entries, 12 the directory's.
END, END_BYTES, LONGEST_REMARK = b"PK\x05\x06", 22, 2**16
DIRECTORY_A_FILE = 600
OTHER_ARCHIVES = (b"Rar!", b"7z\xbc\xaf")
HEAD_BYTES = 2**16  # where a page of frames says so
# What reading a zip file that is none, or a broken one, may raise.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class UnfitPackage(Exception):
    """The file cannot be played as a package; the message says why and what to do, for people."""


@dataclass(frozen=True)
class Opened:
    """A package that can be unpacked: ``entries`` by their names below the manifest's folder."""

    archive: zipfile.ZipFile
    entries: dict[str, zipfile.ZipInfo]
    manifest: Manifest

    @property
    def bytes(self) -> int:
        return sum(one.file_size for one in self.entries.values())


def open_package(file: IO[bytes]) -> Opened:
    """Return a package that is in order. Raises UnfitPackage."""
    _ask_directory(file)
    try:
        file.seek(0)
        archive = zipfile.ZipFile(file)
        listed = archive.infolist()
    except BROKEN as error:
        raise UnfitPackage(_broken()) from error
    entries = _entries(listed)
    folder = _folder(entries)
    inside = {name.removeprefix(folder): one for name, one in entries.items() if name.startswith(folder)}
    try:
        if inside[MANIFEST].file_size > MANIFEST_BYTES:
            raise UnfitPackage(_said("broken"))
        manifest = read_manifest(archive.read(inside[MANIFEST]))
    except UnfitManifest as error:
        raise UnfitPackage(_said(error.code)) from error
    except BROKEN as error:
        raise UnfitPackage(_broken()) from error
    if manifest.file not in inside:
        raise UnfitPackage(_why_missing(manifest.file, inside))
    if _has_frames(archive, inside[manifest.file]):
        raise UnfitPackage(_said("frames"))
    return Opened(archive, inside, manifest)


def unpack(opened: Opened, folder: Path) -> None:
    """Write the files below a new folder.

    Raises UnfitPackage for what is not as the directory says, UnableToStore where the disk is full.
    """
    try:
        for name, entry in opened.entries.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # Python ends an entry at the length that its directory names, and compares the check sum.
            with opened.archive.open(entry) as packed, target.open("xb") as out:
                while chunk := packed.read(CHUNK):
                    out.write(chunk)
    except BROKEN as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise UnableToStore from error  # nothing is wrong with the file
        raise UnfitPackage(_broken()) from error


def _has_frames(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Whether the page is a set of frames: each would be of an origin of its own, and find SCORM in no other."""
    try:
        with archive.open(entry) as page:
            return b"<frameset" in page.read(HEAD_BYTES).lower()
    except BROKEN as error:
        raise UnfitPackage(_broken()) from error


def _why_missing(name: str, inside: Collection[str]) -> str:
    """A name that differs in its case opens on the author's Windows and on no phone."""
    alike = next((one for one in inside if one.casefold() == name.casefold()), "")
    if not alike:
        return _said("missing") % {"file": name[:80]}
    return _(
        "课件包写的首页是“%(file)s”，里面的文件却叫“%(found)s”，大小写不一样，手机上打不开。"
        "请把文件名改成一样的，重新压缩以后再传。"
    ) % {"file": name[:80], "found": alike[:80]}


def _broken() -> str:
    return _("这不是一个完整的 zip 文件。请在课件制作软件里重新导出，或者重新下载以后再传。")


def _too_many() -> str:
    return _("课件包里的文件太多，最多 %(most)s 个。请在制作软件里减少页面，或者分成几个课件包。") % {
        "most": MOST_FILES
    }


def _ask_directory(file: IO[bytes]) -> None:
    """Look at how long the directory is before Python makes an object of every line."""
    file.seek(0)
    if file.read(4).startswith(OTHER_ARCHIVES):
        raise UnfitPackage(_("这是 RAR 或 7z 压缩包，只是名字叫 zip。请用 zip 格式重新压缩，或者在制作软件里导出。"))
    file.seek(0, 2)
    file.seek(max(0, file.tell() - END_BYTES - LONGEST_REMARK))
    tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_BYTES:
        raise UnfitPackage(_broken())
    count = int.from_bytes(tail[at + 10 : at + 12], "little")
    if count > 2 * MOST_FILES or int.from_bytes(tail[at + 12 : at + 16], "little") > 2 * MOST_FILES * DIRECTORY_A_FILE:
        raise UnfitPackage(_too_many())


def _entries(listed: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the files by their names. Raises UnfitPackage."""
    found: dict[str, zipfile.ZipInfo] = {}
    for one in listed:
        name = decoded(one.orig_filename, one.flag_bits)
        is_folder = name.endswith("/") and one.file_size == 0
        if why := _fault_of(one, name.removesuffix("/") if is_folder else name):
            raise UnfitPackage(_("课件包里的“%(name)s”：%(why)s") % {"name": name[:80], "why": why})
        if is_folder or is_litter(name):
            continue
        if name in found:
            raise UnfitPackage(_("课件包里有两个文件都叫“%(name)s”。请重新导出。") % {"name": name[:80]})
        found[name] = one
    if len(found) > MOST_FILES:
        raise UnfitPackage(_too_many())
    most_bytes = MOST_UNPACKED * settings.PACKAGE_MAX_BYTES
    if sum(one.file_size for one in found.values()) > most_bytes:
        most = most_bytes // 2**20
        raise UnfitPackage(
            _("课件包解开以后太大，最多 %(most)s MB。请把里面的视频换小，或者另传成视频。") % {"most": most}
        )
    return found


def _fault_of(one: zipfile.ZipInfo, name: str) -> str:
    if not is_fit(name):
        return _("这个名字不能用，可能会写到别的地方去。请用制作软件导出的原文件，不要自己改。")
    if stat.S_IFMT(one.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return _("不是普通文件，是链接或者别的东西。请用制作软件导出的原文件。")
    if one.flag_bits & 1:
        return _("加了密码。请去掉密码，重新导出。")
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return _("压缩的方式不支持。请用普通的 zip 重新压缩。")
    if one.file_size > SMALL_BYTES and one.file_size > MOST_RATIO * one.compress_size:
        return _("压缩得过分，解开以后会撑满磁盘，不收。请用制作软件重新导出。")
    return ""


def _folder(entries: dict[str, zipfile.ZipInfo]) -> str:
    """Return the folder ("" or ending with "/") of the manifest that lies the highest. Raises UnfitPackage."""
    folders = sorted(
        (name.removesuffix(MANIFEST) for name in entries if f"/{name}".endswith(f"/{MANIFEST}")),
        key=lambda folder: folder.count("/"),
    )
    if not folders and any(name.lower().endswith(".zip") for name in entries):
        raise UnfitPackage(_("这个 zip 里面还有一个 zip。请先解压一次，把里面的那个 zip 传上来。"))
    if not folders:
        raise UnfitPackage(
            _("没有找到 imsmanifest.xml，这不是 SCORM 课件包。请在制作软件里选“发布为 SCORM”，传导出的 zip。")
        )
    if len(folders) > 1 and folders[0].count("/") == folders[1].count("/"):
        raise UnfitPackage(_("这个 zip 里有几个课件包。请一个一个地传。"))
    return folders[0]


def _said(code: str) -> str:
    return {
        "broken": _("课件包里的 imsmanifest.xml 读不出来。请在制作软件里重新导出。"),
        "entities": _("课件包里的 imsmanifest.xml 含有不安全的写法，不收。请用制作软件重新导出。"),
        "version": _("看不出这是哪一种 SCORM。能用的是 SCORM 1.2 和 SCORM 2004，请在制作软件里选其中一种重新导出。"),
        "none": _("课件包里没有可以打开的课（SCO）。请在制作软件里选“发布为 SCORM”，不要选“网页”。"),
        "several": _("这个课件包里有几节课（SCO），一个课件包只能有一节。请在制作软件里分开导出，一节传一个。"),
        "outside": _("课件包的首页不在包里。请在制作软件里把内容都放进包里，重新导出。"),
        "frames": _("课件的首页是套框架（frameset）的老式网页，这里放不了。请在制作软件里选 HTML5 重新导出。"),
        "missing": _("课件包里缺少首页“%(file)s”。请重新导出。"),
    }[code]
