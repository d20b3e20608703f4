"""The key of a device outside, who it lets in, and whose place the device may take."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from live import operations, queries
from live.models import AirTurn, EncoderKey, Lecture, MediaPeer
from live.operations.encoders import KEPT, digest_of
from live.queries.stage import air_log, air_of, on_air
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 X 96\r\na=ice-ufrag:x\r\na=fingerprint:sha-256 0\r\n"


@pytest.fixture
def world() -> County:
    return make_county()


def key_for(lecture: Lecture, *, at: dt.datetime | None = None) -> str:
    key = operations.make_encoder_key(occasion_id=lecture.pk, actor_id=lecture.lecturer_id, as_of=at or timezone.now())
    assert isinstance(key, str)
    return key


def offer(client: Client, lecture: Lecture, key: str, *, sdp: str = SDP, kind: str = "application/sdp") -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return client.post(f"/live/{lecture.pk}/whip/", data=sdp, content_type=kind, headers=headers)


def take(lecture: Lecture, source: str = "page", *, turn: int = 0, host: int = 0) -> None:
    operations.take_air(
        occasion_id=lecture.pk, host_id=host or lecture.lecturer_id, source=source, turn=turn, as_of=timezone.now()
    )


def take_as_device(lecture: Lecture, socket: str = "k", *, host: int = 0) -> None:
    operations.take_encoder_air(
        occasion_id=lecture.pk, host_id=host or lecture.lecturer_id, socket=socket, as_of=timezone.now()
    )


def test_a_key_is_kept_as_a_digest_and_one_a_lecture(world: County) -> None:
    lecture = make_lecture(world)
    first, second = key_for(lecture), key_for(lecture)
    assert len(first) == 43
    assert [row.digest for row in EncoderKey.objects.all()] == [digest_of(second)]
    operations.withdraw_encoder_key(occasion_id=lecture.pk, actor_id=lecture.lecturer_id)
    operations.withdraw_encoder_key(occasion_id=lecture.pk, actor_id=lecture.lecturer_id)
    assert queries.encoder_key(occasion_id=lecture.pk) is None


def test_there_is_none_for_what_is_over_and_it_goes_when_no_end_can_be_undone(world: County) -> None:
    lecture, other = make_live(world), make_live(world)
    key_for(lecture)
    key_for(other)
    now = timezone.now()
    operations.end_lecture(occasion_id=lecture.pk, as_of=now)
    with pytest.raises(operations.UnableToMakeKey):
        key_for(lecture)
    operations.forget_old_encoder_keys(as_of=now)
    assert EncoderKey.objects.count() == 2
    operations.forget_old_encoder_keys(as_of=now + KEPT + dt.timedelta(seconds=1))
    assert [row.lecture_id for row in EncoderKey.objects.all()] == [other.pk]


def test_a_device_takes_nobodys_place_who_did_not_let_it(world: County) -> None:
    lecture = make_live(world)
    take_as_device(lecture)
    assert on_air(lecture.pk).source == AirTurn.ENCODER
    take_as_device(lecture, "k2", host=world.organiser.pk)
    turn = AirTurn.objects.get()
    assert (turn.socket, turn.host_id, turn.left_at) == ("k2", world.organiser.pk, None)
    with pytest.raises(operations.UnableToTakeAir):
        take(lecture, host=world.organiser.pk)
    operations.leave_air(occasion_id=lecture.pk, socket="k2", as_of=timezone.now())
    with pytest.raises(operations.UnableToTakeAir):  # a device is waited for, also by its own host's pages
        take(lecture, host=world.organiser.pk)
    take(lecture, turn=turn.pk)
    with pytest.raises(operations.UnableToTakeAir):  # OBS tries again by itself: it stays off
        take_as_device(lecture, "k3")
    assert [(note.name, note.before_name) for note in air_log(lecture.pk)] == [(world.lecturer.name, "")]


def test_the_page_on_the_air_lets_it_and_is_before_it(world: County) -> None:
    lecture = make_live(world)
    take(lecture)
    wait = {"occasion_id": lecture.pk, "host_id": lecture.lecturer_id, "as_of": timezone.now()}
    with pytest.raises(operations.UnableToGiveBack):
        operations.await_encoder(source="another", on=True, **wait)  # type: ignore[arg-type]
    for on in (True, True, False, False):
        operations.await_encoder(source="page", on=on, **wait)  # type: ignore[arg-type]
        assert on_air(lecture.pk).awaits is on
    with pytest.raises(operations.UnableToTakeAir):
        take_as_device(lecture)
    operations.await_encoder(source="page", on=True, **wait)  # type: ignore[arg-type]
    assert air_of([lecture.pk])[lecture.pk][3] is True
    take_as_device(lecture)
    told = on_air(lecture.pk)
    assert (told.source, told.here, told.before, told.awaits) == (AirTurn.ENCODER, True, "page", False)
    take(lecture, turn=told.turn)
    assert on_air(lecture.pk).before == ""


def test_a_lecture_can_begin_with_the_device_and_waits_for_it(world: County) -> None:
    lecture = make_lecture(world)
    with pytest.raises(operations.NobodyIsOnAir):
        take_as_device(lecture)
    air = operations.Air(lecture.lecturer_id, AirTurn.ENCODER, "page-socket")
    operations.go_live(occasion_id=lecture.pk, as_of=timezone.now(), air=air)
    assert (on_air(lecture.pk).source, on_air(lecture.pk).here) == (AirTurn.ENCODER, False)
    operations.take_break(occasion_id=lecture.pk, minutes=5, as_of=timezone.now())
    with pytest.raises(operations.NobodyIsOnAir):
        take_as_device(lecture)
    operations.end_break(occasion_id=lecture.pk, as_of=timezone.now())
    take_as_device(lecture)
    assert on_air(lecture.pk).here


def test_what_may_go_on(world: County, django_assert_num_queries: Any) -> None:
    lecture = make_live(world)
    key_for(lecture, at=timezone.now() - dt.timedelta(minutes=1))
    take_as_device(lecture)
    row: dict[str, Any] = {"member_id": lecture.lecturer_id, "device": AirTurn.ENCODER, "kind": MediaPeer.Kind.PUB}
    keep = {"occasion_id": lecture.pk, "reference": "1.1", "owner": "me", "as_of": timezone.now(), **row}
    assert operations.keep_peer(key="k", **keep)
    assert queries.is_peer(key="k")
    assert queries.is_encoder_on(occasion_id=lecture.pk)

    def goes_on() -> bool:
        with django_assert_num_queries(1):
            return queries.encoders_on_air(keys=["k"], owner="me") == {"k"}

    assert goes_on()
    assert queries.encoders_on_air(keys=["k"], owner="another") == set()
    assert [one.key for one in queries.encoders_left_alone(as_of=timezone.now())] == ["k"], "no such process lives"
    operations.take_break(occasion_id=lecture.pk, minutes=5, as_of=timezone.now())
    assert not goes_on()
    operations.end_break(occasion_id=lecture.pk, as_of=timezone.now())
    assert goes_on()
    key_for(lecture, at=timezone.now() + dt.timedelta(seconds=1))
    assert not goes_on(), "another key"
    key_for(lecture, at=timezone.now() - dt.timedelta(minutes=1))
    take(lecture, turn=on_air(lecture.pk).turn)
    assert not goes_on(), "a host took the picture back"


def test_a_stranger_opens_nothing(client: Client, world: County) -> None:
    lecture = make_live(world)
    key = key_for(lecture)
    for shown in ("", "x", key[:-1], "密"):
        answer = offer(client, lecture, shown)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer["Content-Type"].startswith("text/plain")
    assert client.post(
        f"/live/{lecture.pk}/whip/", data=SDP, content_type="application/sdp", headers={"Authorization": f"Basic {key}"}
    ).status_code == 401  # fmt: skip
    operations.withdraw_encoder_key(occasion_id=lecture.pk, actor_id=lecture.lecturer_id)
    assert offer(client, lecture, key).status_code == 401
    assert client.delete(f"/live/{lecture.pk}/whip/k/").status_code == 401
    assert client.delete("/live/999999/whip/k/").status_code == 404


def test_a_key_ends_with_the_role_of_who_made_it(client: Client, world: County) -> None:
    lecture = make_live(world)
    key = operations.make_encoder_key(occasion_id=lecture.pk, actor_id=world.member.pk, as_of=timezone.now())
    assert offer(client, lecture, key).status_code == 401


def test_guessing_is_limited_and_the_right_key_is_not(client: Client, world: County) -> None:
    lecture = make_live(world)
    key = key_for(lecture)
    for _turn in range(25):
        assert offer(client, lecture, key, kind="text/plain").status_code == 415
    seen = [offer(client, lecture, "x").status_code for _turn in range(21)]
    assert (seen[0], seen[-1]) == (401, 429)
    answer = offer(client, lecture, "y")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert offer(client, lecture, key, kind="text/plain").status_code == 415, "others' guesses are not this device's"


def test_what_is_wrong_is_said_in_a_sentence(client: Client, world: County) -> None:
    coming, lecture, over = make_lecture(world), make_live(world), make_live(world)
    keys = {one.pk: key_for(one) for one in (coming, lecture, over)}
    operations.end_lecture(occasion_id=over.pk, as_of=timezone.now())
    assert offer(client, coming, keys[coming.pk]).status_code == 409
    assert "已经结束" in offer(client, over, keys[over.pk]).content.decode()
    assert offer(client, lecture, keys[lecture.pk], sdp="v=1").status_code == 400
    assert offer(client, lecture, keys[lecture.pk]).status_code == 503, "a process without rooms carries nothing"
    answer = client.options(f"/live/{lecture.pk}/whip/")
    assert (answer.status_code, answer["Accept-Post"]) == (204, "application/sdp")
    assert client.get(f"/live/{lecture.pk}/whip/").status_code == 405
    assert client.patch(f"/live/{lecture.pk}/whip/k/").status_code == 405
    gone = client.post("/live/999999/whip/", data=SDP, content_type="application/sdp")
    assert gone.status_code == 404
    bearer = {"Authorization": f"Bearer {keys[lecture.pk]}"}
    assert client.delete(f"/live/{lecture.pk}/whip/k/", headers=bearer).status_code == 503


def test_the_page_shows_a_key_once(client: Client, world: County) -> None:
    lecture = make_live(world)
    client.force_login(world.lecturer)
    address = f"/live/{lecture.pk}/encoder/"
    assert "生成密钥" in client.get(address).content.decode()
    answer = client.post(address)
    assert answer.status_code == 302, "loaded again, the page makes no other key"
    made = client.get(address).content.decode()
    assert f"/live/{lecture.pk}/whip/" in made
    key = made.split('<textarea id="key" rows="2" readonly>')[1].split("<")[0]
    assert EncoderKey.objects.get().digest == digest_of(key)
    again = client.get(address).content.decode()
    assert key not in again
    assert "换一把密钥" in again
    client.post(address)
    newer = key_for(lecture)
    assert '<textarea id="key"' not in client.get(address).content.decode(), "another host made one meanwhile"
    assert EncoderKey.objects.get().digest == digest_of(newer)
    assert client.post(address, {"do": "withdraw"}).status_code == 302
    assert not EncoderKey.objects.exists()
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert "不再需要推流密钥" in client.post(address).content.decode()
    client.force_login(world.member)
    assert client.get(address).status_code == 404
