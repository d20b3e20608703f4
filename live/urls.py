"""Addresses of the live pages, below ``/live/``."""

from django.urls import URLPattern, URLResolver, path

from live.views import api, asked, cutting, ending, pages, people

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.index, name="live_index"),
    path("<int:occasion_id>/", pages.room, name="live_room"),
    path("<int:occasion_id>/host/", pages.host, name="live_host"),
    path("<int:occasion_id>/again/", ending.again, name="live_again"),
    path("<int:occasion_id>/void/", ending.void, name="live_void"),
    path("<int:occasion_id>/replay/", pages.replay, name="live_replay"),
    path("<int:occasion_id>/replay/addresses.json", api.replay_addresses, name="live_replay_addresses"),
    path("<int:occasion_id>/cut/", cutting.cut, name="live_cut"),
    path("<int:occasion_id>/asked/", asked.asked, name="live_asked"),
    path("<int:occasion_id>/state.json", api.state, name="live_state"),
    path("<int:occasion_id>/people.json", people.people, name="live_people"),
    path("<int:occasion_id>/ticket.json", api.ticket, name="live_ticket"),
    path("<int:occasion_id>/outbox", api.outbox, name="live_outbox"),
]
