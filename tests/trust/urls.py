"""Every address of the site and who may use it; ``test_urls.py`` fails on one, or a method of one, not named here.

A row names a route as Django prints it, its methods, and who gets in; everybody else who is signed in gets 404 (in the
back office: is led away), a visitor is asked to sign in unless ``visitor`` says otherwise. The people are those of
``world.py``; all objects belong to the first branch, so ``neighbour…`` stands for everybody outside the subtree.
"""

from dataclasses import dataclass

PERSONAS = (
    "anyone", "member", "neighbour", "secretary", "neighbour_secretary", "organiser", "neighbour_organiser",
    "lecturer", "neighbour_lecturer", "auditor", "operator", "neighbour_operator",
)  # fmt: skip

Who = frozenset[str]
NOBODY: Who = frozenset()
ALL: Who = frozenset(PERSONAS)
SIGNED_IN = ALL - {"anyone"}
ROSTER: Who = frozenset({"member", "secretary"})  # the secretary is a member of the branch too
MEMBER: Who = frozenset({"member"})  # the one whose evidence, session and number the requests are about
SECRETARY: Who = frozenset({"secretary"})
SECRETARIES = SECRETARY | {"neighbour_secretary"}
ORGANISER: Who = frozenset({"organiser"})
ORGANISERS = ORGANISER | {"neighbour_organiser"}
LECTURERS: Who = frozenset({"lecturer", "neighbour_lecturer"})
COUNTS = SECRETARY | ORGANISER
HOSTS: Who = frozenset({"lecturer", "organiser"})
ROOM = ROSTER | HOSTS
READERS = ROSTER | ORGANISER
AUDITOR: Who = frozenset({"auditor"})
OPERATOR: Who = frozenset({"operator"})
OPERATORS = OPERATOR | {"neighbour_operator"}
SECOND = SECRETARIES | ORGANISERS | OPERATORS
KEEPERS_OF_EXEMPTIONS = SECRETARIES | OPERATORS
LIBRARY = ORGANISERS | LECTURERS
KEEPERS = LIBRARY | OPERATOR  # the operator of the whole tree keeps what nobody in particular uploaded
OFFICE = LIBRARY | OPERATORS
KEEPERS_OF_HOURS = ORGANISERS | OPERATORS
KEEPERS_OF_RULES = ORGANISERS | OPERATOR  # the operator of the whole tree keeps those of no unit

KEEPERS_OF_DEPARTURES = SECRETARIES | OPERATORS | AUDITOR
KEEPERS_OF_MEETINGS = ORGANISERS | OPERATORS
OPENERS = SECRETARIES | ORGANISERS | OPERATORS  # of what another program reads

SIGN_IN, JSON_401, NOT_FOUND = "sign-in", "401", "404"
KEY = JSON_401  # no session opens it: whoever has no key gets 401, signed in or not
READ = "GET HEAD"
FORM = "GET HEAD POST"
EVERY = "GET HEAD POST PUT PATCH DELETE"


@dataclass(frozen=True)
class Row:
    """``visitor``: what somebody without a sign-in gets where ``who`` does not name "anyone"."""

    route: str
    methods: str
    who: Who
    what: str
    visitor: str = SIGN_IN


SITE = (
    Row("healthz", READ, ALL, "that the process answers"),
    Row("readyz", READ, ALL, "which parts are there; no names, no numbers of people"),
    Row("metrics", READ, NOBODY, "only with METRICS_TOKEN", NOT_FOUND),
    Row("health/retention/", READ, OPERATOR, "what is kept how long; for the operator of the whole tree"),
    Row(
        "receipts/sms/<str:secret>/",
        "GET POST",
        NOBODY,
        "what arrived of text messages; whoever has the secret",
        NOT_FOUND,
    ),
    Row("health/messages/", READ, OPERATOR, "how many messages went out, what they cost; no names"),
    Row("health/messages/failures/", READ, OPERATOR, "what did not go out and why; no names"),
    Row("health/", FORM, OPERATOR, "how the site is; for the operator of the whole tree"),
    Row("offline/", READ, ALL, "the page for a phone without a network"),
    Row("sw.js", READ, ALL, "the service worker"),
    Row("favicon.ico", READ, ALL, "the icon"),
    Row("MP_verify_<slug:word>.txt", READ, NOBODY, "only a file named in VERIFY_FILES", NOT_FOUND),
    Row("WW_verify_<slug:word>.txt", READ, NOBODY, "only a file named in VERIFY_FILES", NOT_FOUND),
)

SIGNING_IN = (
    Row("accounts/login/", EVERY, ALL, "phone and password"),
    Row("accounts/login/code/", EVERY, ALL, "ask for a code; known and unknown numbers look the same"),
    Row("accounts/login/code/confirm/", EVERY, ALL, "the code; whoever has not asked for one is led back"),
    Row("accounts/link/<str:token>/", FORM, ALL, "a sign-in link: GET shows, POST lets its person in, once"),
    Row(
        "accounts/with/<slug:provider_id>/",
        "POST",
        NOBODY,
        "lead to a provider of accounts, to sign in and nothing else; whoever comes, where one is set up",
        NOT_FOUND,
    ),
    Row(
        "accounts/with/<slug:provider_id>/callback/",
        "GET",
        NOBODY,
        "back from one; lets in whom the roster knows; whoever comes, where one is set up",
        NOT_FOUND,
    ),
    Row("accounts/logout/", FORM, ALL, "sign out"),
    Row("accounts/inactive/", READ, ALL, "what a closed account is told"),
    Row("accounts/signup/", EVERY, ALL, "closed: the roster says who there is"),
    Row("accounts/reauthenticate/", FORM + " PUT", SIGNED_IN, "the password once more"),
    Row("accounts/factor/", READ, SIGNED_IN, "one's own second step of signing in"),
    Row("accounts/factor/sign-in/", FORM, SIGNED_IN, "the second step; whoever has not got so far is led back"),
    Row("accounts/factor/confirm/", FORM, SIGNED_IN, "the second step once more, or another sign-in"),
    Row("accounts/factor/app/", FORM, SIGNED_IN, "set up one's own authenticator; just after proving oneself"),
    Row(
        "accounts/factor/passkey/",
        FORM,
        NOBODY,
        "set up one's own passkey; just after proving oneself, where the site's address can have any",
    ),
    Row("accounts/factor/codes/", FORM, SIGNED_IN, "one's own recovery codes, once; just after proving oneself"),
    Row("accounts/factor/<int:factor_id>/end/", FORM, MEMBER, "end one's own; just after proving oneself"),
    Row("accounts/password/change/", FORM + " PUT", SIGNED_IN, "one's own password"),
    Row("accounts/password/set/", EVERY, SIGNED_IN, "one's first password"),
    Row("display/", "POST", ALL, "language and elder mode, for oneself; low-data mode, for the phone"),
)

