"""``python -m tests.trust`` writes the tables of this package into docs/trust.md; a test holds the page equal."""

import re
from pathlib import Path

from config.retention import fields
from tests.trust import sockets, urls
from tests.trust.others import OTHERS

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/trust.md"
PART = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.S)

# The sets of urls.py in words; the people of the first branch's world.
WORDS = {
    urls.NOBODY: "nobody",
    urls.ALL: "anyone",
    urls.SIGNED_IN: "whoever is signed in",
    urls.ROSTER: "on the roster",
    urls.MEMBER: "the person concerned",
    urls.SECRETARY: "secretary above",
    urls.ORGANISER: "organiser above",
    urls.ORGANISERS: "organisers, for their subtree",
    urls.SECRETARIES: "secretaries, for their subtree",
    urls.SECRETARIES | urls.ORGANISERS: "secretaries and organisers, for their subtree",
    urls.KEEPERS_OF_MEETINGS: "organisers and operators, for their subtree",
    urls.KEEPERS_OF_MEETINGS | urls.SECRETARIES: "secretaries, organisers, operators, for their subtree",
    urls.ROSTER | urls.ORGANISER: "on the roster; secretary, organiser above",
    urls.SECRETARIES | urls.ORGANISERS | urls.AUDITOR | urls.OPERATORS: "secretaries, organisers, auditor, operators",
    urls.COUNTS: "secretary and organiser above",
    urls.HOSTS: "its lecturer, organiser above",
    urls.ROOM: "on the roster; its lecturer, organiser above",
    urls.READERS: "on the roster; secretary, organiser above",
    urls.ORGANISERS | urls.LECTURERS: "organisers and lecturers",
    urls.KEEPERS: "organisers and lecturers; the operator of the whole tree",
    urls.KEEPERS_OF_RULES: "organisers, for their subtree; the operator of the whole tree",
    urls.KEEPERS_OF_HOURS: "organisers and operators, for their subtree",
    urls.ORGANISER | urls.OPERATOR: "organiser and operator above",
    urls.OFFICE: "organisers, lecturers, operators",
    urls.HOSTS | urls.OPERATOR: "who uploaded it while they work there, organiser and operator above",
    urls.OPERATOR: "operator above",
    urls.OPERATORS: "operators, for their subtree",
    urls.AUDITOR: "auditor",
    urls.KEEPERS_OF_DEPARTURES: "secretaries, operators and the auditor, for their subtree",
    urls.SECOND: "secretaries, organisers and operators, for their subtree",
    urls.KEEPERS_OF_EXEMPTIONS: "secretaries and operators, for their subtree",
    urls.COUNTS | urls.OPERATOR: "secretary, organiser and operator above",
    urls.SECRETARY | urls.OPERATOR: "secretary and operator above",
}
VISITOR = {urls.SIGN_IN: "sign-in", urls.JSON_401: "401", urls.NOT_FOUND: "404"}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def addresses() -> str:
    rows = []
    for row in urls.ROWS:
        visitor = "in" if "anyone" in row.who else VISITOR[row.visitor]
        methods = "any" if row.methods == urls.EVERY else row.methods
        rows.append((f"`/{row.route}`", methods, WORDS[row.who], visitor, row.what))
    return table(("address", "methods", "who gets in", "a visitor", "what"), rows)


def prefixes() -> str:
    rows = [(f"`/{rule.prefix}`", WORDS[rule.who], rule.what) for rule in urls.THIRD_PARTY]
    return table(("below", "who gets in", "what"), rows)


def commands() -> str:
    says = {"room": "whoever is in the room", "host": "its lecturer, organiser above; asked of the database each time"}
    return table(("to the server", "who"), [(f"`{word}`", says[who]) for word, who in sockets.COMMANDS.items()])


def events() -> str:
    hears = {"hosts": "the hosts", "all": "everybody in the room", "one": "the person concerned and the hosts"}
    rows = [(f"`{word}`", "event", hears[who]) for word, who in sockets.EVENTS.items()]
    alone = {"all": "everybody in the room", "one": "this browser alone"}
    rows += [(f"`{word}`", "frame", alone[who]) for word, who in sockets.FRAMES.items()]
    return table(("from the server", "kind", "who hears it"), rows)


def data() -> str:
    rows = [
        (label, f"`{row.names}`", row.kind, row.readers, row.kept)
        for label, model in fields.FIELDS.items()
        for row in model
    ]
    return table(("model", "fields", "kind", "who reads them", "kept"), rows)


def others() -> str:
    return table(("table", "points at a person by"), [(label, f"`{names}`") for label, names in OTHERS.items()])


TABLES = {
    "addresses": addresses,
    "prefixes": prefixes,
    "commands": commands,
    "events": events,
    "data": data,
    "others": others,
}


def rendered(page: str) -> str:
    """The page with every table made anew."""
    return PART.sub(lambda match: match[1] + TABLES[match[2]]() + match[3], page)


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text()))
