"""The apps of the product, from the lowest; nothing is imported here: ``tests.reached`` comes before Django."""

APPS = (
    "organizations",
    "attendance",
    "media",
    "cms",
    "meetings",
    "certificates",
    "api",
    "quizzes",
    "packages",
    "courses",
    "live",
    "lti",
    "config",
)
