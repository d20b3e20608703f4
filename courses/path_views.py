"""A member's learning paths. Whoever is not below the unit of a path gets 404, as for what does not exist."""

import mimetypes

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from attendance.operations import settle_dirty
from cms.covers import file_of
from courses.before import first_to_finish
from courses.path_words import path_cover, path_sections, path_words
from courses.queries import studies_of
from courses.views import private_file
from courses.walking import line_of, paths_above, paths_of, runs_walked, walk, withdrawn_paths
from organizations.permissions import role_required, signed_in
from organizations.queries import membership_on


@require_safe
@never_cache
@role_required()
def path(request: HttpRequest, path_id: int) -> HttpResponse:
    """Show one path: how far one got, and its steps; that it was withdrawn. Queries do not grow with its steps."""
    member, as_of = signed_in(request), timezone.now()
    line = line_of(membership_on(member_id=member.pk, on_date=timezone.localdate(as_of)))
    page = paths_above(line).filter(pk=path_id).first()
    if page is None:
        gone = get_object_or_404(withdrawn_paths(line), pk=path_id)
        return render(request, "courses/path_withdrawn.html", {"tab": "courses", "path": gone})
    runs = list(runs_walked([page], member_id=member.pk, line=line))
    if not runs:  # as ``paths_of`` has it: no course of it is given to them
        raise Http404
    settle_dirty(as_of=as_of, member_ids=[member.pk])
    known = walk(page, studies_of(runs=runs, member_id=member.pk, as_of=as_of), as_of=as_of)
    following = known.next.study if known.next is not None else None
    waits_for = first_to_finish(following, member_id=member.pk, as_of=as_of) if following is not None else []
    context = {
        "tab": "courses",
        "path": page,
        "walk": known,
        "words": path_words(known, waits_for=waits_for),
        "sections": path_sections(known, as_of=as_of),
        "cover": path_cover(page),
    }
    return render(request, "courses/path.html", context)


@require_safe
@role_required()
def cover(request: HttpRequest, path_id: int) -> FileResponse:
    """Answer the picture on a path's cover to those who may open the path."""
    page = get_object_or_404(paths_of(member_id=signed_in(request).pk), pk=path_id, cover__isnull=False)
    try:
        file = file_of(page.cover)
        return private_file(file.open("rb"), content_type=mimetypes.guess_type(file.name)[0])
    except OSError as error:  # the row is there, the file is not
        raise Http404 from error
