"""All settings but the plug points. Three shapes of one program: DATABASE_URL, REDIS_URL and STORAGE_URL choose.

Bad values stop the start with a sentence that names the variable. Every key stands in ``.env.example``.
"""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sentry_sdk
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import (
    account_settings,
    factor_settings,
    key_settings,
    logs,
    lrs_settings,
    message_settings,
    node_settings,
    receipt_settings,
    replica_settings,
    retention_settings,
    sms_settings,
    storage_settings,
)  # fmt: skip
from config.body_settings import *  # noqa: F403 - how slow requests may come, and how many at once
from config.env import choice, env, flag, hosts, number, secret, site_url, telephone, text, trusted_proxies, url, words
from config.plug_points import *  # noqa: F403 - settings like these here
from config.private import files_group, keep_private
from config.queues import *  # noqa: F403 - which queue each task waits in

BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env(BASE_DIR / ".env")

# --- Shape ------------------------------------------------------------------------------------------------------
# Whether pytest runs in this very process: a variable would be handed on to the sites that tests start for real.
TESTING = "pytest" in sys.modules
DEBUG = flag("DEBUG", default=False)
DEMO = flag("DEMO", default=False)
DEMO_VIDEO_MINUTES = float(text("DEMO_VIDEO_MINUTES", "3"))
VAR_DIR = Path(text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
PORT = number("PORT", default=8000, low=1, high=65535)
REDIS_URL = url("REDIS_URL", schemes=("redis", "rediss", "unix"))
EMBEDDED = not REDIS_URL
# The embedded shape is one host with one VAR_DIR and makes its secrets once. Several processes must share theirs.
HAS_OWN_SECRETS = DEBUG or DEMO or TESTING or EMBEDDED
SECRET_KEY = secret("SECRET_KEY", var_dir=VAR_DIR, generate=HAS_OWN_SECRETS)
SECRET_KEY_FALLBACKS = key_settings.fallbacks(SECRET_KEY)
PHONE_KEY = secret("PHONE_KEY", var_dir=VAR_DIR, generate=HAS_OWN_SECRETS)
SITE_URL = site_url("SITE_URL", default=f"http://127.0.0.1:{PORT}")
if EMBEDDED and number("WEB_CONCURRENCY", default=1) > 1:
    raise ImproperlyConfigured(
        "WEB_CONCURRENCY 大于 1，可是没有 REDIS_URL，网页进程只能有一个"
        " / WEB_CONCURRENCY is more than 1, but without REDIS_URL there may be one web process only"
    )

INSTALLED_APPS = [
    "config",
    "lti",
    "live",
    "courses",
    "cms",
    "meetings",
    "certificates",
    "api",
    "quizzes",
    "packages",
    "attendance",
    "media",
    "organizations",
    "django_cotton.apps.SimpleAppConfig",
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "treebeard",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.usersessions",
    "allauth.mfa",
    "auditlog",
    "django_structlog",
    "django_prometheus",
    "csp",
    "channels",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

# What runs is known from the command line, before any command exists to say it: apps are chosen once, here.
COMMAND = "".join(sys.argv[1:2])
# The media agent shows no page: without Wagtail and the sign-in pages it needs half the memory.
NEEDED_BY_AGENT = {"config", "live", "meetings", "attendance", "media", "organizations", "treebeard", "auditlog"}
NEEDED_BY_AGENT |= {"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"}
if COMMAND == "media_agent":
    INSTALLED_APPS = [app for app in INSTALLED_APPS if app in NEEDED_BY_AGENT]

MIDDLEWARE = [
    "config.metrics.Before",
    "config.middleware.headers",
    "config.middleware.files_in_pieces",
    "config.middleware.health",
    "organizations.address.ClientAddress",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "organizations.compression.PageCompressionMiddleware",
    "config.middleware.RequestLog",
    "config.middleware.unavailable_database",
    "config.middleware.media_files",
    "config.middleware.possible_ids",
    "config.middleware.private_pages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "api.answers.Answers",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "organizations.door.SecondStep",
    "organizations.display.DisplayMiddleware",
    "cms.middleware.OthersThingsAreNotFound",
    "courses.guard.UsesAreSaid",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.unsent.LeadBack",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.ContentSecurityPolicy",
    "allauth.account.middleware.AccountMiddleware",
    "organizations.browsers.KnownBrowser",
    "auditlog.middleware.AuditlogMiddleware",
    "organizations.replica.own_writes",
    "config.metrics.After",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "OPTIONS": {
            # Components are <c-row …>, each a file in templates/components/ (ADR 34).
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "organizations.context.shell",
            ],
        },
    },
]
COTTON_DIR = "components"
# A component knows what it is given and the request, nothing of the page around it.
COTTON_ISOLATE_BY_DEFAULT = True
# The tabs at the bottom of a page: shown to those who hold one of the roles (none named: everybody).
NAV_TABS = [
    {"key": "desk", "label": _("工作台"), "icon": "clipboard", "url": "desk", "roles": ["organiser", "lecturer"]},
    {"key": "today", "label": _("今天"), "icon": "today", "url": "today", "roles": []},
    {"key": "courses", "label": _("课程"), "icon": "courses", "url": "courses_index", "roles": []},
    {"key": "live", "label": _("直播"), "icon": "live", "url": "live_index", "roles": ["organiser", "lecturer"]},
    {"key": "branch", "label": _("支部"), "icon": "branch", "url": "branch", "roles": ["secretary", "organiser"]},
    {"key": "roster", "label": _("名册"), "icon": "upload", "url": "roster", "roles": ["operator"]},
    {"key": "people", "label": _("人员"), "icon": "search", "url": "people", "roles": ["operator"]},
    {"key": "audit", "label": _("查阅"), "icon": "eye", "url": "audit", "roles": ["auditor"]},
    {"key": "me", "label": _("我的"), "icon": "me", "url": "me", "roles": []},
]
# Who is shown the way to the back office: whoever may enter it (cms/permissions.py).
BACK_OFFICE = {"label": _("管理后台"), "icon": "screen", "url": "wagtailadmin_home"}
BACK_OFFICE_ROLES = ["organiser", "lecturer", "operator"]

