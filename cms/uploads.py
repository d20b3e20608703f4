"""What a file of the library is by its first bytes, and where it belongs instead. Names are only names."""

from typing import Any

from django.utils.translation import gettext as _

HEAD_BYTES = 4096
# The brands in the first box of an iPhone's photo.
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
PICTURES = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png", b"GIF87a": "gif", b"GIF89a": "gif"}
OTHER_PICTURES = (b"BM", b"II*\0", b"MM\0*")
FILMS = (
    b"\x1a\x45\xdf\xa3", b"FLV\x01", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"\0\0\1\xba", b"\0\0\1\xb3", b".RMF",
    b"ID3", b"OggS", b"fLaC", b"#!AMR",
)  # fmt: skip
PDF, ZIP, OLE = b"%PDF-", (b"PK\x03\x04", b"PK\x05\x06"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What may stand in front of the mark of a PDF file; readers look as far.
PDF_WITHIN = 1024
ENCODINGS = ("utf-8", "gb18030")


def head_of(upload: Any) -> bytes:
    """Return the first bytes of an upload, which is then read from its beginning again."""
    upload.seek(0)
    head: bytes = upload.read(HEAD_BYTES)
    upload.seek(0)
    return head


def picture_format(head: bytes) -> str:
    """Return which of the pictures that browsers show this is, empty for none."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    return next((name for magic, name in PICTURES.items() if head.startswith(magic)), "")


def is_heic(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS


def kind_of(head: bytes) -> str:
    """Return picture, film, pdf, zip, ole, text or, for all else, nothing."""
    if picture_format(head) or is_heic(head):
        return "picture"
    if PDF in head[:PDF_WITHIN]:
        return "pdf"
    if head.startswith(ZIP):
        return "zip"
    if head.startswith(OLE):
        return "ole"
    if is_text(head):
        return "text"
    if head[4:8] in (b"ftyp", b"moov", b"mdat") or head.startswith(FILMS) or _is_riff_film(head) or _is_mp3(head):
        return "film"
    return "picture" if head.startswith(OTHER_PICTURES) else ""


def is_text(head: bytes) -> bool:
    """Say whether these bytes read as words: in UTF-8, in the Chinese of Windows, or in UTF-16 with its mark."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if any(byte < 0x20 and byte not in b"\t\n\r\f\x1a\x1b" for byte in head):
        return False
    # The last letter may be cut.
    return any(_reads(head[: len(head) - cut], name) for name in ENCODINGS for cut in range(4))


def elsewhere(head: bytes, *, here: str) -> str:
    """Return the sentence that sends a file where it belongs; empty where that is here ("picture", "document")."""
    kind = kind_of(head)
    place = "document" if kind in {"pdf", "zip", "ole", "text"} else kind
    if place in {here, ""}:
        return ""
    words = {
        "film": _("这是视频或录音。请到“视频”里上传，再在课里选它。"),
        "picture": _("这是图片。请到“图片”里上传，再在课里选它。"),
        "document": _("这不是图片，是文件。请到“文档”里上传，再在课里选它。"),
    }
    return words[place]


def _is_riff_film(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] in (b"AVI ", b"WAVE")


def _is_mp3(head: bytes) -> bool:
    """MPEG sound without a tag; not the mark of UTF-16, which begins alike."""
    return len(head) > 2 and head[0] == 0xFF and head[1] in (0xFB, 0xFA, 0xF3, 0xF2, 0xF1, 0xF9) and head[2] != 0xFF


def _reads(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
