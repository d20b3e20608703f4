"""Packages and their files: unpacked first, then named by a row, so that no row names what is not there."""

import secrets
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import IO

import structlog
from django.db import transaction
from django.db.models import ProtectedError

from media import storage
from packages.archive import Opened, open_package, unpack
from packages.models import Package, Replaced, Result

log = structlog.get_logger(__name__)


class UnableToDelete(Exception):
    """A lesson shows the package, or somebody has a result of it: it can be withdrawn alone."""


def add_package(*, file: IO[bytes], title: str, node_id: int, made_by_id: int, as_of: datetime) -> Package:
    """Unpack a zip file and offer it as a package of a unit; without a title it has the one that it says itself.

    Raises UnfitPackage, and UnableToStore (media.storage) where the disk is too full.
    """
    opened = open_package(file)
    key = _placed(opened)
    said = opened.manifest
    try:
        made = Package.objects.create(
            node_id=node_id, title=title or said.title or said.file[:60], standard=said.standard, launch=said.launch,
            given=asdict(said.given), key=key, bytes=opened.bytes, made_by_id=made_by_id, changed_at=as_of,
        )  # fmt: skip
    except BaseException:
        storage.drop(storage.packages_folder(key))
        raise
    log.info("package_added", package_id=made.pk, bytes=made.bytes, files=len(opened.entries))
    return made


def change_package(*, package_id: int, title: str, file: IO[bytes] | None, as_of: datetime) -> Package:
    """Name a package anew, and put another file in its place: what it said of people stays, they begin that one anew.

    Whoever has the version of before open plays it to its end: its files stay for a day (``Replaced``).
    Raises UnfitPackage and UnableToStore; then nothing has changed.
    """
    opened = None if file is None else open_package(file)
    key = "" if opened is None else _placed(opened)
    try:
        with transaction.atomic():
            package = Package.objects.select_for_update().get(pk=package_id)
            package.title, package.changed_at = title, as_of
            if opened is not None:
                Replaced.objects.create(
                    package=package, version=package.version, standard=package.standard, key=package.key,
                    replaced_at=as_of,
                )  # fmt: skip
                said = opened.manifest
                package.standard, package.launch, package.given = said.standard, said.launch, asdict(said.given)
                package.key, package.bytes = key, opened.bytes
                package.version += 1
            package.save()
    except BaseException:
        if key:
            storage.drop(storage.packages_folder(key))
        raise
    log.info("package_changed", package_id=package.pk, version=package.version)
    return package


def withdraw_package(*, package_id: int, as_of: datetime) -> None:
    """Let nobody open a package any more; what it said of people stays. Safe to repeat."""
    Package.objects.filter(pk=package_id, withdrawn_at=None).update(withdrawn_at=as_of)
    log.info("package_withdrawn", package_id=package_id, results=Result.objects.filter(package=package_id).count())


def offer_package_again(*, package_id: int) -> None:
    """Let people open it again."""
    Package.objects.filter(pk=package_id).update(withdrawn_at=None)
    log.info("package_offered_again", package_id=package_id)


@transaction.atomic
def delete_package(*, package_id: int) -> None:
    """Delete a package with its files. Raises UnableToDelete."""
    package = Package.objects.select_for_update().get(pk=package_id)
    keys = [package.key, *package.replaced.values_list("key", flat=True)]
    try:
        package.delete()
    except ProtectedError as error:
        raise UnableToDelete from error
    for key in keys:
        # What is not dropped is logged; the sweep does it.
        transaction.on_commit(partial(storage.drop, storage.packages_folder(key)), robust=True)
    log.info("package_deleted", package_id=package_id)


def _placed(opened: Opened) -> str:
    """Unpack to a new folder and return its key."""
    storage.require_space(opened.bytes)
    key = secrets.token_hex(16)
    work = storage.make_work_folder(key)
    try:
        unpack(opened, work)
        storage.place_package(work, key)
    except BaseException:
        storage.drop(work)
        raise
    return key