OWN = (
    Row("", "GET", SIGNED_IN, "what oneself owes"),
    Row("desk/", "GET", LIBRARY, "what one organises or gives, in counts; nobody named but lecturers and authors"),
    Row("desk/plan/", "GET POST", ORGANISERS, "a new training in draft"),
    Row("desk/plan/<int:training_id>/", "GET", ORGANISER, "a training's plan and preview, in counts; nobody named"),
    Row("desk/plan/<int:training_id>/change/", "GET POST", ORGANISER, "for whom, until when and by which rule"),
    Row("desk/plan/<int:training_id>/publish/", "POST", ORGANISER, "show a draft to those it is for"),
    Row("desk/plan/<int:training_id>/copy/", "GET POST", ORGANISER, "a draft of the same"),
    Row("desk/plan/<int:training_id>/withdraw/", "GET POST", ORGANISER, "call it off while nothing has begun"),
    Row("calendar/<int:occasion_id>.ics", "GET", ROSTER, "an occasion's time and place"),
    Row("calendar/feed/<str:token>.ics", READ, NOBODY, "a calendar by its secret address; whoever has it", NOT_FOUND),
    Row("me/notices/", "GET", SIGNED_IN, "what oneself was told"),
    Row("me/notices/choices/", "GET POST", SIGNED_IN, "how oneself wants to be told; what was sent to oneself"),
    Row("me/", "GET", SIGNED_IN, "one's own hours and records"),
    Row("me/hours/", "GET", SIGNED_IN, "one's own hours of a year: what counts, what is asked and why"),
    Row("me/data.json", "GET", SIGNED_IN, "everything held about oneself, and nobody else"),
    Row("me/records/<int:occasion_id>/", "GET", ROSTER, "one's own evidence and why it counted or not"),
    Row("me/records/<int:occasion_id>/dispute/", "POST", ROSTER, "that one's own record is wrong"),
    Row("me/records/<int:occasion_id>/dispute/withdraw/", "POST", ROSTER, "that one takes it back, before an answer"),
    Row("me/leaves/", "GET", SIGNED_IN, "one's own leaves and what was answered"),
    Row("me/leaves/ask/", "GET POST", SIGNED_IN, "ask for leave: a category, occasions or days"),
    Row("me/leaves/<int:leave_id>/withdraw/", "POST", MEMBER, "take one's own back; nobody else's is there"),
    Row("me/records/<int:occasion_id>/declare/", "GET POST", ROSTER, "what oneself studied elsewhere"),
    Row("me/records/<int:occasion_id>/check/", FORM, ROSTER, "the check of understanding of what oneself makes up"),
    Row("me/declarations/<int:declaration_id>/withdraw/", "GET POST", MEMBER, "take back one's own declaration"),
    Row("in/<str:code>/", "GET POST", SIGNED_IN, "check in by a hall's code; only what is fresh; no names of others"),
    Row("me/sign-in/", FORM, SIGNED_IN, "how oneself signs in; one's own accounts of elsewhere, and their end"),
    Row("me/access/", READ, SIGNED_IN, "who looked at one's own records, lists and files too"),
)

BRANCH = (
    Row("branch/", "GET", SECRETARIES | ORGANISERS, "the trainings that touch one's own nodes, with counts"),
    Row("branch/<int:training_id>/", "GET", COUNTS, "counts; names for the secretary alone; logged"),
    Row("branch/reminders/", "GET POST", SECRETARIES, "how one's own units are reminded"),
    Row("branch/<int:training_id>/remind/", "GET POST", SECRETARY, "remind who has something to do; logged"),
    Row("branch/<int:training_id>/reminders/", "GET", SECRETARY, "who was reminded, when and how; logged"),
    Row("branch/<int:training_id>/progress/", "GET", COUNTS, "a training over time: numbers alone"),
    Row("branch/<int:training_id>/counts.<slug:form>", "GET", COUNTS, "numbers of each unit as a file; no names"),
    Row("branch/register/", "GET", SECRETARIES, "people by occasions below one's own node; logged"),
    Row("branch/register/register.pdf", "GET", SECRETARIES, "the same on paper; logged"),
    Row("branch/register/<int:occasion_id>/<int:member_id>/", "GET", SECRETARY, "one person's evidence; logged"),
    Row("branch/people/<int:member_id>/", "GET", SECRETARY, "one person's year at one's own units; logged"),
    Row("branch/occasions/<int:occasion_id>/", "GET", COUNTS, "counts; names for the secretary alone; logged"),
    Row("branch/<int:training_id>/hall/", "GET POST", SECRETARY, "who watched together; never oneself; logged"),
    Row("branch/<int:training_id>/hall/sync", "POST", SECRETARY, "ticks that a phone kept; never oneself", JSON_401),
    Row("branch/<int:training_id>/hall/find", "GET", SECRETARY, "whose phone ends so, of one's own; logged", JSON_401),
    Row("branch/<int:training_id>/sheet/", "GET POST", SECRETARY, "enter a sheet of paper by its numbers; logged"),
    Row("branch/<int:training_id>/sheet.pdf", "GET", SECRETARY, "the sign-in sheet of a unit; logged"),
    Row("branch/halls/<int:hall_id>/code/", "GET", SECRETARY, "the code of one's own hall; no names"),
    Row("branch/<int:training_id>/members/", "GET", SECRETARY, "the names below one's own node; logged"),
    Row("branch/<int:training_id>/members/<int:member_id>/", "GET", SECRETARY, "one person's evidence; logged"),
    Row("branch/<int:training_id>/members/<int:member_id>/phone/", "POST", SECRETARY, "the number in full; logged"),
    Row("branch/<int:training_id>/reports/<slug:name>/", "GET", SECRETARY, "a report as a table; logged"),
    Row("branch/<int:training_id>/reports/<slug:name>.<slug:form>", "GET", SECRETARY, "a report as a file; logged"),
    Row(
        "branch/occasions/<int:occasion_id>/members/<int:member_id>/<slug:what>/", "GET POST", SECRETARY,
        "leave, study elsewhere, correction with a reason; never one's own",
    ),
    Row("branch/evidence/<int:evidence_id>/withdraw/", "POST", SECRETARY, "take back a tick or leave; never one's own"),
    Row("branch/declarations/", "GET", SECRETARIES, "what waits for one's own word, by name; logged"),
    Row(
        "branch/declarations/<int:declaration_id>/", "GET POST", SECRETARY,
        "confirm or refuse what somebody declared; never one's own",
    ),
    Row("branch/hours/", "GET", SECRETARIES, "the year's hours of a unit's people; logged"),
    Row("branch/hours.<slug:form>", "GET", SECRETARIES, "the same as a file; logged"),
    Row("branch/hours/<int:member_id>/", "GET", SECRETARY, "one person's year; elsewhere is a sum; logged"),
    Row(
        "branch/recomputations/<int:recomputation_id>/", "GET", SECRETARY,
        "who of one's own units was judged anew otherwise; logged",
    ),
    Row(
        "integrity/", FORM, SECRETARIES | ORGANISERS | AUDITOR | OPERATORS,
        "gaps and monthly files of one's own part of the tree, without names; what an uploaded monthly file is",
    ),
    Row(
        "integrity/monthly/<int:file_id>.xlsx", READ.replace(" HEAD", ""), NOBODY,
        "a monthly file, with names: the secretary of a top unit; logged",
    ),
    Row("branch/disputes/", "GET", SECRETARIES, "the disputes that wait for one's answer, by name; logged"),
    Row("branch/disputes/<int:dispute_id>/answer/", "GET POST", SECRETARY, "the answer to a dispute; never one's own"),
    Row("branch/leaves/", "GET POST", SECRETARIES, "the leaves that wait for one's answer, many at once; logged"),
    Row("branch/leaves/<int:leave_id>/", "GET POST", SECRETARY, "one leave, and the answer; never one's own"),
    Row("branch/leaves/new/<int:member_id>/", "GET POST", SECRETARY, "enter a leave for somebody; logged"),
    Row("branch/corrections/", "GET", SECOND, "corrections that wait for one's second word; logged"),
    Row(
        "branch/corrections/<int:review_id>/", "GET POST", COUNTS | OPERATOR,
        "the second word on a correction; never its author's or the member's; logged",
    ),
    Row("exemptions/", "GET", KEEPERS_OF_EXEMPTIONS, "who is exempt below one's own units; logged"),
    Row("exemptions/people/", "GET", KEEPERS_OF_EXEMPTIONS, "the names below one's own units; logged"),
    Row("exemptions/people/<int:member_id>/", "GET POST", SECRETARY | OPERATOR, "exempt somebody; logged"),
    Row("exemptions/<int:exemption_id>/end/", "GET POST", SECRETARY | OPERATOR, "expect somebody again; logged"),
)  # fmt: skip

