"""``manage.py drain_node``: a media host gets no new lecture, so that it can be stopped when it is empty."""

import getpass
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from live.operations import nodes as placing
from live.queries import nodes
from live.sentences.nodes import node_words

LOOK_S = 5.0


class Command(BaseCommand):
    requires_system_checks = ()
    help = "Lets a media host get no new lecture (or get them again), and says what it still carries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="its MEDIA_NODE; without a name all hosts are listed")
        parser.add_argument("--undo", action="store_true", help="it gets new lectures again")
        parser.add_argument("--wait", action="store_true", help="ends when it carries nothing any more")

    def handle(self, *, name: str, undo: bool, wait: bool, **options: Any) -> None:
        if (undo or wait) and not name:
            raise CommandError(_("请写明是哪一台媒体主机。"))
        if undo and wait:
            raise CommandError(_("--undo 和 --wait 不能一起用。"))
        if not name:
            self._list("")
            return
        try:
            placing.drain(name=name, on=not undo, by=getpass.getuser(), as_of=timezone.now())
        except placing.UnableToDrain as error:
            raise CommandError(str(error)) from error
        while not self._list(name) and wait:
            time.sleep(LOOK_S)

    def _list(self, name: str) -> bool:
        """Say how the hosts are, or one of them; whether all that were said carry nothing."""
        states = nodes.states(as_of=timezone.now())
        told = [state for state in states if name in ("", state.node.name)]
        for state in told:
            self.stdout.write(f"{state.node.name}\t{node_words(state, among=states)}")
        if not told:
            self.stdout.write(_("还没有媒体主机报到。"))
        return all(state.is_empty for state in told)