# --- Web --------------------------------------------------------------------------------------------------------
SITE = urlsplit(SITE_URL)
ALLOWED_HOSTS = hosts("ALLOWED_HOSTS", default=[SITE.hostname or "127.0.0.1", "127.0.0.1", "localhost"])
ALLOWED_ORIGINS = hosts("ALLOWED_ORIGINS", default=[SITE_URL])
if HAS_OWN_SECRETS and SITE.scheme == "http":
    ALLOWED_ORIGINS = [*ALLOWED_ORIGINS, f"http://127.0.0.1:{PORT}", f"http://localhost:{PORT}"]
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
HTTPS = SITE.scheme == "https"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Who may say where a request comes from (organizations/address.py): addresses, networks, or "unix" for a UNIX socket.
TRUSTED_PROXIES = trusted_proxies("TRUSTED_PROXIES")
IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]
SECURE_SSL_REDIRECT = HTTPS and flag("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = number("SECURE_HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS and flag("SECURE_HSTS_SUBDOMAINS", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
SESSION_ENGINE = "organizations.session_store"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# Members' pages are strict; Wagtail's admin needs inline styles and scripts of its own (config/middleware.py).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
CONTENT_SECURITY_POLICY_ADMIN = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "script-src": [SELF, "'unsafe-inline'", "'unsafe-eval'"],
    "style-src": [SELF, "'unsafe-inline'"],
    "frame-ancestors": [SELF],
}
# What a page may ask the phone for: nothing; the lecturer's page the camera, the microphone and the screen; the room's
# camera and microphone, for whoever is asked on the stage, for everybody in a meeting, and where a phone is tried out.
NEVER_ASKED = ["accelerometer", "geolocation", "gyroscope", "magnetometer", "midi", "payment", "usb"]
FOR_LECTURERS = ["camera", "display-capture", "microphone"]
ASKED_BY = {"page": [], "room": ["camera", "microphone"], "host": FOR_LECTURERS}
PERMISSIONS_POLICY = {
    kind: ", ".join(f"{name}={'(self)' if name in asked else '()'}" for name in [*FOR_LECTURERS, *NEVER_ASKED])
    for kind, asked in ASKED_BY.items()
}

# --- Data -------------------------------------------------------------------------------------------------------
VAR_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
DATABASES, DATABASE_ROUTERS, REPLICA_MAX_LAG_S = replica_settings.read(
    var_dir=VAR_DIR, testing=TESTING, embedded=EMBEDDED
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STORAGE = storage_settings.read(var_dir=VAR_DIR)
MEDIA_ROOT = STORAGE.local
MEDIA_URL = "/files/"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
# Who else may read films, pictures and what is on air: a web server that sends them itself (MEDIA_ACCEL_PREFIX).
FILES_GROUP = files_group(text("FILES_GROUP"))
UMASK = keep_private(var_dir=VAR_DIR, trees=[MEDIA_ROOT, VAR_DIR / "live"], group=FILES_GROUP, command=COMMAND)
STATIC_HASHED = not DEBUG and not TESTING
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage" if STORAGE.is_plain else "media.files.SiteFiles",
        "OPTIONS": {"file_permissions_mode": 0o666 & ~UMASK},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_HASHED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not STATIC_HASHED
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_AUTOREFRESH = DEBUG or TESTING
# Where ``manage.py backup`` puts what it makes; better another disk or host than VAR_DIR's.
BACKUP_DIR = Path(text("BACKUP_DIR", str(VAR_DIR / "backups")))
DISK_RESERVE_PERCENT = number("DISK_RESERVE_PERCENT", default=8, low=1, high=50)

# --- Cache, channel layer, queue ----------------------------------------------------------------------------------
# Nobody waits for Redis: what lies there is a hint, or remembered to be quicker.
REDIS_QUICKLY = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "max_connections": 1000}
CACHES: dict[str, dict[str, Any]] = {
    # Two places a viewer of films (media/rights.py): Django's own 300 would be forgotten with each segment of a hall.
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 50_000}}
    if EMBEDDED
    else {"BACKEND": "config.shared_cache.SharedCache", "LOCATION": REDIS_URL, "OPTIONS": REDIS_QUICKLY}
}
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    if EMBEDDED
    else {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, **REDIS_QUICKLY}], "prefix": "fingertip"},
    }
}
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.2} if EMBEDDED else {"visibility_timeout": 6 * 3600}
# Web processes and media agents have a pool of connections; commands, worker and beat may work for long.
ANSWERS_PAGES = "pool" in DATABASES["default"]["OPTIONS"]
if ANSWERS_PAGES and not EMBEDDED:
    # A process that answers pages only hands tasks over (config/celery.py).
    CELERY_BROKER_TRANSPORT_OPTIONS |= {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TIMEZONE = "UTC"
# Each app declares its periodic tasks as ``BEAT`` in its tasks module; config/celery.py merges them.
TASKS = {
    "default": {
        "BACKEND": "django_tasks.backends.immediate.ImmediateBackend"
        if TESTING or DEBUG
        else "cms.tasks_backend.CeleryBackend"
    }
}

# --- People -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "organizations.User"
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
ROSTER_MAX_BYTES = number("ROSTER_MAX_BYTES", default=50 * 2**20, low=2**20, high=2**30)
ROSTER_MAX_ROWS = number("ROSTER_MAX_ROWS", default=100_000, low=100, high=1_000_000)
ROSTER_MAX_COLUMNS = 50
ROSTER_KEEP_S = 3600
# How long things about people are kept (config/retention_settings.py): verdicts and reasons stay.
(
    EVIDENCE_KEEP_DAYS, GUEST_KEEP_DAYS, MONTHLY_FILE_KEEP_DAYS, QUIZ_KEEP_DAYS, COMMENT_KEEP_DAYS, NOTICE_KEEP_DAYS,
    PERSON_KEEP_DAYS,
) = retention_settings.read()  # fmt: skip
# How long nobody is called missing because the hall of their unit has still to report, after the end of an occasion.
HALL_WAIT_DAYS = number("HALL_WAIT_DAYS", default=7, low=1, high=60)

# --- Reminders (attendance/operations/reminders.py, ADR 42) ---------------------------------------------------------
# The most that one person is reminded in seven days, by hand or outside the site; a unit may choose otherwise.
REMINDERS_A_WEEK = number("REMINDERS_A_WEEK", default=2, low=0, high=5)
# Which ways messages go out, how many a day of each; the applications at WeCom and DingTalk (ADR 86).
MESSAGES = message_settings.read()

# --- Other programs: reports (api/operations/reporting.py, ADR 77), statements (api/operations/stating.py, ADR 79) ---
# Whether reports may go to addresses that only this server's own network reaches: a tool of the same office.
WEBHOOK_PRIVATE_TARGETS = flag("WEBHOOK_PRIVATE_TARGETS", default=False)
# After so many days without a single success an address is told no more, until somebody switches it on.
WEBHOOK_FAILING_DAYS = number("WEBHOOK_FAILING_DAYS", default=5, low=1, high=60)
LRS = lrs_settings.read()

# --- Media ------------------------------------------------------------------------------------------------------
MEDIA_ACCEL_PREFIX = text("MEDIA_ACCEL_PREFIX")
MEDIA_CACHE = flag("MEDIA_CACHE", default=False)  # that web server keeps what lies in a bucket (media.views.files)
MEDIA_URL_TTL_S = number("MEDIA_URL_TTL_S", default=8 * 3600, low=60, high=7 * 86400)
MEDIA_MAX_UPLOAD_BYTES = number("MEDIA_MAX_UPLOAD_BYTES", default=8 * 2**30, low=2**20, high=2**40)
MEDIA_MAX_PIECE_BYTES = number("MEDIA_MAX_PIECE_BYTES", default=3 * 2**20, low=2**18, high=2**30)  # pages send 2 MiB
# How many videos are processed at a time, 0 for as many as there are workers; embedded, the worker has other work too.
MEDIA_JOBS_AT_ONCE = number("MEDIA_JOBS_AT_ONCE", default=1 if EMBEDDED else 0, high=64)
MEDIA_THREADS = number("MEDIA_THREADS", default=0, low=0, high=64)
# required: what reads strangers' bytes runs inside bubblewrap or not at all; try: without it where it does not start.
MEDIA_SANDBOX = choice("MEDIA_SANDBOX", "try" if DEBUG or DEMO or TESTING else "required", of=("required", "try"))
MEDIA_UDP_RANGE = text("MEDIA_UDP_RANGE", "20000-21999")
MEDIA_ICE_ADDRESSES = words("MEDIA_ICE_ADDRESSES", default=[])
MEDIA_PUBLIC_ADDRESS = text("MEDIA_PUBLIC_ADDRESS")
NODES = node_settings.read()  # media hosts, and what this one is called
# coturn for phones that no UDP of the engine's reaches; TURN_SECRET is its static-auth-secret.
TURN_URLS = words("TURN_URLS", default=[])
TURN_SECRET = text("TURN_SECRET")
TURN_TTL_S = number("TURN_TTL_S", default=12 * 3600, low=600, high=7 * 86400)
if bool(TURN_URLS) != bool(TURN_SECRET):
    raise ImproperlyConfigured(
        "TURN_URLS 和 TURN_SECRET（或者 TURN_SECRET_FILE）要一起设置，现在缺一个"
        " / TURN_URLS and TURN_SECRET (or TURN_SECRET_FILE) belong together: one of them is not set"
    )
if any(not one.startswith(("turn:", "turns:")) for one in TURN_URLS):
    raise ImproperlyConfigured(
        "TURN_URLS 要用 turn: 或 turns: 开头，例如 turn:media.example:3478"
        " / TURN_URLS must begin with turn: or turns:, for example turn:media.example:3478"
    )

# --- Live -------------------------------------------------------------------------------------------------------
MEDIA_ENGINES = {"janus": "live.engines.janus.JanusEngine"}
LIVE_WEBRTC_CAP = number("LIVE_WEBRTC_CAP", default=150, low=0, high=5000)
LIVE_MAX_SOCKETS = number("LIVE_MAX_SOCKETS", default=15_000, low=1, high=100_000)
LIVE_SOCKETS_EACH = number("LIVE_SOCKETS_EACH", default=5, low=1, high=1000)
LIVE_SILENCE_S = number("LIVE_SILENCE_S", default=40, low=1, high=600)

# --- Wagtail ----------------------------------------------------------------------------------------------------
WAGTAIL_SITE_NAME = "指尖上的课堂"
WAGTAILADMIN_BASE_URL = SITE_URL
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_USER_TIME_ZONES = [TIME_ZONE]  # one: nobody is asked for theirs
WAGTAIL_CONTENT_LANGUAGES = WAGTAILADMIN_PERMITTED_LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAILIMAGES_EXTENSIONS = ["gif", "jpg", "jpeg", "png", "webp", "heic", "heif"]  # the last two become JPEG
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 40_000_000
WAGTAILIMAGES_IMAGE_FORM_BASE = "cms.pictures.PictureForm"
WAGTAILDOCS_DOCUMENT_FORM_BASE = "cms.papers.PaperForm"
WAGTAILDOCS_EXTENSIONS = ["pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "wps", "et", "dps", "txt", "csv", "zip"]
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_MAX_UPLOAD_SIZE = SLIDES_MAX_BYTES = 50 * 2**20
COURSE_FILE_MAX_BYTES = 200 * 2**20  # a course as one zip file, out and in (cms/packs/): what one request may bring
PACKAGE_MAX_BYTES = 200 * 2**20  # a SCORM package as a zip file; twice as much may come out of it
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "cms.search", "SEARCH_CONFIG": "simple"}}
WAGTAIL_FINISH_WORKFLOW_ACTION = "cms.core.reviewing.leave_to_publishing"
# Made into an inner link, an address of ours would tell the title of whosever page it is.
WAGTAILADMIN_EXTERNAL_LINK_CONVERSION = "never"

