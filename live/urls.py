"""Addresses of the live pages, below ``/live/``."""

from django.urls import URLPattern, URLResolver, path

from live.views import api, asked, check, cutting, encoder, ending, link, meeting, pages, people, screen, slides

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.index, name="live_index"),
    path("check/", check.check, name="live_check"),
    path("check/relays.json", check.relays, name="live_check_relays"),
    path("meetings/plan/", meeting.add, name="live_meeting_plan"),
    path("meetings/<int:occasion_id>/change/", meeting.change, name="live_meeting_change"),
    path("meetings/<int:occasion_id>/cancel", meeting.cancel, name="live_meeting_cancel"),
    path("<int:occasion_id>/", pages.room, name="live_room"),
    path("<int:occasion_id>/host/", pages.host, name="live_host"),
    path("<int:occasion_id>/encoder/", encoder.encoder, name="live_encoder"),
    path("<int:occasion_id>/whip/", encoder.whip, name="live_whip"),
    path("<int:occasion_id>/whip/<str:session>/", encoder.whip_session, name="live_whip_session"),
    path("<int:occasion_id>/screen/", screen.screen, name="live_screen"),
    path("<int:occasion_id>/screen/ticket.json", screen.screen_ticket, name="live_screen_ticket"),
    path("<int:occasion_id>/notice.pdf", link.paper, name="live_paper"),
    path("slides/<int:occasion_id>/", slides.slides, name="live_slides"),
    path("slides/<int:occasion_id>/papers.json", slides.papers, name="live_slide_papers"),
    path("slides/<int:occasion_id>/remove", slides.remove, name="live_slides_remove"),
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
