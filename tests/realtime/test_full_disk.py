"""Uploads on a disk that fills: a file system of 16 MiB that the web process alone sees.

Root, or a user who may make user namespaces; where neither can mount one, the process ends and the tests fail.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.models import Upload
from organizations.models import Role, User
from tests.factories.organizations import RoleGrantFactory
from tests.faults.promises import measured
from tests.realtime.conftest import RoomServer, serving
from tests.realtime.raw import Answer, Line
from tests.realtime.test_uploads import Uploader

pytestmark = [pytest.mark.realtime, pytest.mark.django_db(transaction=True)]
MIB = 2**20
DISK = 16 * MIB
RESERVE = DISK * 8 // 100
FAULT = "disk 92 % full"
BECOME_ROOT = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]


@pytest.fixture
def small_disk(transactional_db: None, tmp_path: Path) -> Iterator[RoomServer]:
    (tmp_path / "files").mkdir()
    mount = f'mount -t tmpfs -o size={DISK} none "{tmp_path}/files" && exec "$@"'
    with serving(tmp_path, prefix=["unshare", *BECOME_ROOT, "--mount", "sh", "-c", mount, "sh"]) as server:
        assert shutil.disk_usage(files(server)).total == DISK
        yield server


def files(server: RoomServer) -> Path:
    """The server's storage root, as it sees it itself."""
    return Path(f"/proc/{server.process.pid}/root{server.log.parent}/files")


@pytest.fixture
def uploader(small_disk: RoomServer) -> Uploader:
    user: User = RoleGrantFactory(role=Role.ORGANISER).user
    found = Uploader(small_disk, user)
    found.upload.delete()
    return found


def create(uploader: Uploader, length: int) -> Answer:
    with Line(uploader.server.port) as line:
        answer = line.ask("POST", "/uploads/", uploader.headers(Upload_Length=length, Content_Length=0)).answer()
    if answer.status == 201:
        uploader.upload = Upload.objects.get(pk=answer.headers["location"].split("/")[2])
        uploader.file = files(uploader.server) / ".uploads" / str(uploader.upload.pk)
    return answer


def patch(uploader: Uploader, offset: int, size: int) -> Answer:
    with uploader.patch(offset, b"x" * size) as line:
        return line.answer()


def free(uploader: Uploader) -> int:
    return shutil.disk_usage(files(uploader.server)).free


def test_what_others_were_promised_is_not_promised_twice(uploader: Uploader) -> None:
    assert create(uploader, 12 * MIB).status == 201
    first = uploader.url
    answer = create(uploader, 4 * MIB)
    assert (answer.status, answer.json()["error"]) == (507, "no_room")
    assert answer.json()["message"] == (
        "服务器存储空间不足：还能接收 2.7\xa0MB，这个文件要 4.0\xa0MB。请联系管理员清理，或者先传小一些的文件。"
    )
    assert Upload.objects.count() == 1
    assert create(uploader, 2 * MIB).status == 201
    with Line(uploader.server.port) as line:
        assert line.ask("DELETE", first, uploader.headers()).answer().status == 204
    assert create(uploader, 4 * MIB).status == 201


@pytest.mark.faults
def test_piece_that_meets_the_reserve_leaves_it_alone(uploader: Uploader) -> None:
    """Evidence lies on the same disk: what an upload may not have stays free, also in the middle of a piece."""
    assert create(uploader, 8 * MIB).status == 201
    assert patch(uploader, 0, MIB).headers["upload-offset"] == str(MIB)
    fill = files(uploader.server) / "fill"
    fill.write_bytes(b"0" * (free(uploader) - RESERVE - 2 * MIB))
    before = free(uploader)
    answer = patch(uploader, MIB, 3 * MIB)
    kept = [
        measured(FAULT, "uploads are refused", answer.status, unit="status", least=507, most=507),
        measured(FAULT, "what was acknowledged is kept", uploader.offset(), unit="bytes", least=MIB, most=MIB),
        measured(FAULT, "the reserve stays free", free(uploader), unit="bytes", least=RESERVE, most=DISK),
    ]
    assert all(kept)
    assert answer.json()["error"] == "disk_full"
    assert answer.json()["message"] == (
        "服务器存储空间不足，上传停下了，已传的部分会保留。请联系管理员清理后，再按“继续”。"
    )
    assert (free(uploader), uploader.file.stat().st_size, uploader.offset()) == (before, MIB, MIB)
    fill.write_bytes(b"0" * (fill.stat().st_size + 2 * MIB))
    assert patch(uploader, MIB, 64 * 1024).status == 507
    assert free(uploader) <= RESERVE
    fill.unlink()
    assert patch(uploader, MIB, 3 * MIB).headers["upload-offset"] == str(4 * MIB)