# --- Sign-in ----------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "cms.permissions.OfficeBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# Whom people call who need help with signing in or studying: a number of the office, shown to everybody.
HELP_PHONE = telephone("HELP_PHONE")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
# Where whoever holds one of the roles begins after signing in; everybody else at LOGIN_REDIRECT_URL.
START_PAGES = [("desk", ["organiser", "lecturer"])]
WAGTAILADMIN_LOGIN_URL = "/admin/login/"
WAGTAIL_PASSWORD_RESET_ENABLED = WAGTAILUSERS_PASSWORD_ENABLED = False
SESSION_SERIALIZER = "organizations.sessions.SealedSerializer"
# How a sign-in code reaches a phone: SMS_WAY by settings alone, or SMS_BACKEND, a class of one's own.
SMS_WAY, SMS_BACKEND, SMS = sms_settings.read()
SMS_RECEIPTS = receipt_settings.read(SMS_WAY, SMS)  # where its provider says what arrived (ADR 100)
# Accounts that people have elsewhere (ADR 85).
ACCOUNT_WAYS, VERIFY_FILES = account_settings.read(SITE_URL), account_settings.verify_files()
vars().update(account_settings.of_allauth(ACCOUNT_WAYS))
# E-mail goes out by EMAIL_URL (smtp://user:password@host:587?tls=1); without it nobody is offered any.
EMAIL_URL = url("EMAIL_URL", schemes=("smtp", "smtp+tls", "smtp+ssl"))
if EMAIL_URL:
    vars().update(env.email_url_config(EMAIL_URL))
