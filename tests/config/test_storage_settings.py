"""STORAGE_URL: what is wrong stops the start with a sentence that names the variable, and never a key."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.storage_settings import read
from media.core.place import Place, Storage

pytestmark = pytest.mark.unit
VAR = Path("/srv/var")
SECRET = "not-to-be-told"
GOOD = "s3://classroom/site?endpoint=https://s3.example.cn:9000&region=cn-1&addressing=path"
BUCKET = Place("classroom", "https://s3.example.cn:9000", "cn-1", "path", "site/", "id", SECRET)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORAGE", "STORAGE_OLD"):
        for end in ("URL", "URL_FILE", "KEY_ID", "SECRET", "SECRET_FILE"):
            monkeypatch.delenv(f"{name}_{end}", raising=False)
        monkeypatch.setenv(f"{name}_KEY_ID", "id")
        monkeypatch.setenv(f"{name}_SECRET", SECRET)


def test_nothing_and_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(var_dir=VAR) == Storage(Place(), None, VAR / "files")
    monkeypatch.setenv("STORAGE_URL", "file:///srv/classroom")
    assert (read(var_dir=VAR), read(var_dir=VAR).is_plain) == (Storage(Place(), None, Path("/srv/classroom")), True)


def test_a_bucket_with_its_key_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STORAGE_URL", GOOD)
    monkeypatch.delenv("STORAGE_SECRET")
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv("STORAGE_SECRET_FILE", str(tmp_path / "secret"))
    found = read(var_dir=VAR)
    assert found == Storage(BUCKET, None, VAR / "files")
    assert (found.is_plain, str(found.now), SECRET in repr(found)) == (False, "s3://classroom/site", False)
    monkeypatch.setenv("STORAGE_URL", "s3://classroom?local=/srv/scratch")
    assert read(var_dir=VAR) == Storage(
        Place("classroom", region="us-east-1", key_id="id", secret=SECRET), None, Path("/srv/scratch")
    )


def test_both_sides_of_a_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_URL", GOOD)
    monkeypatch.setenv("STORAGE_OLD_URL", "file:///srv/classroom")
    assert read(var_dir=VAR) == Storage(BUCKET, Place(), Path("/srv/classroom"))
    monkeypatch.setenv("STORAGE_URL", f"{GOOD}&local=/srv/classroom")
    assert read(var_dir=VAR).local == Path("/srv/classroom")
    monkeypatch.setenv("STORAGE_URL", "")
    monkeypatch.setenv("STORAGE_OLD_URL", GOOD)
    assert read(var_dir=VAR) == Storage(Place(), BUCKET, VAR / "files")


@pytest.mark.parametrize(
    "raw",
    [
        "classroom", "ftp://x", "file://relative", "file:///srv/x?a=1", "s3://", "s3://UPPER", "s3://b",
        "s3://bucket/a b",
        "s3://bucket?endpoint=s3.example.cn", "s3://bucket?endpoint=https://s3.example.cn/path", "s3://bucket?unknown=1",
        "s3://bucket?endpoint=https://s3.example.cn:99999", "s3://bucket?region=a b", "s3://bucket?addressing=none",
        "s3://bucket?region=a&region=b", "s3://bucket?local=relative", "s3://bucket?endpoint", "s3://[bucket",
        "s3://bucket?endpoint=https://user:key@s3.example.cn",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["STORAGE_URL", "STORAGE_OLD_URL"])
def test_what_cannot_be_read_names_the_variable(monkeypatch: pytest.MonkeyPatch, raw: str, name: str) -> None:
    monkeypatch.setenv("STORAGE_URL", GOOD)
    monkeypatch.setenv(name, raw)
    with pytest.raises(ImproperlyConfigured, match=rf"{name} 要写") as caught:
        read(var_dir=VAR)
    assert SECRET not in str(caught.value)


def test_keys_stand_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_URL", f"s3://id:{SECRET}@bucket")
    with pytest.raises(ImproperlyConfigured, match="不要写密钥") as caught:
        read(var_dir=VAR)
    assert SECRET not in str(caught.value)
    monkeypatch.setenv("STORAGE_URL", "s3://bucket")
    for missing in ("STORAGE_KEY_ID", "STORAGE_SECRET"):
        with monkeypatch.context() as context:
            context.delenv(missing)
            with pytest.raises(ImproperlyConfigured, match="STORAGE_KEY_ID 和 STORAGE_SECRET") as caught:
                read(var_dir=VAR)
            assert SECRET not in str(caught.value)


def test_two_sides_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for now, before in ((GOOD, GOOD), ("file:///a", "file:///b"), ("", "file:///b")):
        monkeypatch.setenv("STORAGE_URL", now)
        monkeypatch.setenv("STORAGE_OLD_URL", before)
        with pytest.raises(ImproperlyConfigured, match="STORAGE_OLD_URL"):
            read(var_dir=VAR)
    monkeypatch.setenv("STORAGE_URL", f"{GOOD}&local=/srv/a")
    monkeypatch.setenv("STORAGE_OLD_URL", "file:///srv/b")
    with pytest.raises(ImproperlyConfigured, match="local=/srv/b"):
        read(var_dir=VAR)