MEETINGS = (
    Row("meetings/", "GET", SECRETARIES | ORGANISERS, "one's own units' year of meetings; counts"),
    Row("meetings/year.pdf", "GET", SECRETARIES | ORGANISERS, "the same on paper"),
    Row("meetings/units/", "GET", SECRETARIES | ORGANISERS, "how often each branch below met; no names of people"),
    Row("meetings/units.<slug:form>", "GET", SECRETARIES | ORGANISERS, "the same as a file"),
    Row("meetings/books.pdf", "GET", SECRETARIES | ORGANISERS, "the books of a period; names for secretaries; logged"),
    Row("meetings/forms/", "GET", KEEPERS_OF_MEETINGS | SECRETARIES, "which forms hold at one's own unit"),
    Row("meetings/forms/<slug:code>/", "GET POST", KEEPERS_OF_MEETINGS, "what a form is at one's own unit"),
    Row("meetings/plan/", "GET POST", SECRETARIES | ORGANISERS, "plan a meeting of one's own unit; names logged"),
    Row("meetings/<int:occasion_id>/", "GET", ROSTER | ORGANISER, "a meeting; who came for the secretary; logged"),
    Row("meetings/<int:occasion_id>/change/", "GET POST", COUNTS, "change what has not begun; names logged"),
    Row("meetings/<int:occasion_id>/withdraw/", "POST", COUNTS, "withdraw what has not begun"),
    Row("meetings/<int:occasion_id>/void/", "GET POST", COUNTS, "void what was held, with a reason"),
    Row("meetings/<int:occasion_id>/form/", "GET POST", COUNTS, "which form an occasion has"),
    Row("meetings/<int:occasion_id>/attendance/", "GET POST", SECRETARY, "who came; logged"),
    Row("meetings/<int:occasion_id>/minutes/", "GET POST", COUNTS, "what was studied and decided"),
    Row("meetings/<int:occasion_id>/book.pdf", "GET", COUNTS, "the book on paper; names for the secretary; logged"),
)  # fmt: skip

CERTIFICATES = (
    Row("c/", "GET HEAD", ALL, "ask for a certificate's number"),
    Row(
        "c/<str:number>/", "GET HEAD", ALL, "what was issued under a number and whether it stands; limited, not indexed"
    ),
    Row("certificates/", "GET", SIGNED_IN, "one's own certificates"),
    Row("certificates/own/<int:training_id>/", FORM, ROSTER, "one's own certificate of a training, or the way to it"),
    Row("certificates/own/<int:training_id>/certificate.pdf", "GET", MEMBER, "the same on paper"),
    Row("certificates/own/<int:training_id>/name/", "POST", MEMBER, "one's own with the name as it is now"),
    Row(
        "certificates/trainings/<int:training_id>/", "GET", COUNTS, "how many have one; names for the secretary; logged"
    ),
    Row("certificates/trainings/<int:training_id>/print.pdf", "GET", SECRETARY, "all of one's units on paper; logged"),
    Row(
        "certificates/trainings/<int:training_id>/setting/", FORM, ORGANISER, "what they say, and whether there are any"
    ),
    Row("certificates/trainings/<int:training_id>/specimen.pdf", "GET", ORGANISER, "one of nobody, marked as such"),
    Row(
        "certificates/trainings/<int:training_id>/review/", "GET", ORGANISER, "those no longer covered, by name; logged"
    ),
    Row("certificates/<int:certificate_id>/withdraw/", FORM, ORGANISER, "withdraw one, with a reason; logged"),
    Row("certificates/<int:certificate_id>/reissue/", "POST", ORGANISER, "issue one anew; logged"),
)