EMAIL_TIMEOUT = 10
EMAIL_FROM = DEFAULT_FROM_EMAIL = text("EMAIL_FROM", f"noreply@{SITE.hostname}")
# The first makes new hashes; the others are read, and renewed when their owner signs in (ADR 26).
PASSWORD_HASHERS = ["organizations.hashing.Argon2", "organizations.hashing.OldPBKDF2"]
HASH_WAIT_S = number("HASH_WAIT_S", default=3, low=1, high=60)
HASH_QUEUE = number("HASH_QUEUE", default=60, low=1, high=10_000)
# deploy/start.sh says how many processes share this machine's cores, and how many threads serve pages in this one
# (0: as many as come).
WEB_PROCESSES = number("WEB_PROCESSES", default=1, low=1, high=10_000)
WEB_THREADS = number("WEB_THREADS", default=0, low=0, high=10_000)
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "dashed": False, "length": 6}
ACCOUNT_ADAPTER = "organizations.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_LOGIN_METHODS = {"phone"}
ACCOUNT_SIGNUP_FIELDS = ["phone*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PHONE_VERIFICATION_ENABLED = False
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 300
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = account_settings.FORMS
# Ours are in the database (organizations/limits.py); allauth's would lie in a cache.
ACCOUNT_RATE_LIMITS = False
# action: {who is counted: [(how many, in how many seconds)]}. A stranger is counted by number and address (tight), by
# number (wide: one address alone never spends it) and by address (a whole office is behind one); a browser that
# signed this person in before by itself, so that strangers cannot lock anybody out, and with all of that person's
# other known browsers (wide): whoever has the password makes as many known browsers as they like.
SIGN_IN_LIMITS: dict[str, dict[str, list[tuple[int, int]]]] = {
    "password": {
        "number_and_address": [(5, 300), (20, 86_400)],
        "number": [(100, 86_400)],
        "address": [(300, 600)],
        "browser": [(10, 300), (50, 86_400)],
        "known_browsers": [(60, 86_400)],
    },
    "code": {
        "number_and_address": [(3, 600), (6, 86_400)],
        "number": [(8, 1800), (15, 86_400)],
        "address": [(300, 600)],
        "browser": [(3, 300), (10, 86_400)],
        "known_browsers": [(20, 86_400)],
    },
    "code_entry": {"session": [(9, 300)]},
    "certificate": {"address": [(120, 600)]},  # numbers that nobody has; a whole town hall may stand behind one address
    # Keys of devices outside that nobody made; whoever shows the right one spends nothing.
    "encoder_key": {"address": [(20, 300), (100, 86_400)]},
    # Short addresses of lectures that nobody has, or that are not for this person.
    "lecture_code": {"person": [(20, 600)]},
    "own_password": {"person": [(10, 300)]},
    "comment": {"person": [(5, 600), (30, 86_400)]},  # what one person says under lessons
    "package_report": {"person": [(200, 600)]},  # a package's page sends every five seconds at most
    "email_code": {"person": [(3, 600), (6, 86_400)]},
    "email_code_entry": {"person": [(10, 300)]},
    "account": {"address": [(300, 600)]},  # visits to a provider that strangers begin
    "lti": {"address": [(3000, 600)]},  # the same from a learning platform: apart, for any page on the web begins them
    # What a program reads by one token: bursts of a hundred, ten a second over a while. Keys that nobody made.
    "api": {"token": [(600, 60)]},
    "api_key": {"address": [(60, 300), (1000, 86_400)]},
    **factor_settings.LIMITS,
    **receipt_settings.LIMITS,
}
# The second step of signing in (ADR 94).
SECOND_FACTOR_ROLES = factor_settings.roles()
vars().update(factor_settings.of_allauth(SITE))

# --- What may be sent: config/guard.py, before Django (ADR 24) ----------------------------------------------------
BODY_MAX_BYTES = number("BODY_MAX_BYTES", default=64 * 2**10, low=2**10, high=2**30)
FORM_BYTES = 2**20  # what a form with a file carries beside it
# Addresses that take more: (prefix, methods, bytes, roles). No roles: the address itself asks before it keeps a byte.
BODY_LIMITS = [
    ("/uploads/", ["PATCH"], MEDIA_MAX_PIECE_BYTES, ()),
    ("/courses/package-reports/", ["POST"], 400 * 2**10, ("signed_in",)),  # packages/core/reports.py
    ("/integrity/", ["POST"], 64 * 2**20, ("secretary", "auditor", "operator")),  # a monthly file, to be checked
    ("/roster/", ["POST"], ROSTER_MAX_BYTES + FORM_BYTES, ("operator",)),
    ("/live/slides/", ["POST"], SLIDES_MAX_BYTES + FORM_BYTES, ("organiser", "lecturer")),
    ("/admin/", ["POST"], 2 * 2**20, ("organiser", "lecturer", "operator")),  # forms of the editor, all text
    ("/admin/documents/", ["POST"], WAGTAILDOCS_MAX_UPLOAD_SIZE + FORM_BYTES, ("organiser", "lecturer", "operator")),
    ("/admin/course-files/", ["POST"], COURSE_FILE_MAX_BYTES + FORM_BYTES, ("organiser",)),
    ("/admin/packages/", ["POST"], PACKAGE_MAX_BYTES + FORM_BYTES, ("organiser",)),
    ("/admin/images/", ["POST"], WAGTAILDOCS_MAX_UPLOAD_SIZE + FORM_BYTES, ("organiser", "lecturer", "operator")),
]

# --- Logs, health, metrics ----------------------------------------------------------------------------------------
LOG_LEVEL = text("LOG_LEVEL", "WARNING" if DEMO else "INFO")
LOG_FORMAT = text("LOG_FORMAT", "text" if DEBUG or DEMO else "json")
METRICS_TOKEN = text("METRICS_TOKEN")
PATHS_WITH_TOKENS = logs.PATHS_WITH_TOKENS
LOG_STEPS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    logs.without_tokens,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            "foreign_pre_chain": LOG_STEPS,
        },
        "text": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
            "foreign_pre_chain": LOG_STEPS,
        },
    },
    "filters": {"not_of_the_database": {"()": "config.logs.NotOfTheDatabase"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Both tell an address as it was asked, with its token; config.middleware.RequestLog has said it already.
        "django.request": {"level": "CRITICAL"},
        "django.server": {"level": "CRITICAL"},
        # A traceback, or the address, of whatever a stranger sends: a host that is not ours, a form of too many fields.
        "django.security": {"level": "CRITICAL"},
        "django.security.csrf": {"level": "WARNING"},
        **{name: {"level": "WARNING"} for name in ("celery", "wagtail", "uvicorn.access", "uvicorn.error")},
        # A traceback a second while Redis is away; live.room.channel says it in a line.
        "channels_redis": {"level": "CRITICAL"},
        # It tells every address that is asked, and providers want secrets and tokens in theirs; whoever asks says it.
        "urllib3": {"level": "CRITICAL"},
    },
}
structlog.configure(
    processors=[*LOG_STEPS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
PROMETHEUS_EXPORT_MIGRATIONS = False
PROMETHEUS_LATENCY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
if SENTRY_DSN := text("SENTRY_DSN"):
    sentry_sdk.init(SENTRY_DSN, send_default_pii=False, traces_sample_rate=0, **logs.TO_SENTRY)
