"""What nobody sends who means well: as a key in an address, a question, a field of a form, a body."""

from typing import Any

KEYS = ("0", "x", str(2**63 - 1), str(2**63), "9" * 30, "-1", "%00", "%ED%A0%80", "..", "a" * 300)
UUIDS = ("x", "00000000-0000-0000-0000-000000000000", "6914a594194a45c7badf351f9574fc05", "%00")

TEXTS = (
    "", "\x00", "\x00a", "a" * 70_000, "<script>alert(1)</script>", "=1+1", "9" * 400, "-1", "-0", "1e309", "NaN",
    "Infinity", "٣", "{}", "[]", "null", "true", '{"a":' * 50, '{"blocks":[]}',
    '{"blocks":[{"key":"a","type":"zz","text":1}],"entityMap":{}}', "2026-02-30", "0000-00-00", "0001-01-01 00:00",
    "9999-12-31 23:59:59", "10000-01-01", "2026-11-25T22:00+99:99", "../../etc/passwd", "%s%n{0}{{7*7}}",
    "\u202e\u200b", "\"';--", str(2**63), str(-(2**63) - 1), "1.5", "1,2", "１３８００００００００", "\r\nX-A: b",
    "javascript:alert(1)", "http://[::1", "6914a594-194a-45c7-badf-351f9574fc05",
)  # fmt: skip
# Bytes that are no text: half a character, a lone surrogate.
BYTES = (b"\xff\xfe", b"\xed\xa0\x80", b"\xe4\xb8")

QUESTIONS = (
    "q", "page", "p", "id", "node", "order", "ordering", "state", "limit", "offset", "fields", "search", "child_of",
    "descendant_of", "next", "v", "t", "encoding", "device", "title", "owner", "collection_id", "tag", "format",
    "export", "locale", "for_explorer", "ids", "term", "page_types", "is_exporting", "date", "created_at_from",
    "allow_external_link", "link_text", "parent_page_id", "training", "occasion", "who", "what", "from", "to",
)  # fmt: skip

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BODIES: tuple[dict[str, Any], ...] = (
    {},
    {"data": "", "content_type": FORM},
    {"data": "a=1&a=2&%00=%ff", "content_type": FORM},
    {"data": "[]", "content_type": JSON},
    {"data": "null", "content_type": JSON},
    {"data": '"x"', "content_type": JSON},
    {"data": "[" * 60_000, "content_type": JSON},
    {"data": b"\xff\x00", "content_type": JSON},
    {"data": '{"device":"00000000000000000000000000000000","media":"v:x"}', "content_type": JSON},
    {
        "data": '{"session":1e999,"id":"a","ranges_ms":[[0,1180591620717411303424]],"rate":1e300,"position_ms":-1}',
        "content_type": JSON,
    },
    {"data": '{"id":"a","device":"\\ud800","from_ms":9007199254740992,"to_ms":-1}', "content_type": JSON},
    {"data": b"--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\x00\"\r\n\r\n",
     "content_type": "multipart/form-data; boundary=x"},
    {"data": b"x", "content_type": "multipart/form-data"},
)  # fmt: skip
