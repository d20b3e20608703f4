"""Janus's configuration, written anew at each start: one plugin, one transport, unix sockets only."""

import secrets
from dataclasses import asdict, dataclass
from glob import glob
from pathlib import Path

from django.utils.crypto import salted_hmac

SOCKET = "janus.sock"
ADMIN_SOCKET = "admin.sock"
SECRETS = "secrets.json"
REMOTE = "tcp:"
PLUGIN = "libjanus_videoroom.so"
TRANSPORT = "libjanus_websockets.so"
LIBRARY_FOLDERS = (
    "/usr/lib/janus",
    "/usr/lib/*-linux-gnu*/janus",
    "/usr/lib64/janus",
    "/usr/local/lib/janus",
    "/opt/janus/lib/janus",
)


# How long a session lives on without a word from its owner, counted from the last one (KEEPALIVE_S in client.py): a web
# process that is killed has left its guests this long, less one keepalive, to be claimed by another.
RECLAIM_S = 90


class UnableToFindJanus(Exception):
    """Janus, its videoroom plugin or its websockets transport is not installed."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What clients of the three transports must know. Kept in a file of mode 0600 beside the socket."""

    api: str
    admin: str
    room: str

    @classmethod
    def fresh(cls) -> "Secrets":
        return cls(secrets.token_hex(16), secrets.token_hex(16), secrets.token_hex(16))

    @classmethod
    def shared(cls, address: str) -> "Secrets":
        """Those of an engine that other hosts of the site reach: whoever has its SECRET_KEY knows them."""
        api, room = (salted_hmac(f"media.engine.{name}", address, algorithm="sha256") for name in ("api", "room"))
        return cls(api.hexdigest()[:32], secrets.token_hex(16), room.hexdigest()[:32])

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Network:
    """``addresses``: the local addresses for media. ``public_address``: what browsers see of them behind a 1:1 NAT."""

    addresses: tuple[str, ...]
    udp_range: str
    public_address: str = ""
    event_loops: int = 2


def library_folder() -> Path:
    """Where Janus's plugins and transports lie on this system. Raises UnableToFindJanus."""
    for pattern in LIBRARY_FOLDERS:
        for folder in sorted(glob(pattern)):
            if (Path(folder) / "plugins" / PLUGIN).exists() and (Path(folder) / "transports" / TRANSPORT).exists():
                return Path(folder)
    raise UnableToFindJanus(f"{PLUGIN} and {TRANSPORT} are in none of {', '.join(LIBRARY_FOLDERS)}")


def render(*, network: Network, keys: Secrets, libraries: Path) -> dict[str, str]:
    """The files of the configuration folder, by name. Paths are relative to the engine's working folder."""
    return {
        "janus.jcfg": _core(network, keys, libraries),
        "janus.transport.websockets.jcfg": _transport(),
        "janus.plugin.videoroom.jcfg": _plugin(keys),
    }


def _core(network: Network, keys: Secrets, libraries: Path) -> str:
    """Whatever is installed beside the one plugin and the one transport that we use is switched off by its name."""
    others = sorted(path.name for path in (libraries / "plugins").glob("libjanus_*.so") if path.name != PLUGIN)
    unused = sorted(path.name for path in (libraries / "transports").glob("libjanus_*.so") if path.name != TRANSPORT)
    nat = f'nat_1_1_mapping = "{network.public_address}"\n  keep_private_host = true' if network.public_address else ""
    return f"""general: {{
  configs_folder = "conf"
  plugins_folder = "{libraries}/plugins"
  transports_folder = "{libraries}/transports"
  events_folder = "none"
  loggers_folder = "none"
  debug_level = 3
  debug_timestamps = true
  debug_colors = false
  api_secret = "{keys.api}"
  admin_secret = "{keys.admin}"
  session_timeout = {RECLAIM_S}
  reclaim_session_timeout = {RECLAIM_S}
  event_loops = {network.event_loops}
  hide_dependencies = true
}}
media: {{
  rtp_port_range = "{network.udp_range}"
  no_media_timer = 2
}}
nat: {{
  ice_enforce_list = "{",".join(network.addresses)}"
  ignore_mdns = true
  {nat}
}}
plugins: {{ disable = "{",".join(others)}" }}
transports: {{ disable = "{",".join(unused)}" }}
"""


def _transport() -> str:
    return f"""general: {{
  json = "compact"
  ws = true
  ws_unix = "{SOCKET}"
  wss = false
}}
admin: {{
  admin_ws = true
  admin_ws_unix = "{ADMIN_SOCKET}"
  admin_wss = false
}}
"""


def _plugin(keys: Secrets) -> str:
    return f"""general: {{
  admin_key = "{keys.room}"
  lock_rtp_forward = true
  string_ids = true
}}
"""
