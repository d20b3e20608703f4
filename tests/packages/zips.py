"""SCORM packages made by code, right ones and broken ones."""

import io
import zipfile
from collections.abc import Mapping

SCORM_12 = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="o"><organization identifier="o"><title>防汛课件</title>
    <item identifier="i" identifierref="r"><title>第一节</title></item></organization></organizations>
  <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"/></resources>
</manifest>"""
SCORM_2004 = (
    SCORM_12.replace("adlcp_rootv1p2", "adlcp_v1p3")
    .replace("imsproject.org/xsd/imscp_rootv1p1p2", "imsglobal.org/xsd/imscp_v1p1")
    .replace("scormtype", "scormType")
    .replace(">1.2<", ">2004 4th Edition<")
)
PAGE = "<!DOCTYPE html><html><head><title>课件</title></head><body>你好</body></html>"


def make_package(
    manifest: str | bytes = SCORM_12, files: Mapping[str, str | bytes] | None = None, *, folder: str = ""
) -> io.BytesIO:
    """Return a package as a file; ``folder`` ends with "/"."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(f"{folder}imsmanifest.xml", manifest)
        for name, text in ({"index.html": PAGE} if files is None else files).items():
            pack.writestr(f"{folder}{name}", text)
    made.seek(0)
    made.name = "kejian.zip"
    return made
