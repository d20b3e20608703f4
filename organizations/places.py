"""Where this site's settings lie and how its commands are called, for sentences that say what to do next.

A server that deploy/install.sh set up keeps its settings in /etc/fingertip and calls its commands ``sudo fingertip …``;
in containers (compose.yaml) they lie in site/ beside that file and commands are ``docker compose run --rm manage …``;
whoever set the program up otherwise has a ``.env`` and ``manage.py``. Needs no settings: it also serves the sentence
that says what is wrong with them.
"""

import os

ETC = "/etc/fingertip"
SECRETS = "/run/secrets"


def is_installed() -> bool:
    """Whether deploy/install.sh wrote the settings that this process runs by."""
    return os.environ.get("PHONE_KEY_FILE", "").startswith(f"{ETC}/")


def is_contained() -> bool:
    """Whether compose.yaml started this process."""
    return os.environ.get("PHONE_KEY_FILE", "").startswith(f"{SECRETS}/")


def command(words: str) -> str:
    """How one of the site's commands is called here."""
    if is_contained():
        return f"docker compose run --rm manage {words}"
    return f"sudo fingertip {words}" if is_installed() else f"manage.py {words}"


def setting(name: str = "") -> str:
    """The file in which a setting stands: one of its own where ``<name>_FILE`` names it."""
    own = os.environ.get(f"{name}_FILE", "") if name else ""
    if is_contained():  # as whoever stands on the host sees it
        return own.replace(SECRETS, "site/secrets", 1) if own else "site/env"
    return own or (f"{ETC}/env" if is_installed() else ".env")


def phone_key() -> str:
    """Where the key of the phone numbers is read from."""
    if os.environ.get("PHONE_KEY_FILE") or os.environ.get("PHONE_KEY"):
        return setting("PHONE_KEY")
    return "VAR_DIR/secrets/phone_key"