API = (
    Row("api/", "GET", OPENERS, "one's own keys of other programs; for the operator above those of the units"),
    Row("api/docs/", "GET", OPENERS, "how the interface is asked"),
    Row("api/tokens/new/", FORM, OPENERS, "make a key; nothing one cannot read oneself; shown once"),
    Row("api/tokens/<int:token_id>/", FORM, SECRETARY | OPERATOR, "a key, for its maker and the operator; end it"),
    Row("api/webhooks/new/", FORM, SECRETARIES | ORGANISERS, "tell an address what happens, in numbers"),
    Row("api/webhooks/<int:webhook_id>/", FORM, ORGANISER | OPERATOR, "its log; send again, switch off and on"),
    Row("api/v1/openapi.json", "GET", ALL, "how the interface is asked, for programs; nobody's data"),
    Row("api/v1/", "GET", NOBODY, "nothing", NOT_FOUND),
    Row("api/v1/token", "GET", NOBODY, "what a key opens; whoever has it", KEY),
    Row("api/v1/units", "GET", NOBODY, "units of the key's subtree; whoever has one for people", KEY),
    Row("api/v1/people", "GET", NOBODY, "people of the key's subtree; whoever has one for people; logged", KEY),
    Row("api/v1/trainings", "GET", NOBODY, "trainings that concern the key's subtree; whoever has one for them", KEY),
    Row("api/v1/trainings/<int:training_id>", "GET", NOBODY, "the same", KEY),
    Row("api/v1/trainings/<int:training_id>/occasions", "GET", NOBODY, "the same", KEY),
    Row("api/v1/trainings/<int:training_id>/counts", "GET", NOBODY, "numbers; whoever has a key for counts", KEY),
    Row("api/v1/trainings/<int:training_id>/records", "GET", NOBODY, "whoever has a key for records; logged", KEY),
    Row("api/v1/trainings/<int:training_id>/missing", "GET", NOBODY, "whoever has a key for records; logged", KEY),
    Row("api/v1/hours", "GET", NOBODY, "whoever has a key for hours; logged", KEY),
    Row("api/v1/hours/month", "GET", NOBODY, "whoever has a key for hours; logged", KEY),
)

LTI = (
    Row("lti/login/", "GET POST", NOBODY, "begin the way in from a learning platform, where one is set up", NOT_FOUND),
    Row("lti/launch/", "POST", ALL, "what a platform says of who somebody is; without its signature, a sentence"),
    Row("lti/go/<int:visit_id>/", "GET POST", NOBODY, "sign in whom it named; the browser that came alone", NOT_FOUND),
    Row("lti/choose/<int:visit_id>/", "GET POST", NOBODY, "choose what a link opens; that browser alone", NOT_FOUND),
    Row("lti/keys.json", "GET", ALL, "the site's public keys"),
    Row("lti/platforms/", READ, OPERATOR, "learning platforms; for the operator of the whole tree"),
    Row("lti/platforms/new/", FORM, OPERATOR, "set one up; the same"),
    Row("lti/platforms/<int:platform_id>/", FORM, OPERATOR, "one; check, withdraw, take back, delete; the same"),
    Row("lti/platforms/<int:platform_id>/change/", FORM, OPERATOR, "change it; the same"),
)

COURSES = (
    Row("courses/", READ, SIGNED_IN, "one's own courses; those of the subtree for secretary and organiser"),
    Row("courses/saved/", READ, ALL, "what the phone itself keeps; the same page for everybody"),
    Row("courses/saved.json", READ, SIGNED_IN, "which lessons that a phone keeps may stay"),
    Row("courses/answers/", "POST", MEMBER, "answers to one's own quiz that a phone kept", JSON_401),
    Row("courses/paths/<int:path_id>/", READ, ROSTER, "a learning path"),
    Row("courses/paths/<int:path_id>/cover/", READ, ROSTER, "the picture on a learning path's cover"),
    Row("courses/<int:occasion_id>/", READ, READERS, "a course"),
    Row("courses/<int:occasion_id>/cover/", READ, READERS, "the picture on a course's cover"),
    Row(
        "courses/<int:occasion_id>/talk/", READ, READERS, "what one said there oneself; the organiser above: all of it"
    ),
    Row("courses/<int:occasion_id>/talk/<int:comment_id>/decide/", "POST", ORGANISER, "show, hide or answer a comment"),
    Row("courses/<int:occasion_id>/talk/<int:comment_id>/delete/", "POST", MEMBER, "one's own comment"),
    Row(
        "courses/<int:occasion_id>/talk/<int:comment_id>/report/",
        "POST",
        READERS - MEMBER,
        "somebody else's comment that is shown",
    ),
    Row("courses/<int:occasion_id>/<int:lesson_id>/", READ, READERS, "a lesson"),
    Row(
        "courses/<int:occasion_id>/<int:lesson_id>/talk/",
        FORM,
        READERS,
        "what was said under a lesson and let through; written by the roster",
    ),
    Row("courses/<int:occasion_id>/<int:lesson_id>/media.json", READ, READERS, "fresh signed addresses"),
    Row("courses/<int:occasion_id>/<int:lesson_id>/saved.json", READ, ROSTER, "a lesson, to be kept on the phone"),
    Row("courses/<int:occasion_id>/<int:lesson_id>/complete/", "POST", ROSTER, "that one has finished"),
    Row("courses/<int:occasion_id>/<int:lesson_id>/pictures/<int:image_id>/", READ, READERS, "a lesson's picture"),
    Row("courses/<int:occasion_id>/<int:lesson_id>/documents/<int:document_id>/", READ, READERS, "a lesson's document"),
    Row(
        "courses/<int:occasion_id>/<int:lesson_id>/documents/<int:document_id>/pages/",
        READ,
        READERS,
        "the pages of a lesson's document",
    ),
    Row(
        "courses/<int:occasion_id>/<int:lesson_id>/documents/<int:document_id>/pages/<slug:key>/<int:width>/<int:nth>.jpg",
        READ,
        READERS,
        "a page of a lesson's document as a picture",
    ),
    Row(
        "courses/<int:occasion_id>/<int:lesson_id>/quizzes/<int:quiz_id>/", FORM, READERS, "one's own quiz of a lesson"
    ),
    Row(
        "courses/<int:occasion_id>/<int:lesson_id>/quizzes/<int:quiz_id>/keep/",
        "POST",
        ROSTER,
        "one's own quiz of a lesson, without what is right, to be kept on the phone",
        JSON_401,
    ),
    Row(
        "courses/<int:occasion_id>/<int:lesson_id>/asked/<int:question_id>/",
        "POST",
        READERS,
        "one's own answer to what a video asks; the key once it is answered",
    ),
    Row("courses/<int:occasion_id>/<int:lesson_id>/packages/<int:package_id>/", READ, READERS, "a lesson's package"),
    Row(
        "courses/package-reports/<int:occasion_id>/<int:lesson_id>/<int:package_id>/",
        "POST",
        ROSTER,
        "what a package says of oneself",
    ),
    Row("watch/<int:occasion_id>/play", "POST", ROSTER, "begin to watch", JSON_401),
    Row("watch/<int:occasion_id>/report", "POST", MEMBER, "what one watched, in one's own session", JSON_401),
)

