"""Search that finds Chinese: the database backends of modelsearch with characters indexed alone and in pairs.

Neither SQLite's nor PostgreSQL's tokenizer cuts Chinese into words, so 培训 inside 安全培训 is not found. Indexed text
gets every character and every neighbouring pair as words of their own; a question asks for its pairs (or its single
character). Everything else is left as it is.
"""

from importlib import import_module
from typing import Any

from django.db import connection, transaction
from modelsearch.backends.base import BaseSearchBackend, EmptySearchResults
from modelsearch.query import Phrase, PlainText, SearchQuery

from cms.core.finding import CJK, NO_WORD, pairs

BACKENDS = {
    "postgresql": ("modelsearch.backends.database.postgres.postgres", "PostgresSearchBackend"),
    "sqlite": ("modelsearch.backends.database.sqlite.sqlite", "SQLiteSearchBackend"),
}

# PostgreSQL's tsvector holds 1 MB: of a text as long as a day's captions each word once, and no more than fit.
LONG_TEXT, MOST_WORDS = 100_000, 40_000


def words_to_index(text: str) -> str:
    """Return the text with each run of Chinese as its characters and its pairs: 安全 gives 安 全 安全."""
    return CJK.sub(lambda run: f" {' '.join([*run[0], *pairs(run[0])])} ", text)


def bounded(words: str) -> str:
    """Return words of the index as they are; of a long text each once, and at most ``MOST_WORDS`` of them."""
    return words if len(words) <= LONG_TEXT else " ".join(list(dict.fromkeys(words.split()))[:MOST_WORDS])


def words_to_find(text: str) -> str:
    """Return the question with each run of Chinese as its pairs: 安全培训 gives 安全 全培 培训."""
    return CJK.sub(lambda run: f" {' '.join(pairs(run[0]) or run[0])} ", NO_WORD.sub(" ", text)).strip()


class ChineseIndexing:
    """Mixed into a backend's ObjectIndexer: what is written into the index."""

    def prepare_value(self, value: Any) -> str:
        prepared: str = super().prepare_value(value)  # type: ignore[misc]
        return bounded(words_to_index(prepared) if isinstance(value, str) else prepared)


class OneWriterAtATime:
    """Mixed into a backend's index: looking what is there and writing it are one step.

    A form of Wagtail's writes the index while the worker does the same for the same row; on SQLite, where the step is
    a question and an insert, both would insert. A transaction holds the only writer's place from its first statement.
    """

    def add_items(self, model: Any, objs: Any) -> None:
        with transaction.atomic():
            super().add_items(model, objs)  # type: ignore[misc]


class ChineseAsking(BaseSearchBackend):
    """Mixed into a backend: what is asked of the index."""

    def _search(self, query_compiler_class: Any, query: Any, model_or_queryset: Any, **kwargs: Any) -> Any:
        if isinstance(query, str):
            query = words_to_find(query)
        elif isinstance(query, PlainText):
            query = PlainText(words_to_find(query.query_string), operator=query.operator, boost=query.boost)
        elif not isinstance(query, SearchQuery):
            raise TypeError(f"not a search query: {query!r}")
        if isinstance(query, PlainText | Phrase) and not words_to_find(query.query_string):
            return EmptySearchResults()  # only marks between words: the backends know no question for it
        return super()._search(query_compiler_class, query, model_or_queryset, **kwargs)


def SearchBackend(params: dict[str, Any]) -> BaseSearchBackend:
    """Return the backend for the database in use; modelsearch calls it with the options of the settings."""
    # Each module only imports on its own database.
    name, base_name = BACKENDS[connection.vendor]
    module: Any = import_module(name)
    if not issubclass(module.ObjectIndexer, ChineseIndexing):
        # The index classes name their indexer as a module global: there is no other way.
        module.ObjectIndexer = type("ObjectIndexer", (ChineseIndexing, module.ObjectIndexer), {})
    base = getattr(module, base_name)
    index_class = type("ChineseIndex", (OneWriterAtATime, base.index_class), {})
    parts = (ChineseAsking, base)
    backend: BaseSearchBackend = type("ChineseSearchBackend", parts, {"index_class": index_class})(params)
    return backend
