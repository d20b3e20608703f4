"""Addresses of the meetings' pages."""

from django.urls import URLPattern, URLResolver, path

from meetings.views import attendance, books, catalogue, meeting, plan, years

urlpatterns: list[URLPattern | URLResolver] = [
    path("", years.year, name="meetings"),
    path("year.pdf", years.year_pdf, name="meetings_year_pdf"),
    path("units/", years.units, name="meetings_units"),
    path("units.<slug:form>", years.units_file, name="meetings_units_file"),
    path("books.pdf", books.books, name="meetings_books"),
    path("forms/", catalogue.catalogue, name="meeting_forms"),
    path("forms/<slug:code>/", catalogue.form, name="meeting_form"),
    path("plan/", plan.add, name="meeting_plan"),
    path("<int:occasion_id>/", meeting.meeting, name="meeting"),
    path("<int:occasion_id>/change/", plan.change, name="meeting_change"),
    path("<int:occasion_id>/withdraw/", plan.withdraw, name="meeting_withdraw"),
    path("<int:occasion_id>/void/", plan.void, name="meeting_void"),
    path("<int:occasion_id>/form/", plan.label, name="meeting_label"),
    path("<int:occasion_id>/attendance/", attendance.attendance, name="meeting_attendance"),
    path("<int:occasion_id>/minutes/", meeting.minutes, name="meeting_minutes"),
    path("<int:occasion_id>/book.pdf", books.book, name="meeting_book"),
]