LIVE = (
    Row("live/", "GET", ORGANISERS | LECTURERS, "the lectures that one gives or organises"),
    Row("live/check/", "GET", SIGNED_IN, "try this phone out; says nothing about anybody"),
    Row("live/check/relays.json", "POST", SIGNED_IN, "relays for that, 300 s", JSON_401),
    Row("live/<int:occasion_id>/", "GET", ROOM, "the room"),
    Row("live/meetings/plan/", "GET POST", SECRETARIES | ORGANISERS, "plan a meeting by video; names logged"),
    Row("live/meetings/<int:occasion_id>/change/", "GET POST", COUNTS, "a meeting's plan; names logged"),
    Row("live/meetings/<int:occasion_id>/cancel", "POST", COUNTS, "cancel a meeting that has not begun"),
    Row(
        "live/meetings/<int:occasion_id>/recording/", "GET", ROSTER, "what was recorded of a meeting; counts for nobody"
    ),
    Row("live/meetings/<int:occasion_id>/recording/delete/", "GET POST", SECRETARY, "delete it, with a reason; logged"),
    Row("live/<int:occasion_id>/host/", "GET", HOSTS, "the lecturer's desk"),
    Row("live/<int:occasion_id>/host/rehearsal/", "GET", HOSTS, "the desk with simulated members, kept nowhere"),
    Row("live/<int:occasion_id>/encoder/", "GET POST", HOSTS, "the key of a device outside; shown once"),
    Row("live/<int:occasion_id>/whip/", "POST", NOBODY, "a device outside sends the picture; whoever has the key", KEY),
    Row("live/<int:occasion_id>/whip/<str:session>/", "DELETE", NOBODY, "it ends; whoever has the key", KEY),
    Row("live/<int:occasion_id>/screen/", "GET", ROOM, "the hall's screen; counts for nobody"),
    Row("live/<int:occasion_id>/screen/ticket.json", "GET", ROOM, "its ticket, evidence of nobody's", JSON_401),
    Row("l/<str:code>/", READ, ROOM, "a lecture by its short code; whom a cancelled one concerned is told; counted"),
    Row("live/<int:occasion_id>/notice.pdf", READ, HOSTS, "its notice on paper, with the code"),
    Row("live/<int:occasion_id>/again/", "GET POST", HOSTS, "hold again what was not held"),
    Row("live/<int:occasion_id>/void/", "GET POST", ORGANISER, "void it; for its lecturer too where it was not held"),
    Row("live/<int:occasion_id>/replay/", "GET", ROOM, "the recording; for the secretary above too"),
    Row("live/<int:occasion_id>/replay/addresses.json", "GET", ROOM, "fresh signed addresses", JSON_401),
    Row(
        "live/<int:occasion_id>/cut/",
        "GET POST",
        ORGANISER,
        "make a lesson of the recording: a host who writes courses",
    ),
    Row("live/<int:occasion_id>/asked/", "GET POST", HOSTS, "what was asked: counts alone, nobody named; what is left"),
    Row("live/slides/<int:occasion_id>/", "GET POST", HOSTS, "the lecture's slides; a new PDF", JSON_401),
    Row("live/slides/<int:occasion_id>/papers.json", "GET", HOSTS, "PDFs of the library one may choose", JSON_401),
    Row("live/slides/<int:occasion_id>/remove", "POST", HOSTS, "take slides away", JSON_401),
    Row("live/<int:occasion_id>/state.json", "GET", ROOM, "the room's state; muted, hands, on air for hosts", JSON_401),
    Row(
        "live/<int:occasion_id>/people.json", "GET", HOSTS, "who is in the room, searched and by unit; logged", JSON_401
    ),
    Row("live/<int:occasion_id>/ticket.json", "GET", ROOM, "a ticket for this browser's socket, 120 s", JSON_401),
    Row("live/<int:occasion_id>/outbox", "POST", ROOM, "presence while the line was down; roster only", JSON_401),
)

FILES = (
    Row(
        "m/<str:token>/<path:path>",
        READ,
        ROOM,
        "media by a signed address, in its viewer's own browser alone; the right is asked again",
        NOT_FOUND,
    ),
    Row(
        "_media/stored/<str:token>/<str:root>/<str:object_id>/<path:path>",
        READ,
        NOBODY,
        "for the web server in front alone, which the site tells to ask so; two minutes (MEDIA_CACHE)",
        NOT_FOUND,
    ),
    Row(
        "packages/<str:token>/<path:path>",
        READ,
        ALL,
        "a file of a package by a signed address that ends: its frame is of no origin and has no cookie (ADR 82)",
    ),
    Row("videos/<uuid:video_id>/fault", "POST", ROOM, "that one's browser cannot play it", JSON_401),
    Row("files/<path:path>", READ, ORGANISER, "a picture of the library that one may choose or edits", NOT_FOUND),
    Row("uploads/", "POST", OFFICE, "a new upload", JSON_401),
    Row("uploads/<uuid:upload_id>/", "HEAD PATCH DELETE", ORGANISER, "one's own upload", JSON_401),
)

