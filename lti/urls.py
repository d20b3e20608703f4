"""Addresses for learning platforms, below /lti/, and of the pages where they are set up."""

from django.urls import path

from lti.views import choosing, door, platforms

urlpatterns = [
    path("login/", door.login, name="lti_login"),
    path("launch/", door.launch, name="lti_launch"),
    path("go/<int:visit_id>/", door.go, name="lti_go"),
    path("choose/<int:visit_id>/", choosing.choose, name="lti_choose"),
    path("keys.json", door.keys, name="lti_keys"),
    path("platforms/", platforms.home, name="lti_home"),
    path("platforms/new/", platforms.new, name="lti_platform_new"),
    path("platforms/<int:platform_id>/", platforms.platform, name="lti_platform"),
    path("platforms/<int:platform_id>/change/", platforms.change, name="lti_platform_change"),
]
