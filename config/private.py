"""Who may read what this program writes: itself, and of its files one named group (ADR 28).

Called once as settings are read, so that every process follows the one rule, whatever started it.
"""

import grp
import os
import stat
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

# Commands that write the program's own files, which everybody may read.
PUBLIC_COMMANDS = {"collectstatic", "makemessages", "makemigrations"}
CLOSED, CLOSED_FILE, PASSED_THROUGH, SHARED, SHARED_FILE = 0o700, 0o600, 0o710, 0o2750, 0o640


def files_group(name: str) -> int | None:
    """The number of FILES_GROUP; None where no group is named. Raises ImproperlyConfigured."""
    if not name:
        return None
    try:
        group = grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise ImproperlyConfigured(f"FILES_GROUP is {name!r}; this machine has no such group") from error
    if group == os.getegid():
        raise ImproperlyConfigured(
            f"FILES_GROUP is {name!r}, this process's own group: it would see secrets too; name the web server's"
        )
    if os.geteuid() != 0 and group not in os.getgroups():
        raise ImproperlyConfigured(
            f"FILES_GROUP is {name!r}, but this process is not in it: make its user a member of it"
        )
    return group


def keep_private(*, var_dir: Path, trees: list[Path], group: int | None, command: str = "") -> int:
    """Close ``var_dir`` to all others; ``trees`` (media, live) may be read by ``group``. Sets and returns the umask.

    Mends what an older version left open. Only what lies directly in ``var_dir`` is looked at: who cannot pass reaches
    nothing below. Folders of somebody else are left as they are (``readable_by_others`` tells).
    """
    entry = var_dir.stat()
    # Where root owns it with a group, several users of that group run the parts: only strangers are shut out.
    is_shared = group is None and entry.st_uid == 0 and entry.st_gid not in (0, os.getegid())
    # What lies in somebody else's folder, which is closed itself, those must read with whom it is shared.
    is_open = is_shared or entry.st_uid != os.geteuid() or command in PUBLIC_COMMANDS
    umask = 0o022 if is_open else 0o077 if group is None else 0o027
    os.umask(umask)
    if is_shared:
        _set(var_dir, entry.st_mode & 0o7770)
        return umask
    _set(var_dir, CLOSED if group is None else PASSED_THROUGH, group)
    if group is not None and entry.st_uid == os.geteuid():
        for tree in trees:
            tree.mkdir(parents=True, exist_ok=True)
        for path in set(var_dir.iterdir()) - set(trees):
            # What was closed by the folder above is now passed by. A passing file of another process may be gone.
            with suppress(FileNotFoundError):
                found = path.lstat().st_mode
                if not stat.S_ISLNK(found):
                    _set(path, found & 0o7770)
    for tree in trees:
        _set(tree, CLOSED if group is None else SHARED, group)
    return umask


def open_to_group(*, trees: list[Path], group: int) -> int:
    """Give the group what already lies in ``trees``; returns how many were changed. Once, when the group is named."""
    changed = 0
    for tree in trees:
        for folder, _folders, files in os.walk(tree):
            here = Path(folder)
            changed += _set(here, SHARED, group)
            changed += sum(_set(here / name, SHARED_FILE, group) for name in files)
    return changed


def readable_by_others(*paths: Path) -> list[Path]:
    """Those of the folders that strangers on this machine may enter."""
    return [path for path in paths if path.exists() and path.stat().st_mode & 0o007]


def _set(path: Path, mode: int, group: int | None = None) -> bool:
    """Whether something was changed."""
    with suppress(PermissionError, FileNotFoundError):
        entry = path.lstat()
        is_other = group is not None and entry.st_gid != group
        if is_other:
            os.chown(path, -1, group if group is not None else -1, follow_symlinks=False)
        if entry.st_mode & 0o7777 != mode or is_other:
            path.chmod(mode)
            return True
    return False
