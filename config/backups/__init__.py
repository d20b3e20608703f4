"""Backups: a folder that holds the database, what it must come to, and (asked for) the files; and the way back.

``DIR/classroom-<UTC>/``: ``database.dump`` (PostgreSQL) or ``database.sqlite3``, ``manifest.json`` (versions, rows of
every table, fingerprints of the keys, checksums), ``files.txt`` (path, bytes, time) and ``files/``. No key is in it:
PHONE_KEY and SECRET_KEY are kept apart, and a backup without its PHONE_KEY opens no phone number.
Marks (config/marks.py) say when the last good backup and the last drill were.
"""

from config.backups.drilling import Drill, Finding, drill
from config.backups.folder import LIST, MAKING, MANIFEST, UnableToRestore, backups, newest, read_manifest
from config.backups.making import Made, UnableToBackUp, back_up
from config.backups.restoring import RestoredOtherwise, restore

__all__ = [
    "LIST",
    "MAKING",
    "MANIFEST",
    "Drill",
    "Finding",
    "Made",
    "RestoredOtherwise",
    "UnableToBackUp",
    "UnableToRestore",
    "back_up",
    "backups",
    "drill",
    "newest",
    "read_manifest",
    "restore",
]
