"""Under ASGI a file goes out as it is read, whoever answers with it."""

import io
from typing import Any

import pytest
from django.http import FileResponse, HttpResponse
from django.test import AsyncClient, AsyncRequestFactory, RequestFactory

from config.middleware import PIECE_BYTES, files_in_pieces

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("size", [0, 10, PIECE_BYTES, 3 * PIECE_BYTES + 1])
async def test_a_file_is_read_piece_by_piece_and_closed(size: int) -> None:
    source = io.BytesIO(b"x" * size)
    response: Any = files_in_pieces(lambda request: FileResponse(source))(AsyncRequestFactory().get("/"))
    assert response["Content-Length"] == str(size)
    assert source.tell() == 0
    found, read = [], []
    async for piece in response:  # a warning would be an error here
        found.append(piece)
        read.append(source.tell())
    assert b"".join(found) == b"x" * size
    assert read[0] <= PIECE_BYTES
    response.close()
    assert source.closed


def test_other_answers_and_other_servers_are_left_alone() -> None:
    plain = HttpResponse("x")
    assert files_in_pieces(lambda request: plain)(AsyncRequestFactory().get("/")) is plain
    source = io.BytesIO(b"x" * 10)
    response: Any = files_in_pieces(lambda request: FileResponse(source))(RequestFactory().get("/"))
    assert (response.is_async, b"".join(response.streaming_content)) == (False, b"x" * 10)


async def test_the_site_answers_its_own_files_so(async_client: AsyncClient) -> None:
    response: Any = await async_client.get("/sw.js")
    assert (response.status_code, response.is_async) == (200, True)
    assert b"".join([piece async for piece in response])
