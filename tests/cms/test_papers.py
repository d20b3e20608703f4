"""A document is what its name says; what is something else is sent where it belongs."""

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from wagtail.documents.models import Document
from wagtail.models import Collection

from cms.uploads import is_text, kind_of
from tests.cms.test_pictures import photo
from tests.factories.organizations import make_county

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500
NOISE = bytes((index * 37 + index // 7) % 256 for index in range(4000))
FILM = b"\0\0\0\x20ftypisom" + b"\0" * 400


def packed() -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return out.getvalue()


def sent(client: Client, name: str, data: bytes, door: str = "add/") -> list[str]:
    """Send a document; return what is said against it."""
    values = {"title": "讲义", "collection": Collection.get_first_root_node().pk, "tags": ""}
    answer = client.post(f"/admin/documents/{door}", {**values, "file": SimpleUploadedFile(name, data)})
    return [] if answer.status_code == 302 else list(answer.context["form"].errors["file"])


TAKEN = {
    "a.pdf": b"%PDF-1.7\n" + NOISE,
    "b.PDF": b"\n\n%PDF-1.4 words",
    "a.docx": packed(),
    "locked.docx": OLE,
    "a.doc": OLE,
    "rtf.doc": b"{\\rtf1\\ansi words}",
    "a.xls": OLE,
    "a.wps": OLE,
    "b.wps": packed(),
    "a.zip": packed(),
    "a.txt": "同志们好\r\n".encode(),
    "windows.txt": ("同志们好" * 900).encode("gb18030"),
    "cut.txt": ("a" + "好" * 2000).encode(),
    "marked.txt": "\ufeff同志们好".encode("utf-16-le"),
    "a.csv": "姓名,手机号\n".encode("gb18030"),
}
REFUSED = {
    "empty.pdf": (b"", "这个文件是空的。请重新选择。"),
    "noise.pdf": (NOISE, "这不是 PDF 文件，或者文件已损坏。"),
    "noise.doc": (NOISE, "这不是 DOC 文件"),
    "noise.txt": (NOISE, "这不是 TXT 文件"),
    "noise.zip": (NOISE, "这不是 ZIP 文件"),
    "words.docx": ("同志们好".encode(), "这不是 DOCX 文件"),
    "paper.txt": (b"%PDF-1.4", "这不是 TXT 文件"),
    "photo.jpg": (photo(notes=False), "请到“图片”里上传"),
    "photo.pdf": (photo(notes=False), "请到“图片”里上传"),
    "film.mp4": (FILM, "请到“视频”里上传"),
    "film.pdf": (FILM, "请到“视频”里上传"),
    "song.zip": (b"ID3\x03\0" + NOISE, "请到“视频”里上传"),
}


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("name", TAKEN)
def test_a_document_that_is_one_is_taken(client: Client, var_dir: Any, name: str) -> None:
    client.force_login(make_county().organiser)
    assert sent(client, name, TAKEN[name]) == []
    with Document.objects.get().file.open("rb") as kept:
        assert kept.read() == TAKEN[name]


@pytest.mark.integration
@pytest.mark.django_db
def test_what_is_none_is_refused_in_one_sentence(client: Client, var_dir: Any) -> None:
    client.force_login(make_county().organiser)
    for name, (data, words) in REFUSED.items():
        said = sent(client, name, data)
        assert len(said) == 1, (name, said)
        assert words in said[0], (name, said)
    values = {"title": "x", "collection": Collection.get_first_root_node().pk}
    many = client.post("/admin/documents/multiple/add/", {**values, "files[]": SimpleUploadedFile("a.pdf", NOISE)})
    assert "这不是 PDF 文件" in many.json()["error_message"]
    chosen = client.post("/admin/documents/chooser/create/", {
        "document-chooser-upload-title": "x", "document-chooser-upload-collection": values["collection"],
        "document-chooser-upload-file": SimpleUploadedFile("a.pdf", NOISE),
    })  # fmt: skip
    assert "这不是 PDF 文件" in chosen.json()["htmlFragment"]
    assert not Document.objects.exists()


@pytest.mark.unit
def test_words_are_told_from_noise() -> None:
    assert (is_text(b""), is_text("a好".encode()[:-1]), is_text(NOISE)) == (True, True, False)
    assert (kind_of(b"BM words of a song"), kind_of(NOISE)) == ("text", "")
