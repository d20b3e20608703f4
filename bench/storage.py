"""A site's files moved from its disk to S3, beside ``cp`` of the same files, and beside boto3's own upload of them.

A quarter in originals of films, the rest in segments. The S3 service is a stand-in on this machine that writes to the
same disk and computes the tags that a move compares (``bench/_s3_sink.py``): it takes its share of the processors,
which is told, and boto3's upload shows what it lets through. Each counts until all of it is on the disk. The move
deletes what it has moved. BENCH_GB (10): three times as much must be free where BENCH_FOLDER (the temporary one) lies.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_SCRATCH = tempfile.TemporaryDirectory(prefix="classroom-bench-", dir=os.environ.get("BENCH_FOLDER"))
os.environ |= {"DEBUG": "1", "VAR_DIR": _SCRATCH.name}
django.setup()

from bench._figure import figure  # noqa: E402
from bench._room_load import BASE_DIR, TICKS  # noqa: E402
from media.core.place import Place  # noqa: E402
from media.sides import AT_ONCE, Disk  # noqa: E402
from media.sides.bucket import Bucket, client  # noqa: E402
from media.sides.moving import Progress, count, move  # noqa: E402

SIZE = int(float(os.environ.get("BENCH_GB", "10")) * 10**9)
ORIGINAL, SEGMENT = 256 * 10**6, 10**6
FOLDER_FILES = 500
GOAL = 0.8
GOAL_MIB = 300.0


def fill(folder: Path) -> None:
    """Films as they lie below MEDIA_ROOT: no two files alike."""
    block = os.urandom(SEGMENT)
    originals = max(SIZE // 4 // ORIGINAL, 1)
    size = min(ORIGINAL, SIZE // 4)
    for number in range(originals):
        path = folder / f"sources/{number}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for part in range(size // SEGMENT):
                file.write(f"{number}-{part}".encode().ljust(32) + block[32:])
    for number in range((SIZE - originals * size) // SEGMENT):
        path = folder / f"videos/{number // FOLDER_FILES}/1/480p-{number % FOLDER_FILES:04}.m4s"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{number}".encode().ljust(32) + block[32:])


@contextmanager
def service(folder: Path) -> Iterator[tuple[Place, "subprocess.Popen[str]"]]:
    folder.mkdir()
    command = [sys.executable, "-m", "bench._s3_sink", str(folder)]
    process = subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        endpoint = f"http://127.0.0.1:{int(process.stdout.readline())}"
        yield Place("bench", endpoint, "us-east-1", "path", key_id="bench", secret="bench"), process
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)


def timed(work: Callable[[], object], folder: Path) -> float:
    """Seconds until it is done and on the disk."""
    os.sync()
    began = time.perf_counter()
    work()
    subprocess.run(["sync", "-f", str(folder)], check=True)
    return time.perf_counter() - began


def by_boto(folder: Path, place: Place) -> None:
    """The same number of files at once, and no comparison of what came there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(
            pool.map(
                lambda path: client(place).upload_file(str(path), place.bucket, str(path.relative_to(folder))), files
            )
        )


def cpu_s(process: "subprocess.Popen[str]") -> float:
    words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    top = Path(_SCRATCH.name)
    if shutil.disk_usage(top).free < 3.2 * SIZE:
        raise SystemExit(f"{top}: three times BENCH_GB must be free; set BENCH_GB or BENCH_FOLDER")
    source, copy, scratch = top / "source", top / "files", top / "scratch"
    scratch.mkdir()
    fill(source)
    by_cp = timed(lambda: subprocess.run(["cp", "-r", str(source), str(copy)], check=True), top)
    files, size = count(Disk(copy))
    mib = size / 2**20
    with service(top / "bucket") as (place, process):
        client(place)
        before, own, its = peak_mib(), own_cpu_s(), cpu_s(process)
        progress = Progress(files, size)
        ours = timed(lambda: move(Disk(copy), Bucket(place), scratch=scratch, progress=progress), top)
        own, its, grown = own_cpu_s() - own, cpu_s(process) - its, peak_mib() - before
        if progress.left or (progress.files, progress.bytes) != (files, size):
            raise RuntimeError(f"{progress.files} of {files} files were moved: {progress.left[:3]}")
    with service(top / "bucket") as (place, _process):
        theirs = timed(lambda: by_boto(source, place), top)
    figure(
        bench="storage", figure=f"{files} files, {size / 1e9:.1f} GB, moved to S3", value=mib / ours, unit="MiB/s",
        peer="cp -r", peer_value=mib / by_cp, goal=GOAL * mib / by_cp, higher_is_better=True,
    )  # fmt: skip
    figure(
        bench="storage", figure="the same, to the same service", value=mib / ours, unit="MiB/s",
        peer="boto3's upload_file", peer_value=mib / theirs, goal=GOAL * mib / theirs, higher_is_better=True,
    )  # fmt: skip
    figure(bench="storage", figure="processor of the move", value=own * 1024 / mib, unit="s/GiB")
    figure(bench="storage", figure="processor of the S3 service here", value=its * 1024 / mib, unit="s/GiB")
    figure(bench="storage", figure="memory that the move grew by", value=grown, unit="MiB", goal=GOAL_MIB)


if __name__ == "__main__":
    main()