PEOPLE = (
    Row("roster/", READ, OPERATORS, "import of a roster below one's own node"),
    Row("roster/template.xlsx", READ, OPERATORS, "an empty roster to fill in; no people"),
    Row("roster/export.xlsx", READ, OPERATORS, "the roster below one's own node, without phone numbers; logged"),
    Row("roster/check/", "POST", OPERATORS, "what a file would change"),
    Row("roster/review/", FORM, OPERATORS, "what it leaves open, and one's answers"),
    Row("roster/confirm/", "POST", OPERATORS, "take it over"),
    Row("roster/discard/", "POST", OPERATORS, "throw it away"),
    Row("people/", READ, OPERATORS, "search among one's own people; last four digits of a number at most; logged"),
    Row("people/<int:person_id>/", READ, OPERATOR, "belonging, roles and history of somebody within reach; logged"),
    Row("people/<int:person_id>/factors/take/", FORM, OPERATOR, "take a lost second step from somebody; logged"),
    Row("people/<int:person_id>/link/", "GET POST", OPERATOR, "a sign-in link for somebody within reach; logged"),
    Row(
        "people/<int:person_id>/accounts/<int:link_id>/end/",
        "GET POST",
        OPERATOR,
        "an account of elsewhere lets somebody within reach in no more",
    ),
    Row("people/<int:person_id>/<slug:what>/", "GET POST", OPERATOR, "change one thing of somebody within reach"),
    Row("roles/<int:grant_id>/end/", "GET POST", OPERATOR, "end a role held in one's own units"),
    Row("units/", READ, OPERATORS, "one's own units with codes and secretaries"),
    Row("units/choose.json", "GET", OFFICE, "names and codes of open units of one's own subtrees; nobody's people"),
    Row("units/<int:unit_id>/", READ, OPERATOR, "one unit of one's own"),
    Row("units/<int:unit_id>/merge/", "GET POST", OPERATOR, "merge it into another of one's own"),
    Row("units/<int:unit_id>/<slug:what>/", "GET POST", OPERATOR, "rename it, make one below, close, reopen"),
    Row("departures/", READ, KEEPERS_OF_DEPARTURES, "who left and is taken out soon; logged"),
    Row("departures/<int:person_id>/hold/", "POST", AUDITOR, "keep what is known of somebody who left"),
    Row("departures/<int:person_id>/lift/", "POST", AUDITOR, "let their time run again"),
    Row("audit/", READ, AUDITOR, "the access log, to read"),
    Row("audit/reminders/", "GET", AUDITOR, "how many reminders there were; no names"),
)

