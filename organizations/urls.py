"""Addresses of the organizations pages."""

from django.urls import URLPattern, URLResolver, path

from organizations.views import (
    access,
    account,
    departures,
    factors,
    links,
    my_sign_in,
    people,
    picking,
    roster,
    roster_files,
    units,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("display/", account.set_display, name="set_display"),
    path("me/access/", access.my_access, name="my_access"),
    path("me/sign-in/", my_sign_in.my_sign_in, name="my_sign_in"),
    path("audit/", access.audit, name="audit"),
    path("departures/", departures.departures, name="departures"),
    path("departures/<int:person_id>/hold/", departures.hold, name="departure_hold"),
    path("departures/<int:person_id>/lift/", departures.lift, name="departure_lift"),
    path("roster/", roster.roster, name="roster"),
    path("roster/template.xlsx", roster_files.template, name="roster_template"),
    path("roster/export.xlsx", roster_files.export, name="roster_export"),
    path("roster/check/", roster.check, name="roster_check"),
    path("roster/review/", roster.review, name="roster_review"),
    path("roster/confirm/", roster.confirm, name="roster_confirm"),
    path("roster/discard/", roster.discard, name="roster_discard"),
    path("people/", people.people, name="people"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/factors/take/", factors.take, name="factors_take"),
    path("people/<int:person_id>/link/", links.make, name="person_link"),
    path("people/<int:person_id>/accounts/<int:link_id>/end/", people.end_account, name="account_end"),
    path("people/<int:person_id>/<slug:what>/", people.change, name="person_change"),
    path("roles/<int:grant_id>/end/", people.end_role, name="role_end"),
    path("units/", units.units, name="units"),
    path("units/choose.json", picking.units_to_choose, name="units_to_choose"),
    path("units/<int:unit_id>/", units.unit, name="unit"),
    path("units/<int:unit_id>/merge/", units.merge, name="unit_merge"),
    path("units/<int:unit_id>/<slug:what>/", units.change, name="unit_change"),
]
