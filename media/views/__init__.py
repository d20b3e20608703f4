"""HTTP: signed media files (``files``), resumable uploads (``uploads``), the video screens in the admin (``admin``)."""
