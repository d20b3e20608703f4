"""What a zip file is before anything of it is unpacked: whole, small enough, and nothing but what it says.

Every fault is a sentence. Nothing is ever written under a name that stands in the file.
"""

import json
import stat
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.utils.translation import gettext as _

from cms.packs import CHUNK, FORMAT, MANIFEST, MANIFEST_BYTES, MOST_ENTRIES, VERSION
from packages.archive import BROKEN

# A zip file ends with this record: its mark, 18 bytes, no remark behind. 12 bytes in stands how long the directory is.
END, END_BYTES, SIZE_AT = b"PK\x05\x06", 22, 12
# Before it, in files of more than 4 GB, which ours never are, its larger brother's address.
LARGE, LARGE_BYTES = b"PK\x06\x07", 20
MOST_DIRECTORY = MOST_ENTRIES * 512
MOST_RATIO = 200
DEEPEST = 2


class UnfitPack(Exception):
    """The file cannot become a course; ``faults`` says everything that is wrong with it, for people."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def open_archive(file: IO[bytes], *, most_bytes: int) -> zipfile.ZipFile:
    """Return the archive when its directory is in order. Raises UnfitPack."""
    broken = UnfitPack([_("这不是一个完整的 zip 文件。请重新导出，或者重新下载以后再导入；不要解压再压缩。")])
    file.seek(0, 2)
    length = file.tell()
    file.seek(max(0, length - END_BYTES - LARGE_BYTES))
    tail = file.read()
    end = tail[-END_BYTES:]
    if len(end) < END_BYTES or not end.startswith(END):
        raise broken
    # Asked before Python reads it: it makes an object of every line.
    directory = int.from_bytes(end[SIZE_AT : SIZE_AT + 4], "little")
    if directory > MOST_DIRECTORY or tail[:-END_BYTES].startswith(LARGE):
        raise UnfitPack([_("这个 zip 里的文件太多，最多 %(most)s 个。") % {"most": MOST_ENTRIES}])
    try:
        file.seek(0)
        pack = zipfile.ZipFile(file)
    except BROKEN as error:
        raise broken from error
    if faults := list(_faults_of(pack.infolist(), most_bytes)):
        raise UnfitPack(faults[:20])
    return pack


def _faults_of(entries: list[zipfile.ZipInfo], most_bytes: int) -> Iterator[str]:
    if len(entries) > MOST_ENTRIES:
        yield _("这个 zip 里的文件太多，最多 %(most)s 个。") % {"most": MOST_ENTRIES}
        return
    if sum(one.file_size for one in entries) > most_bytes + MANIFEST_BYTES:
        yield _("这个 zip 解开以后太大，最多 %(most)s MB。") % {"most": most_bytes // 2**20}
    seen: set[str] = set()
    for one in entries:
        if why := _fault_of(one, seen):
            yield _("zip 里的“%(name)s”：%(why)s。") % {"name": one.orig_filename[:80], "why": why}
        seen.add(one.filename)


def _fault_of(one: zipfile.ZipInfo, seen: set[str]) -> str:
    name, parts = one.orig_filename, one.orig_filename.split("/")
    is_plain = name.isascii() and name.isprintable() and not any(sign in name for sign in "\\:")
    if not is_plain or not all(parts) or {".", ".."} & set(parts):
        return _("名字不能用，可能会写到别的地方去")
    if len(parts) > DEEPEST:
        return _("文件夹套得太深")
    if name in seen:
        return _("同一个名字有两个文件")
    kind = stat.S_IFMT(one.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return _("不是普通文件，是链接或者别的东西")
    if one.flag_bits & 1:
        return _("加了密码，请去掉密码")
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return _("压缩的方式不支持")
    if one.file_size > CHUNK and one.file_size > MOST_RATIO * one.compress_size:
        return _("压缩得过分，解开以后会撑满磁盘")
    return ""


def read_manifest(pack: zipfile.ZipFile) -> dict[str, Any]:
    """Return what ``course.json`` says, of this format and version; not looked into further. Raises UnfitPack."""
    other = _("这不是导出的课程：里面没有能读的 course.json。请用“导出成文件”得到的那个 zip 文件。")
    try:
        entry = pack.getinfo(MANIFEST)
        if entry.file_size > MANIFEST_BYTES:
            raise UnfitPack([_("course.json 太大，最多 %(most)s MB。") % {"most": MANIFEST_BYTES // 2**20}])
        said = json.loads(pack.read(entry))
    except (*BROKEN, KeyError, RecursionError) as error:
        raise UnfitPack([other]) from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise UnfitPack([other])
    if type(said.get("version")) is not int or said["version"] != VERSION:
        words = _("这个文件的版本是 %(found)s，本站能读的是 %(known)s。请让导出的站点和本站用同一个版本的软件。")
        raise UnfitPack([words % {"found": str(said.get("version"))[:20], "known": VERSION}])
    return said


def pieces(pack: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Give an entry's bytes, a piece at a time; raises one of BROKEN where they are not what the directory says."""
    with pack.open(name) as file:
        while chunk := file.read(CHUNK):
            yield chunk
