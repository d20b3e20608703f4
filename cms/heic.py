"""iPhones' photos (HEIC), which few browsers show, as JPEG."""

from io import BytesIO
from typing import Any

import pillow_heif
from django.core.files.uploadedfile import SimpleUploadedFile

QUALITY = 90


class UnableToConvert(Exception):
    """The photo is damaged, or larger than ``most_pixels``: then ``pixels`` says how large it claims to be."""

    def __init__(self, pixels: int = 0) -> None:
        super().__init__(str(pixels))
        self.pixels = pixels


def as_jpeg(upload: Any, *, name: str, most_pixels: int) -> SimpleUploadedFile:
    """Return the photo as it is shown: upright, with its colours' profile, without what the camera wrote in.

    Its size is asked before anything is decoded. Of several pictures in the file the main one is taken. Raises
    UnableToConvert.
    """
    upload.seek(0)
    try:
        photo = pillow_heif.open_heif(BytesIO(upload.read()), convert_hdr_to_8bit=True)
        width, height = photo.size
        if width * height > most_pixels:
            raise UnableToConvert(width * height)
        picture = photo.to_pillow()
    except (ValueError, RuntimeError, OSError, EOFError, SyntaxError, MemoryError) as error:
        raise UnableToConvert from error
    out = BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=QUALITY, icc_profile=picture.info.get("icc_profile"), exif=b"")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")
