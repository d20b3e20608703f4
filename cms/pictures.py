"""Pictures of the library: what is stored says nothing about where, when and with what it was taken."""

from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image, ImageOps
from wagtail.images.forms import BaseImageForm

QUALITY = 90
# Where the formats that we take keep what a camera adds: place, time, device, owner.
TRACES = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif", "Raw profile type APP1", "comment", "photoshop")


class PictureForm(BaseImageForm):
    """Wagtail's form for pictures (setting WAGTAILIMAGES_IMAGE_FORM_BASE), which takes out what the camera wrote in."""

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
