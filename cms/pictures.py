"""Pictures of the library: each can be shown, and says nothing about where, when and with what it was taken."""

import warnings
from io import BytesIO
from pathlib import PurePath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import BaseImageForm

from cms import moving
from cms.belonging import BelongsToAUnit
from cms.heic import UnableToConvert, as_jpeg
from cms.moving import UNREADABLE, frames_of
from cms.replacing import AsksBeforeReplacing
from cms.uploads import elsewhere, head_of, is_heic, picture_format

QUALITY = 90
# The endings of each format's names, the usual one first.
ENDINGS = {"jpeg": (".jpg", ".jpeg"), "png": (".png",), "gif": (".gif",), "webp": (".webp",)}
# Where the formats that we take keep what a camera adds: place, time, device, owner.
TRACES = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif", "Raw profile type APP1", "comment", "photoshop")
# Smaller is nothing to look at; longer than wide by more is a line on a phone.
LEAST_SIDE, MOST_LENGTH_TO_WIDTH = 16, 20


class PictureField(WagtailImageField):
    """Takes a picture that a browser can show, whole; for all others it says what to do next."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.error_messages["empty"] = _("这个文件是空的。请重新选择。")
        self.error_messages["invalid_image"] = _("这张图片读不出来，文件可能不完整。请重新保存或重新拍一张再上传。")
        self.error_messages["file_too_large"] = _(
            "图片文件太大（%(file_size)s）：最大 %(max_filesize)s。请在手机或电脑上把它缩小，再上传。"
        )
        # Also what the page for many pictures says before it sends anything.
        self.error_messages["invalid_image_extension"] = _("不支持这种图片。请用 %(formats)s。") % {
            "formats": self.supported_formats_text
        }

    def to_python(self, data: Any) -> Any:
        if data in self.empty_values or not hasattr(data, "read"):
            return super().to_python(data)
        data = self.shown_everywhere(data)
        self.refuse_by_head(data)
        try:
            self.refuse_by_size(data)
            file = super().to_python(data)
            data.seek(0)
            with Image.open(data) as picture:
                picture.load()
        except UNREADABLE as error:
            raise ValidationError(self.error_messages["invalid_image"], code="unreadable") from error
        data.seek(0)
        return file

    def shown_everywhere(self, upload: Any) -> Any:
        """Return an iPhone's photo as JPEG, under its name; all others as they came. Raises ValidationError."""
        if not is_heic(head_of(upload)):
            return upload
        self.check_image_file_size(upload)
        name = f"{PurePath(str(upload.name)).stem or 'picture'}.jpg"
        try:
            return as_jpeg(upload, name=name, most_pixels=self.max_image_pixels)
        except UnableToConvert as error:
            if error.pixels:
                raise too_many_pixels(error.pixels, self.max_image_pixels) from error
            raise ValidationError(self.error_messages["invalid_image"], code="unreadable") from error

    def refuse_by_head(self, upload: Any) -> None:
        """Raise ValidationError for what is no picture that browsers show; the others get the ending that is theirs."""
        head = head_of(upload)
        name = PurePath(str(upload.name))
        if head and name.suffix.lower() != ".svg" and (sentence := elsewhere(head, here="picture")):
            raise ValidationError(sentence, code="elsewhere")
        kind = picture_format(head)
        if kind and name.suffix.lower() not in ENDINGS[kind]:
            upload.name = f"{name.stem or 'picture'}{ENDINGS[kind][0]}"

    def refuse_by_size(self, upload: Any) -> None:
        """Raise ValidationError by what the picture says of itself; nothing is decoded before."""
        upload.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            try:
                with Image.open(upload) as picture:
                    (width, height), frames = picture.size, frames_of(picture)
                    is_apng = picture.format == "PNG" and getattr(picture, "is_animated", False)
            except Image.DecompressionBombError as error:
                raise too_many_pixels(None, self.max_image_pixels) from error
            except UnidentifiedImageError:
                return  # Wagtail says what it is not
            finally:
                upload.seek(0)
        if is_apng:
            raise ValidationError(_("不支持 PNG 动图。请存成 GIF 再上传，或者存成视频到“视频”里上传。"), code="apng")
        if width * height > self.max_image_pixels:
            raise too_many_pixels(width * height, self.max_image_pixels)
        if min(width, height) < LEAST_SIDE or max(width, height) > MOST_LENGTH_TO_WIDTH * min(width, height):
            raise ValidationError(
                _("这张图片只有 %(width)s×%(height)s，手机上看不清。请换一张大一些的图片。")
                % {"width": width, "height": height},
                code="too_small",
            )
        if frames > 1 and (upload.size > moving.ANIMATED_BYTES or width * height * frames > self.max_image_pixels):
            raise ValidationError(
                _("动图太大：最大 %(size)s。请压缩，或者存成视频到“视频”里上传。")
                % {"size": filesizeformat(moving.ANIMATED_BYTES)},
                code="animated",
            )


