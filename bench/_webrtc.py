"""One end of WebRTC for a load of hundreds: ICE and DTLS as far as a browser's partner needs them, no codec.

What comes is counted and thrown away, still encrypted; what is sent is given as RTP. RFC 8445 (ICE), 5389 (STUN),
5764 (DTLS-SRTP), 3711 (SRTP).
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
import hmac
import os
import re
import secrets
import socket
import struct
import zlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

COOKIE = 0x2112A442
BINDING, ANSWER = 0x0001, 0x0101
USERNAME, INTEGRITY, MAPPED, PRIORITY, USE, FINGERPRINT, CONTROLLING = (
    *(0x0006, 0x0008, 0x0020, 0x0024, 0x0025, 0x8028, 0x802A),
)  # fmt: skip
MTU = 1200
SETTLE_S = 30.0
PROFILE = b"SRTP_AES128_CM_SHA1_80"
VIDEO, AUDIO = 96, 111
RECEIVE_BUFFER = 2**18


class Identity:
    """The certificate that all of them show."""

    def __init__(self) -> None:
        key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
        made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=2))
        certificate = made.sign(key, hashes.SHA256())
        digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest().upper()
        self.fingerprint = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
        self.context = SSL.Context(SSL.DTLS_METHOD)
        self.context.use_certificate(crypto.X509.from_cryptography(certificate))
        self.context.use_privatekey(crypto.PKey.from_cryptography_key(key))
        self.context.set_tlsext_use_srtp(PROFILE)
        self.context.set_verify(SSL.VERIFY_PEER, lambda *_all: True)


@dataclass
class Sealing:
    """The keys of one direction of SRTP."""

    key: bytes
    auth: bytes
    salt: int

    @classmethod
    def of(cls, master: bytes, salt: bytes) -> "Sealing":
        def derived(label: int, size: int) -> bytes:
            start = int.from_bytes(salt, "big") ^ (label << 48)
            return _stream(master, (start << 16).to_bytes(16, "big"), bytes(size))

        return cls(derived(0, 16), derived(1, 20), int.from_bytes(derived(2, 14), "big"))

    def seal(self, packet: bytes, index: int) -> bytes:
        """``packet``: RTP with a head of twelve bytes; ``index``: its sequence number, never beginning anew."""
        ssrc = int.from_bytes(packet[8:12], "big")
        start = (self.salt << 16) ^ (ssrc << 64) ^ (index << 16)
        sealed = packet[:12] + _stream(self.key, start.to_bytes(16, "big"), packet[12:])
        return sealed + hmac.digest(self.auth, sealed + (index >> 16).to_bytes(4, "big"), "sha1")[:10]


def _stream(key: bytes, start: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.CTR(start)).encryptor().update(data)


class Peer:
    """One peer connection. ``packets`` and ``octets``: of media that came; ``sent``: packets."""

    def __init__(self, identity: Identity, address: str) -> None:
        self.identity = identity
        self.packets = self.octets = self.sent = 0
        self.up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(12)
        self._theirs = ("", "")
        self._to: tuple[str, int] | None = None
        self._is_offerer = False
        self._tls = SSL.Connection(identity.context, None)
        self._tls.set_ciphertext_mtu(MTU)
        self._is_client = True
        self._sealing: Sealing | None = None
        self._task: asyncio.Task[None] | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._socket.setblocking(False)
        self._socket.bind((address, 0))
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    # --- descriptions -------------------------------------------------------------------------------------------

    def answer(self, offer: str) -> str:
        """The answer to an offer of media that we take all of, or to a later one of the same connection."""
        head, *sections = re.split(r"(?m)^(?=m=)", offer.replace("\r\n", "\n"))
        self._learn(offer)
        lines = self._session(re.search(r"a=group:.*", head), lite=True)
        for section in sections:
            media = section.splitlines()
            line = [word for word in media if word.startswith(("a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"))]
            way = "a=inactive" if "a=inactive" in media else "a=recvonly"
            lines += [media[0].split("\n")[0], *self._transport("active"), *line, way, "a=rtcp-mux"]
        self._begin(is_offerer=False, is_client=True)
        return "\r\n".join(lines) + "\r\n"

    def offer(self) -> str:
        """The offer of one picture (H.264) and one voice (Opus), sent as the trace has them."""
        lines = self._session(None, lite=False)
        for mid, kind, number, codec in (("0", "audio", AUDIO, "opus/48000/2"), ("1", "video", VIDEO, "H264/90000")):
            lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}", *self._transport("actpass"), f"a=mid:{mid}"]
            lines += ["a=sendonly", "a=rtcp-mux", f"a=rtpmap:{number} {codec}", f"a=ssrc:{number} cname:bench"]
            if kind == "video":
                lines += [f"a=fmtp:{number} packetization-mode=1;profile-level-id=42e01f"]
                lines += [f"a=rtcp-fb:{number} nack pli"]
        return "\r\n".join(lines) + "\r\n"

    def answered(self, answer: str) -> None:
        """The engine's answer to our offer."""
        self._learn(answer)
        self._begin(is_offerer=True, is_client="a=setup:passive" in answer)

    def _session(self, group: "re.Match[str] | None", *, lite: bool) -> list[str]:
        bundle = group[0] if group else "a=group:BUNDLE 0 1"
        start = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", bundle, "a=msid-semantic: WMS *"]
        return [*start, "a=ice-lite"] if lite else start

    def _transport(self, setup: str) -> list[str]:
        host, port = self._socket.getsockname()
        return [
            f"c=IN IP4 {host}",
            f"a=ice-ufrag:{self._ufrag}",
            f"a=ice-pwd:{self._password}",
            f"a=fingerprint:sha-256 {self.identity.fingerprint}",
            f"a=setup:{setup}",
            f"a=candidate:1 1 udp 2130706431 {host} {port} typ host",
            "a=end-of-candidates",
        ]

    def _learn(self, sdp: str) -> None:
        ufrag, password = re.search(r"a=ice-ufrag:(\S+)", sdp), re.search(r"a=ice-pwd:(\S+)", sdp)
        candidate = re.search(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", sdp, re.IGNORECASE)
        if ufrag and password:
            self._theirs = (ufrag[1], password[1])
        if candidate and self._to is None:
            self._to = (candidate[1], int(candidate[2]))

    # --- the connection -----------------------------------------------------------------------------------------

    def _begin(self, *, is_offerer: bool, is_client: bool) -> None:
        if self._task is not None:
            return  # a later offer of the same connection
        self._is_offerer, self._is_client = is_offerer, is_client
        if is_client:
            self._tls.set_connect_state()
        else:
            self._tls.set_accept_state()
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        """Ask for the connection where that is ours to do, and repeat what got lost of the handshake."""
        while True:
            if self._is_offerer and self._to:
                self._send(self._request())
            if not self.up.done() and self._to:
                with contextlib.suppress(SSL.Error):
                    self._tls.DTLSv1_handle_timeout()
                self._flush()
            await asyncio.sleep(5.0 if self.up.done() else 0.2)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._socket.sendto(data, self._to or ("127.0.0.1", 9))

    def _readable(self) -> None:
        # As much as is there: a turn of the loop costs more than a datagram.
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                data, sender = self._socket.recvfrom(2048)
                if data[0] > 127:
                    self.packets += 1
                    self.octets += len(data)
                elif data[0] < 4:
                    self._stun(data, sender)
                elif 19 < data[0] < 64:
                    self._handshake(data)

    def _handshake(self, data: bytes) -> None:
        if self.up.done():
            return
        self._tls.bio_write(data)
        self._flush()

    def _flush(self) -> None:
        if self.up.done():
            return
        done = False
        try:
            self._tls.do_handshake()
            done = True
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            self.up.set_exception(ConnectionError(f"DTLS: {error}"))
            return
        with contextlib.suppress(SSL.Error):
            while True:
                for record in _datagrams(self._tls.bio_read(65_536)):
                    self._send(record)
        if done:
            made = self._tls.export_keying_material(b"EXTRACTOR-dtls_srtp", 60)
            mine = slice(0, 16) if self._is_client else slice(16, 32)
            salt = slice(32, 46) if self._is_client else slice(46, 60)
            self._sealing = Sealing.of(made[mine], made[salt])
            self.up.set_result(None)

    def send_rtp(self, kind: str, payload: bytes, *, index: int, timestamp: int, marker: bool) -> None:
        """``index``: the packet's number, which goes on over 65,535."""
        if self._sealing is None:
            return
        number = VIDEO if kind == "video" else AUDIO
        head = struct.pack(">BBHII", 0x80, number | marker << 7, index & 0xFFFF, timestamp & 0xFFFFFFFF, number)
        self.sent += 1
        self._send(self._sealing.seal(head + payload, index))

    # --- STUN ---------------------------------------------------------------------------------------------------

    def _stun(self, data: bytes, sender: tuple[str, int]) -> None:
        kind, _length = struct.unpack_from(">HH", data)
        if kind != BINDING:
            return
        host = int.from_bytes(socket.inet_aton(sender[0]), "big") ^ COOKIE
        mapped = struct.pack(">BBHI", 0, 1, sender[1] ^ (COOKIE >> 16), host)
        answer = _message(ANSWER, data[8:20], [(MAPPED, mapped)], self._password)
        self._socket.sendto(answer, sender)
        if not self._is_offerer:
            self._to = sender

    def _request(self) -> bytes:
        name = f"{self._theirs[0]}:{self._ufrag}".encode()
        attributes = [(USERNAME, name), (PRIORITY, struct.pack(">I", 1 << 24)), (CONTROLLING, bytes(8)), (USE, b"")]
        return _message(BINDING, os.urandom(12), attributes, self._theirs[1])


def _datagrams(flight: bytes) -> list[bytes]:
    """A flight of DTLS records, cut so that each piece fits a datagram."""
    pieces, piece, at = [], b"", 0
    while at < len(flight):
        size = 13 + int.from_bytes(flight[at + 11 : at + 13], "big")
        record, at = flight[at : at + size], at + size
        if piece and len(piece) + len(record) > MTU:
            pieces.append(piece)
            piece = b""
        piece += record
    return [*pieces, piece] if piece else pieces


def _message(kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], password: str) -> bytes:
    body = b"".join(struct.pack(">HH", name, len(value)) + value + bytes(-len(value) % 4) for name, value in attributes)

    def head(size: int) -> bytes:
        return struct.pack(">HHI", kind, size, COOKIE) + transaction

    mac = hmac.digest(password.encode(), head(len(body) + 24) + body, "sha1")
    body += struct.pack(">HH", INTEGRITY, 20) + mac
    check = zlib.crc32(head(len(body) + 8) + body) ^ 0x5354554E
    return head(len(body) + 8) + body + struct.pack(">HHI", FINGERPRINT, 4, check)
