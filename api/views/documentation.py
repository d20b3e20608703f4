"""The page that says how the interface is asked, made from its own description (OpenAPI): no script, no other site."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from api.permissions import MAKERS
from api.views.v1 import api
from organizations.permissions import role_required


@dataclass(frozen=True)
class Entry:
    """One address as people read it."""

    path: str
    summary: str
    text: str
    parameters: list[str]
    answer: list[str]


def entries(schema: dict[str, Any]) -> list[Entry]:
    """Return the addresses of an OpenAPI description in their order."""
    models = schema["components"]["schemas"]
    return [
        Entry(
            path=path,
            summary=str(one["get"].get("summary", "")),
            text=str(one["get"].get("description", "")),
            parameters=[_parameter(given) for given in one["get"].get("parameters", [])],
            answer=_fields(one["get"]["responses"][200]["content"]["application/json"]["schema"], models),
        )
        for path, one in schema["paths"].items()
    ]


def _parameter(given: dict[str, Any]) -> str:
    kind = _type(given["schema"])
    return f"{given['name']}: {kind}" + (f" {_('（必填）')}" if given.get("required") else "")


def _fields(given: dict[str, Any], models: dict[str, Any]) -> list[str]:
    """Return ``name: type`` of each field of an answer; of a page, those of its items."""
    properties = models[_name(given)]["properties"]
    if "items" in properties and "next" in properties:
        inner = models[_name(properties["items"]["items"])]["properties"]
        return [f"items[].{name}: {_type(one)}" for name, one in inner.items()] + ["next: string | null"]
    return [f"{name}: {_type(one)}" for name, one in properties.items()]


def _name(given: dict[str, Any]) -> str:
    return str(given["$ref"]).rsplit("/", 1)[-1]


def _type(given: dict[str, Any]) -> str:
    if "$ref" in given:
        return _name(given)
    if "anyOf" in given:
        return " | ".join(_type(one) for one in given["anyOf"])
    if "enum" in given:
        return " | ".join(map(str, given["enum"]))
    if given.get("type") == "array":
        return f"{_type(given['items'])}[]"
    return str(given.get("format") or given.get("type", "object"))


@require_GET
@never_cache
@role_required(*MAKERS)
def docs(request: HttpRequest) -> HttpResponse:
    """Show every address with its parameters and fields."""
    context = {
        "tab": "branch",
        "entries": entries(api.get_openapi_schema()),
        "base": f"{settings.SITE_URL}{reverse('api_v1:api-root')}".rstrip("/"),
        "schema": reverse("api_v1:openapi-json"),
    }
    return render(request, "api/docs.html", context)
