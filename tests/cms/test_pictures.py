"""A stored picture says nothing about where it was taken."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image as Pillow
from wagtail.images.models import Image
from wagtail.models import Collection

from cms.pictures import without_traces
from tests.factories.organizations import make_county

GPS, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F


def photo(kind: str = "JPEG", *, notes: bool = True, size: tuple[int, int] = (40, 20)) -> bytes:
    picture = Pillow.new("RGB", size, (200, 30, 30))
    exif = Pillow.Exif()
    if notes:
        exif[ORIENTATION], exif[MAKER] = 6, "Phone of 王秀兰"
        exif.get_ifd(GPS)[1] = "N"
        exif.get_ifd(GPS)[2] = (30.0, 15.0, 0.0)
    out = BytesIO()
    picture.save(out, kind, **({"exif": exif} if notes else {}))
    return out.getvalue()


@pytest.mark.unit
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_place_maker_and_turn_are_taken_out(kind: str) -> None:
    clean = without_traces(SimpleUploadedFile("a.img", photo(kind)))
    assert b"Phone of" not in clean.read()
    clean.seek(0)
    with Pillow.open(clean) as picture:
        assert dict(picture.getexif()) == {}
        assert (picture.format, picture.size) == (kind, (20, 40))


@pytest.mark.unit
def test_a_picture_without_notes_is_kept_byte_by_byte() -> None:
    data = photo(notes=False)
    assert without_traces(SimpleUploadedFile("a.jpg", data)).read() == data


@pytest.mark.integration
@pytest.mark.django_db
def test_an_organisers_photo_is_stored_without_its_place(client: Client, var_dir: Any) -> None:
    world = make_county()
    client.force_login(world.organiser)
    file = SimpleUploadedFile("photo.jpg", photo(), content_type="image/jpeg")
    collection = Collection.get_first_root_node().pk
    answer = client.post("/admin/images/add/", {"title": "水沟", "file": file, "collection": collection, "tags": ""})
    assert answer.status_code == 302, answer.content.decode()[:500]
    stored = Image.objects.get()
    with stored.file.open("rb") as kept:
        assert b"Phone of" not in kept.read()
    assert (stored.width, stored.height) == (20, 40)
    shown = client.get(f"/files/{stored.file.name}")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert b"".join(shown.streaming_content)
    client.force_login(world.member)
    assert client.get(f"/files/{stored.file.name}").status_code == 404


@pytest.mark.integration
@pytest.mark.django_db
def test_svg_and_enormous_pictures_are_refused(client: Client, var_dir: Any, settings: Any) -> None:
    world = make_county()
    client.force_login(world.organiser)
    settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS = 500
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for name, data in (("a.svg", svg), ("a.jpg", svg), ("big.jpg", photo(notes=False))):
        file = SimpleUploadedFile(name, data)
        values = {"title": "图", "file": file, "collection": Collection.get_first_root_node().pk, "tags": ""}
        assert client.post("/admin/images/add/", values).status_code == 200
    assert Image.objects.count() == 0


@pytest.mark.integration
@pytest.mark.django_db
def test_a_picture_that_cannot_be_shown_is_refused_with_the_next_step(client: Client, var_dir: Any) -> None:
    world = make_county()
    client.force_login(world.organiser)
    png = photo("PNG", notes=False, size=(400, 300))
    enormous = png[:16] + (60_000).to_bytes(4, "big") * 2 + png[24:60]
    heic = b"\x00\x00\x00\x18ftypheic" + b"\x00" * 400
    words = {
        ("iphone.heic", heic): "选“兼容性最佳”",
        ("renamed.jpg", heic): "选“兼容性最佳”",
        ("cut.png", png[:60]): "文件可能不完整",
        ("cut.jpg", photo(notes=False, size=(400, 300))[:800]): "文件可能不完整",
        ("broken.gif", b"GIF89a and then words"): "图",
        ("enormous.png", enormous): "图",
        ("empty.png", b""): "空",
    }
    for (name, data), said in words.items():
        values = {"title": "图", "file": SimpleUploadedFile(name, data)}
        values |= {"collection": Collection.get_first_root_node().pk, "tags": ""}
        answer = client.post("/admin/images/add/", values)
        assert answer.status_code == 200, name
        assert said in answer.context["form"].errors["file"][0], (name, answer.context["form"].errors)
    assert Image.objects.count() == 0
