"""Pages are compressed on their way; what streams or comes in ranges is not."""

import gzip

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory

from organizations.compression import PageCompressionMiddleware

pytestmark = pytest.mark.unit
TEXT = "还有 35 位没有参加" * 100


def passed(response: HttpResponseBase) -> HttpResponseBase:
    request: HttpRequest = RequestFactory().get("/", headers={"accept-encoding": "gzip, br"})
    return PageCompressionMiddleware(lambda _request: response)(request)


def test_a_page_comes_compressed_and_whole() -> None:
    response = passed(HttpResponse(TEXT))
    assert response.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response.headers["Vary"]
    assert gzip.decompress(response.content).decode() == TEXT
    assert len(response.content) < len(TEXT.encode()) / 5


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(TEXT, content_type="video/mp4"),
        HttpResponse(TEXT, status=206),
        HttpResponse("短"),
        FileResponse([TEXT.encode()], content_type="text/html"),
    ],
    ids=["media", "range", "short", "stream"],
)
def test_everything_else_passes_untouched(response: HttpResponseBase) -> None:
    assert "Content-Encoding" not in passed(response).headers