def too_many_pixels(found: int | None, limit: int) -> ValidationError:
    most = {"most": limit // 10_000}
    if found is None:
        words = _("图片太大：最多 %(most)s 万像素。请在手机或电脑上把它缩小，再上传。") % most
    else:
        words = _("图片有 %(found)s 万像素，最多 %(most)s 万像素。请在手机或电脑上把它缩小，再上传。") % {
            "found": found // 10_000,
            **most,
        }
    return ValidationError(words, code="file_too_many_pixels")


class PictureForm(BelongsToAUnit, AsksBeforeReplacing, BaseImageForm):
    """Wagtail's form for pictures (setting WAGTAILIMAGES_IMAGE_FORM_BASE), which takes out what the camera wrote in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (field := self.fields.get("file")) is not None:
            self.fields["file"] = PictureField(label=field.label, required=field.required, widget=field.widget)
        if (field := self.fields.get("description")) is not None:
            field.help_text = _("请写一句图片里有什么，读给看不见图片的人听。")

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if "file" not in self.changed_data or not upload:
            return upload
        return without_traces(upload)


def without_traces(upload: Any) -> Any:
    """Return the upload, written anew and upright when a camera or editor left notes in it; else as it came.

    The pixels were limited and decoded by the form field before. A moving picture keeps its frames: out of WebP the
    notes are cut, and a GIF has no place for such notes that phones use.
    """
    upload.seek(0)
    with Image.open(upload) as picture:
        if not (picture.getexif() or any(trace in picture.info for trace in TRACES)) or picture.format == "GIF":
            upload.seek(0)
            return upload
        kind = picture.format or "JPEG"
        if frames_of(picture) > 1:
            upload.seek(0)
            return _in_place_of(upload, webp_without_notes(upload.read()))
        upright = ImageOps.exif_transpose(picture)
        for trace in TRACES:
            upright.info.pop(trace, None)
        clean = BytesIO()
        upright.save(clean, format="JPEG" if kind == "MPO" else kind, quality=QUALITY, exif=b"")
    return _in_place_of(upload, clean.getvalue())


def _in_place_of(upload: Any, data: bytes) -> Any:
    file: Any = ContentFile(data, name=upload.name)
    # Wagtail reads these two from what its form field checked.
    file.image = getattr(upload, "image", None)
    file.content_type = getattr(upload, "content_type", None)
    return file


def webp_without_notes(data: bytes) -> bytes:
    """Cut the chunks for notes out of a WebP file, and the two bits in its head that announce them."""
    kept, at = bytearray(), 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = bytearray(data[at : at + 8 + size + size % 2])
        at += len(chunk)
        if name == b"VP8X" and len(chunk) > 8:
            chunk[8] &= ~0x0C
        if name not in (b"EXIF", b"XMP "):
            kept += chunk
    return b"RIFF" + (len(kept) + 4).to_bytes(4, "little") + b"WEBP" + bytes(kept)
