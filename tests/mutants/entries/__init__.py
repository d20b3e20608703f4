"""The list, by what would break."""

from tests.mutants.entries import catching_up, counts, evidence, media, people, rights, room, site, verdict
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *verdict.MUTANTS,
    *evidence.MUTANTS,
    *counts.MUTANTS,
    *rights.MUTANTS,
    *media.MUTANTS,
    *room.MUTANTS,
    *people.MUTANTS,
    *site.MUTANTS,
    *catching_up.MUTANTS,
)