ADMIN = (
    Row("admin/login/", EVERY, NOBODY, "Wagtail's own sign-in, closed: leads visitors to ours"),
    Row("admin/signed-in/", READ, OFFICE, "whose session it is: asked by the editor's script before it saves"),
    Row("admin/live/schedule/", "GET", ORGANISERS, "the lectures of one's subtree"),
    Row("admin/live/schedule/add/", "GET POST", ORGANISERS, "a new lecture in one's subtree"),
    Row("admin/live/schedule/table/", "GET POST", ORGANISERS, "many lectures from a table, in one's subtree"),
    Row("admin/live/schedule/table/template.xlsx", READ, ORGANISERS, "the empty table"),
    Row("admin/live/schedule/<int:occasion_id>/", "GET POST", ORGANISER, "a lecture's plan"),
    Row("admin/live/schedule/<int:occasion_id>/cancel/", "GET POST", ORGANISER, "cancel it; asks first"),
    Row("admin/live/schedule/<int:occasion_id>/end/", "GET POST", ORGANISER, "end it; asks first"),
    Row("admin/live/schedule/<int:occasion_id>/resume/", "POST", ORGANISER, "undo its end, for ten minutes"),
    Row("admin/live/schedule/<int:occasion_id>/void/", "GET POST", ORGANISER, "void it, with a reason"),
    Row("admin/live/schedule/<int:occasion_id>/recording/delete/", "GET POST", ORGANISER, "its recording; asks first"),
    Row("admin/course-files/import/", FORM, ORGANISERS, "a new draft of a course, of an exported file"),
    Row("admin/course-files/<int:course_id>/export/", READ, ORGANISER, "a course as one zip file; nobody is in it"),
    Row("admin/quizzes/", READ, ORGANISERS, "the quizzes of one's subtree"),
    Row("admin/quizzes/add/", FORM, ORGANISERS, "a new quiz in one's subtree"),
    Row("admin/quizzes/<int:quiz_id>/", FORM, ORGANISER, "a quiz's rules"),
    Row("admin/quizzes/<int:quiz_id>/offer/", "POST", ORGANISER, "withdraw it, or offer it again"),
    Row("admin/quizzes/<int:quiz_id>/preview/", READ, ORGANISER, "one draw as on a phone; keeps nothing"),
    Row("admin/quizzes/<int:quiz_id>/statistics/", READ, ORGANISER, "how it went: counts of five and more, no names"),
    Row("admin/quizzes/questions/", READ, ORGANISERS, "the bank of one's subtree"),
    Row("admin/quizzes/questions/add/", FORM, ORGANISERS, "a new question in one's subtree"),
    Row("admin/quizzes/questions/<int:question_id>/", FORM, ORGANISER, "a question's next version; its earlier ones"),
    Row("admin/quizzes/questions/<int:question_id>/offer/", "POST", ORGANISER, "withdraw it, or offer it again"),
    Row("admin/quizzes/chooser/", READ, OFFICE, "choose among those of one's subtree"),
    Row("admin/quizzes/chooser/results/", READ, OFFICE, "the same"),
    Row("admin/quizzes/chooser/chosen/<str:pk>/", READ, ORGANISER, "the chosen one"),
    Row("admin/quizzes/chooser/chosen-multiple/", READ, OFFICE, "the chosen ones"),
    Row("admin/quizzes/chooser/create/", EVERY, NOBODY, "closed: quizzes are made on their own page"),
    Row("admin/quizzes/question_chooser/", READ, OFFICE, "choose among those of one's subtree"),
    Row("admin/quizzes/question_chooser/results/", READ, OFFICE, "the same"),
    Row("admin/quizzes/question_chooser/chosen/<str:pk>/", READ, ORGANISER, "the chosen one"),
    Row("admin/quizzes/question_chooser/chosen-multiple/", READ, OFFICE, "the chosen ones"),
    Row("admin/quizzes/question_chooser/create/", EVERY, NOBODY, "closed: questions are made on their own page"),
    Row("admin/packages/", READ, ORGANISERS, "the packages of one's subtree"),
    Row("admin/packages/add/", FORM, ORGANISERS, "a new package in one's subtree"),
    Row("admin/packages/<int:package_id>/", FORM, ORGANISER, "a package's name, and another file in its place"),
    Row("admin/packages/<int:package_id>/offer/", "POST", ORGANISER, "withdraw it, or offer it again"),
    Row("admin/packages/<int:package_id>/delete/", FORM, ORGANISER, "delete it while nobody needs it; asks first"),
    Row("admin/packages/<int:package_id>/preview/", READ, ORGANISER, "play it as on a phone; keeps nothing"),
    Row("admin/packages/chooser/", READ, OFFICE, "choose among those of one's subtree"),
    Row("admin/packages/chooser/results/", READ, OFFICE, "the same"),
    Row("admin/packages/chooser/chosen/<str:pk>/", READ, ORGANISER, "the chosen one"),
    Row("admin/packages/chooser/chosen-multiple/", READ, OFFICE, "the chosen ones"),
    Row("admin/packages/chooser/create/", EVERY, NOBODY, "closed: packages are brought in on their own page"),
    Row("admin/course-runs/", READ, ORGANISERS, "the courses given in one's subtree"),
    Row("admin/course-runs/results/", READ, ORGANISERS, "the same"),
    Row("admin/course-runs/new/", FORM + " PUT", ORGANISERS, "give a course"),
    Row("admin/course-runs/edit/<int:pk>/", FORM + " PUT", ORGANISER, "change it; once it runs, its end"),
    Row("admin/course-runs/delete/<int:pk>/", "GET POST", ORGANISER, "withdraw it before it begins; asks first"),
    Row("admin/course-runs/void/<int:pk>/", "GET POST", ORGANISER, "void it, with a reason"),
    Row("admin/course-runs/history/<int:pk>/", READ, ORGANISER, "who changed it"),
    Row("admin/course-runs/history-results/<int:pk>/", READ, ORGANISER, "the same"),
    Row("admin/trainings/", READ, ORGANISERS, "the trainings of one's subtree"),
    Row("admin/trainings/results/", READ, ORGANISERS, "the same"),
    Row("admin/trainings/new/", FORM + " PUT", ORGANISERS, "a new training"),
    Row("admin/trainings/edit/<int:pk>/", FORM + " PUT", ORGANISER, "a training"),
    Row("admin/trainings/delete/<int:pk>/", FORM, ORGANISER, "an empty draft; else what needs it, in words"),
    Row("admin/trainings/history/<int:pk>/", READ, ORGANISER, "who changed it"),
    Row("admin/trainings/history-results/<int:pk>/", READ, ORGANISER, "the same"),
    Row("admin/occasions/", READ, ORGANISERS, "the occasions of one's subtree"),
    Row("admin/occasions/results/", READ, ORGANISERS, "the same"),
    Row(
        "admin/rules/", READ, KEEPERS_OF_RULES, "the rules that one may schedule with: of one's units, above and below"
    ),
    Row("admin/rules/results/", READ, KEEPERS_OF_RULES, "the same"),
    Row(
        "admin/rules/new/",
        FORM + " PUT",
        KEEPERS_OF_RULES,
        "a new rule of a unit of one's own; the site's, the operator",
    ),
    Row("admin/rules/inspect/<int:pk>/", READ, ORGANISER, "one that one may schedule with: to read, in words"),
    Row("admin/rules/edit/<int:pk>/", FORM + " PUT", ORGANISER, "a rule's next version"),
    Row("admin/rules/delete/<int:pk>/", FORM, ORGANISER, "one that no occasion uses; else who does, in words"),
    Row("admin/rules/history/<int:pk>/", READ, ORGANISER, "who changed it"),
    Row("admin/rules/history-results/<int:pk>/", READ, ORGANISER, "the same"),
    Row("admin/rules/withdraw/<int:pk>/", "POST", ORGANISER, "offer a rule for nothing new any more"),
    Row("admin/rules/again/<int:pk>/", "POST", ORGANISER, "offer it again"),
    Row("admin/occasions/<int:occasion_id>/recompute/", READ + " POST", ORGANISER, "try another rule on what was held"),
    Row("admin/occasions/<int:occasion_id>/check/", FORM, ORGANISER, "the questions of the check of understanding"),
    Row("admin/occasions/<int:occasion_id>/check/preview/", "POST", ORGANISER, "the same as on a phone; keeps nothing"),
    Row("admin/occasions/<int:occasion_id>/check/withdraw/", FORM, ORGANISER, "ask for the check no more"),
    Row(
        "admin/recomputations/<int:recomputation_id>/",
        READ + " POST",
        ORGANISER,
        "what was tried or done, in numbers; agree to it or leave it",
    ),
    Row("admin/hours/", READ, KEEPERS_OF_HOURS, "the hours tables of one's units"),
    Row("admin/hours/results/", READ, KEEPERS_OF_HOURS, "the same"),
    Row("admin/hours/new/", FORM + " PUT", KEEPERS_OF_HOURS, "a new hours table of a unit of one's own"),
    Row("admin/hours/edit/<int:pk>/", FORM + " PUT", ORGANISER | OPERATOR, "a table's next version"),
    Row("admin/hours/delete/<int:pk>/", FORM, ORGANISER | OPERATOR, "one that nothing goes by; else what does"),
    Row("admin/hours/history/<int:pk>/", READ, ORGANISER | OPERATOR, "who changed it"),
    Row("admin/hours/history-results/<int:pk>/", READ, ORGANISER | OPERATOR, "the same"),
    Row("admin/hours/withdraw/<int:pk>/", "POST", ORGANISER | OPERATOR, "go by the table above again"),
    Row("admin/uses/publish/<int:page_id>/<int:revision_id>/", "POST", ORGANISER, "publish the draft asked about"),
    Row("admin/videos/", READ, OFFICE, "the videos that one may manage"),
    Row("admin/videos/results/", READ, OFFICE, "the same"),
    Row("admin/videos/status/", "GET", OFFICE, "the state of one's own among those asked for"),
    Row("admin/videos/new/", READ, OFFICE, "the upload page"),
    Row("admin/videos/retry/<uuid:pk>/", "POST", HOSTS | OPERATOR, "try again"),
    Row("admin/videos/captions/<uuid:pk>/", FORM, HOSTS, "the captions of a video: upload, shift, delete"),
    Row("admin/videos/captions/<uuid:pk>/file/", "GET", HOSTS, "the same as a file"),
    Row("admin/videos/edit/<uuid:pk>/", FORM + " PUT", HOSTS | OPERATOR, "title, unit, state, who needs it"),
    Row("admin/videos/delete/<uuid:pk>/", FORM + " DELETE", HOSTS | OPERATOR, "delete it unless something needs it"),
    Row("admin/videos/history/<uuid:pk>/", READ, HOSTS | OPERATOR, "who changed it"),
    Row("admin/videos/history-results/<uuid:pk>/", READ, HOSTS | OPERATOR, "the same"),
    Row("admin/videos/usage/<uuid:pk>/", READ, HOSTS | OPERATOR, "what needs it"),
    Row("admin/videos/chooser/", READ, OFFICE, "choose among one's own"),
    Row("admin/videos/chooser/results/", READ, OFFICE, "the same"),
    Row("admin/videos/chooser/chosen/<str:pk>/", READ, HOSTS | OPERATOR, "the chosen one"),
    Row("admin/videos/chooser/chosen-multiple/", READ, OFFICE, "the chosen ones"),
    Row("admin/videos/chooser/create/", EVERY, NOBODY, "closed: videos are uploaded"),
)

