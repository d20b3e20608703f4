"""A stored picture says nothing about where it was taken."""

from io import BytesIO
from typing import Any
from zlib import crc32

import pillow_heif
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image as Pillow
from wagtail.images.models import Image
from wagtail.models import Collection

from cms.pictures import without_traces
from tests.factories.cms import LessonPageFactory
from tests.factories.courses import give_course
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
        ("iphone.heic", heic): "文件可能不完整",
        ("renamed.jpg", heic): "文件可能不完整",
        ("named.heic", b"GIF89b"): "图",
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


def iphone_photo(*, size: tuple[int, int] = (60, 40)) -> bytes:
    """As an iPhone makes it: lying on its side, with a place in it; the red half is on the left when it is upright."""
    picture = Pillow.new("RGB", size, "blue")
    picture.paste("red", (0, size[1] // 2, size[0], size[1]))
    exif = Pillow.Exif()
    exif[MAKER], exif[0x0112] = "Phone of 王秀兰", 6
    exif.get_ifd(0x8825)[1] = "N"
    out = BytesIO()
    pillow_heif.from_pillow(picture).save(out, quality=90, exif=exif.tobytes())
    return out.getvalue()


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["IMG_1.HEIC", "renamed.jpg"])
def test_an_iphones_photo_becomes_a_picture_for_everybody(client: Client, var_dir: Any, name: str) -> None:
    client.force_login(make_county().organiser)
    data = iphone_photo()
    assert b"Phone of" in data
    assert sent(client, name, data) == []
    stored = Image.objects.get()
    assert stored.file.name.endswith(".jpg")
    assert (stored.width, stored.height) == (40, 60)
    with stored.file.open("rb") as kept:
        shown = Pillow.open(BytesIO(kept.read()))
    assert (shown.format, dict(shown.getexif())) == ("JPEG", {})
    left, right = shown.getpixel((5, 30)), shown.getpixel((35, 30))
    assert left[0] > 200 > left[2]
    assert right[2] > 200 > right[0]


@pytest.mark.integration
@pytest.mark.django_db
def test_an_enormous_or_heavy_iphones_photo_is_refused_before_it_is_decoded(
    client: Client, var_dir: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(make_county().organiser)
    settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS = 500
    monkeypatch.setattr(pillow_heif.HeifFile, "to_pillow", lambda _photo: pytest.fail("decoded"))
    assert "最多" in sent(client, "IMG_1.HEIC", iphone_photo())[0]
    settings.WAGTAILIMAGES_MAX_UPLOAD_SIZE = 100
    assert "图片文件太大" in sent(client, "IMG_1.HEIC", iphone_photo())[0]
    assert Image.objects.count() == 0


def sent(client: Client, name: str, data: bytes) -> list[str]:
    """Send a picture; return what is said against it."""
    values = {"title": "图", "file": SimpleUploadedFile(name, data)}
    values |= {"collection": Collection.get_first_root_node().pk, "tags": ""}
    answer = client.post("/admin/images/add/", values)
    return [] if answer.status_code == 302 else answer.context["form"].errors["file"]


def moving(kind: str, *, notes: bool = False, side: int = 40) -> bytes:
    frames = [Pillow.new("RGB", (side, side), colour) for colour in ("red", "green", "blue")]
    exif = Pillow.Exif()
    exif[MAKER] = "Phone of 王秀兰"
    out = BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=80, **({"exif": exif} if notes else {}))
    return out.getvalue()


def frames_in(data: bytes) -> int:
    with Pillow.open(BytesIO(data)) as picture:
        picture.load()
        return int(getattr(picture, "n_frames", 1))


@pytest.mark.unit
def test_a_moving_picture_loses_its_notes_and_keeps_its_frames() -> None:
    data = moving("WEBP", notes=True)
    assert b"Phone of" in data
    clean = without_traces(SimpleUploadedFile("a.img", data)).read()
    assert (b"Phone of" in clean, frames_in(clean)) == (False, 3)


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_moving_picture_moves_in_the_lesson(client: Client, var_dir: Any, kind: str) -> None:
    world = make_county()
    client.force_login(world.organiser)
    data = moving(kind)
    assert sent(client, f"a.{kind.lower()}", data) == []
    image = Image.objects.get()
    given = give_course(world.branch)
    body = [("picture", {"image": image, "alt": "演示", "decorative": False})]
    lesson = LessonPageFactory(course=given.page, body=body)
    draft = client.get(f"/admin/pages/{lesson.pk}/view_draft/").content.decode()
    assert b"".join(client.get(f"/files/{image.file.name}").streaming_content) == data
    assert f"/files/{image.file.name}" in draft
    client.force_login(world.member)
    shown = client.get(f"/courses/{given.run.pk}/{lesson.pk}/pictures/{image.pk}/")
    assert frames_in(b"".join(shown.streaming_content)) == 3
    assert shown["Content-Type"] == f"image/{kind.lower()}"


@pytest.mark.integration
@pytest.mark.django_db
def test_a_large_moving_picture_is_sent_to_the_videos(
    client: Client, var_dir: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(make_county().organiser)
    monkeypatch.setattr("cms.moving.ANIMATED_BYTES", 100)
    assert "到“视频”里上传" in sent(client, "a.gif", moving("GIF"))[0]
    assert sent(client, "a.png", photo("PNG", notes=False)) == []


@pytest.mark.integration
@pytest.mark.django_db
def test_a_picture_is_what_it_holds_and_not_its_name(client: Client, var_dir: Any) -> None:
    client.force_login(make_county().organiser)
    for name, ending in (("photo.png", ".jpg"), ("photo.jpg", ".jpg"), ("photo.jpeg", ".jpeg"), ("photo", ".jpg")):
        assert sent(client, name, photo(notes=False)) == []
        assert Image.objects.latest("pk").file.name.endswith(ending)
    assert sent(client, "a.jpg", photo("PNG", notes=False)) == []
    assert Image.objects.latest("pk").file.name.endswith(".png")


@pytest.mark.integration
@pytest.mark.django_db
def test_what_belongs_elsewhere_is_sent_there(client: Client, var_dir: Any) -> None:
    client.force_login(make_county().organiser)
    film = b"\0\0\0\x20ftypisom" + b"\0" * 400
    words = {
        ("a.jpg", film): "请到“视频”里上传",
        ("a.png", "同志们好".encode()): "请到“文档”里上传",
        ("a.jpg", b"%PDF-1.4"): "请到“文档”里上传",
        ("dot.png", photo("PNG", notes=False, size=(1, 1))): "只有 1×1，手机上看不清。请换",
        ("line.png", photo("PNG", notes=False, size=(1280, 3))): "只有 1280×3",
        ("apng.png", moving("PNG")): "不支持 PNG 动图。请存成 GIF",
        ("empty.png", b""): "这个文件是空的。请重新选择。",
        ("noise.jpg", bytes(range(256)) * 4): "图片",
    }
    for (name, data), said in words.items():
        errors = sent(client, name, data)
        assert len(errors) == 1, name
        assert said in errors[0], (name, errors)
        assert errors[0].endswith("。"), errors
    assert not Image.objects.exists()


@pytest.mark.integration
@pytest.mark.django_db
def test_too_many_pixels_are_seen_in_the_head(client: Client, var_dir: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo of 108 million is refused before anything is decoded, and told in the words of cameras."""
    client.force_login(make_county().organiser)
    data = photo("PNG", notes=False, size=(400, 300))
    heads = {side: b"IHDR" + side.to_bytes(4, "big") * 2 + data[24:29] for side in (10_400, 60_000)}
    lying = {side: data[:12] + head + crc32(head).to_bytes(4, "big") + data[33:] for side, head in heads.items()}
    decoded: list[Any] = []
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda picture: decoded.append(picture))
    said = sent(client, "a.png", lying[10_400])
    assert said == ["图片有 10816 万像素，最多 4000 万像素。请在手机或电脑上把它缩小，再上传。"]
    assert "最多 4000 万像素" in sent(client, "a.png", lying[60_000])[0]
    assert decoded == []
