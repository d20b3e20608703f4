"""Pictures of the library: each can be shown, and says nothing about where, when and with what it was taken."""

import struct
from io import BytesIO
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import BaseImageForm

QUALITY = 90
# Where the formats that we take keep what a camera adds: place, time, device, owner.
TRACES = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif", "Raw profile type APP1", "comment", "photoshop")
# What Pillow and Willow raise for a file that is damaged, cut off or made to harm.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
# The brands in the first box of an iPhone's photo.
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


class PictureField(WagtailImageField):
    """Takes a picture that a browser can show, whole; for all others it says what to do next."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Also what the page for many pictures says before it sends anything.
        self.error_messages["invalid_image_extension"] = _(
            "不支持这种图片。请用 %(formats)s；苹果手机的 HEIC 照片请先另存为 JPG。"
        ) % {"formats": self.supported_formats_text}

    def to_python(self, data: Any) -> Any:
        if data in self.empty_values or not hasattr(data, "read"):
            return super().to_python(data)
        if is_heic(data):
            raise ValidationError(
                _(
                    "这是苹果手机的 HEIC 照片，很多浏览器打不开。请在手机的“设置 › 相机 › 格式”里选“兼容性最佳”再拍，"
                    "或把它另存为 JPG 再上传。"
                ),
                code="heic",
            )
        try:
            file = super().to_python(data)
            data.seek(0)
            with Image.open(data) as picture:
                picture.load()
        except UNREADABLE as error:
            raise ValidationError(
                _("这张图片读不出来，文件可能不完整。请重新保存或重新拍一张再上传。"), code="unreadable"
            ) from error
        data.seek(0)
        return file


def is_heic(upload: Any) -> bool:
    """Say whether a file is an iPhone's photo, by its name or by its first bytes."""
    upload.seek(0)
    head = upload.read(12)
    upload.seek(0)
    name = str(getattr(upload, "name", "")).lower()
    return name.endswith((".heic", ".heif")) or (head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS)


class PictureForm(BaseImageForm):
    """Wagtail's form for pictures (setting WAGTAILIMAGES_IMAGE_FORM_BASE), which takes out what the camera wrote in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (field := self.fields.get("file")) is not None:
            self.fields["file"] = PictureField(label=field.label, required=field.required, widget=field.widget)

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if "file" not in self.changed_data or not upload:
            return upload
        return without_traces(upload)


def without_traces(upload: Any) -> Any:
    """Return the upload, written anew and upright when a camera or editor left notes in it; else as it came.

    The pixels were limited and decoded by the form field before; an animated picture keeps its frames untouched (GIF
    has no place for such notes that phones use).
    """
    upload.seek(0)
    with Image.open(upload) as picture:
        if not (picture.getexif() or any(trace in picture.info for trace in TRACES)) or picture.format == "GIF":
            upload.seek(0)
            return upload
        kind = picture.format or "JPEG"
        upright = ImageOps.exif_transpose(picture)
        for trace in TRACES:
            upright.info.pop(trace, None)
        clean = BytesIO()
        upright.save(clean, format="JPEG" if kind == "MPO" else kind, quality=QUALITY, exif=b"")
    file: Any = ContentFile(clean.getvalue(), name=upload.name)
    # Wagtail reads these two from what its form field checked.
    file.image = getattr(upload, "image", None)
    file.content_type = getattr(upload, "content_type", None)
    return file