ROWS = SITE + SIGNING_IN + OWN + BRANCH + MEETINGS + CERTIFICATES + API + LTI + COURSES + LIVE + FILES + PEOPLE + ADMIN


@dataclass(frozen=True)
class Rule:
    """A tree of somebody else's addresses; the longest prefix counts. ``who`` may read its pages without parameters."""

    prefix: str
    who: Who
    what: str


THIRD_PARTY = (
    Rule("admin/", OFFICE, "Wagtail's shell: home, one's own account, choosers"),
    Rule("admin/api/main/^images/", NOBODY, "closed: it knows no owners"),
    Rule("admin/api/main/^documents/", NOBODY, "closed: it knows no owners"),
    Rule("admin/sprite/", ALL, "icons"),
    Rule("admin/jsi18n/", ALL, "Wagtail's translations"),
    Rule("admin/test404/", NOBODY, "closed"),
    Rule("admin/failwhale/", NOBODY, "closed"),
    Rule("admin/password_reset/", NOBODY, "closed: passwords are not Wagtail's"),
    Rule("admin/pages/", ORGANISERS, "courses of one's subtree and the shelf above them"),
    Rule("admin/pages/usage/", NOBODY, "closed: all pages of a kind"),
    Rule("admin/pages/create/", NOBODY, "closed: the same"),
    Rule("admin/pages/workflow/action/", NOBODY, "closed: a review is ended in the editor"),
    Rule("admin/pages/workflow/preview/", NOBODY, "closed: the same"),
    Rule("admin/pages/<int:page_id>/convert_alias/", NOBODY, "closed: not used"),
    Rule("admin/pages/<int:page_id>/privacy/", NOBODY, "closed: no page is public"),
    Rule("admin/images/", KEEPERS, "pictures: one's own and those of one's units; nobody's"),
    Rule("admin/images/<int:image_id>/generate_url/", NOBODY, "closed: pictures have no address for everybody"),
    Rule("admin/images/<int:image_id>/preview/", NOBODY, "closed: the same"),
    Rule("admin/images/chooser/", OFFICE, "the same, to choose"),
    Rule("admin/images/chooser/<int:image_id>/select_format/", NOBODY, "closed: no picture stands in a text"),
    Rule("admin/images/chooser/create/", LIBRARY, "a new picture"),
    Rule("admin/documents/", KEEPERS, "documents: one's own and those of one's units; nobody's"),
    Rule("admin/documents/chooser/", OFFICE, "the same, to choose"),
    Rule("admin/documents/chooser/create/", LIBRARY, "a new document"),
    Rule("admin/block-preview/", OFFICE, "how a block looks, by an example that is nobody's"),
    Rule("admin/embeds/", NOBODY, "closed: nothing is taken from other sites"),
    Rule("admin/forms/", NOBODY, "closed: there are no form pages"),
    Rule("admin/users/", NOBODY, "people come from the roster; a superuser's"),
    Rule("admin/groups/", NOBODY, "rights come from the roles; a superuser's"),
    Rule("admin/sites/", NOBODY, "set up once; a superuser's"),
    Rule("admin/collections/", NOBODY, "not used; a superuser's"),
    Rule("admin/workflows/", NOBODY, "closed: not used"),
    Rule("admin/reports/", NOBODY, "closed: they look across the whole tree"),
    Rule("admin/redirects/", NOBODY, "closed: not used"),
    Rule("admin/settings/", NOBODY, "closed: not used"),
    Rule("admin/snippets/", NOBODY, "closed: not used"),
    Rule("admin/tag-autocomplete/", NOBODY, "closed: words of the whole tree"),
    Rule("documents/", LIBRARY, "a library document, for its editors; members read it in the lesson"),
    Rule("learn/", ROSTER, "leads a member to the course they are in; to everybody else 404"),
    Rule("learn/_util/", NOBODY, "Wagtail's password pages and sign-in, closed"),
)

# What the first rule covers, by the first word after it: another word would be something new.
SHELL = {
    "", "^.*", "account", "api", "bulk", "choose-anchor-link", "choose-email-link", "choose-external-link",
    "choose-page", "choose-phone-link", "dismissibles", "editing-sessions", "logout",
}  # fmt: skip

# What each parameter of an address in the back office names. A new one has to be thought about: is it somebody's, and
# does a key that names another unit's thing end in 404 (cms/middleware.py)? The first three kinds are asked there.
PARAMETERS = {
    **dict.fromkeys(("page_id", "parent_page_id", "page_to_move_id", "destination_id"), "page"),
    "image_id": "picture",
    **dict.fromkeys(("document_id", "doc_id"), "document"),
    "object_id": "what the model in the address says",
    "pk": "what the place says",
    "occasion_id": "asked by its own view",
    "recomputation_id": "asked by its own view",
    **dict.fromkeys(("quiz_id", "question_id", "package_id"), "asked by its own view"),
    "course_id": "asked by its own view",
    "revision_id": "one of the page in the address",
    **dict.fromkeys(("revision_id_a", "revision_id_b"), "one of the page in the address"),
    "task_state_id": "a step of a review of one's own page",
    "workflow_state_id": "a review of one's own page",
    "uploaded_file_id": "an upload of one's own",
    "session_id": "a sitting of one's own",
    **dict.fromkeys(("app_label", "model_name", "action", "action_name"), "a word"),
    **dict.fromkeys(("content_type_app_name", "content_type_model_name"), "a word"),
}
# What ``pk`` names, by the place: "video" is asked by its own view.
PLACES = {
    "admin/api/main/^pages/": "page",
    "admin/pages/": "page",
    "admin/images/": "picture",
    "admin/documents/": "document",
    "admin/videos/": "video",
    "admin/quizzes/": "other",
    "admin/packages/": "other",
    "admin/course-runs/": "other",
    "admin/trainings/": "other",
    "admin/rules/": "other",
    "admin/hours/": "other",
}


def rule_for(route: str) -> Rule | None:
    found = [rule for rule in THIRD_PARTY if route.startswith(rule.prefix)]
    return max(found, key=lambda rule: len(rule.prefix)) if found else None
