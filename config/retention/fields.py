"""Every stored field: what it is, who may read it, how long it is kept (ADR 88); a test fails on one not named.

``PERSONAL`` says something about a person; ``SECRET`` lets somebody in or is encrypted; ``EVIDENCE`` is what a witness
saw and ``VERDICT`` what follows from it; ``PLAN`` is what was arranged, ``CONTENT`` what is studied, ``TECHNICAL`` the
rest. What is said of those about people goes into the register of personal data (``register.py``), in the words of
``words.py``.
"""

from dataclasses import dataclass

PERSONAL, SECRET, EVIDENCE, VERDICT = "personal", "secret", "evidence", "verdict"
PLAN, CONTENT, TECHNICAL = "plan", "content", "technical"
KINDS = (PERSONAL, SECRET, EVIDENCE, VERDICT, PLAN, CONTENT, TECHNICAL)

SELF = "oneself"
SELF_AND_SECRETARY = "oneself; the secretary above, logged"
NAMED = "oneself; secretary and organiser above; whoever shares a room or a task"
SECRETARY = "the secretary above"
GUESTS = "the secretary where they came; a secretary with somebody of that name on the same list, logged"
SENT_TO = "oneself; the secretary above, logged; the auditor as counts"
EXPECTED = "whoever is expected; lecturer, organiser, secretary above"
BACK_OFFICE = "the organiser above"
CERTIFICATE = "whoever has its number; oneself; secretary and organiser above, logged"
COMMENTS = "oneself; the organiser above, logged; once it is let through, by the surname, whoever may read the lesson"
HOSTS_OF_ROOM = "the room's hosts"
ROOM = "whoever is in the room"
SERVER = "nobody: the program alone"
OPERATOR = "the operator"
OPENER = "whoever made it; the operator above"
KEEPERS_OF_LEAVERS = "the secretary, auditor and operator above"
AUDITOR = "the person looked at; the auditor"
STORE = "oneself; the record store (LRS_URL), under a number of ours unless LRS_PEOPLE says otherwise"
UPLOADER = "uploader; organiser above; operator"

FOR_GOOD = "as long as the organisation keeps the record"
LEFT = "PERSON_KEEP_DAYS (1095) after they left (organizations.take_out)"
ACCOUNT = f"as long as the person is on the roster, then until {LEFT}"
HELD = "until it is lifted; its reason goes with the person (organizations.take_out)"
RAW = "EVIDENCE_KEEP_DAYS (90) after the record is final (attendance.remove_evidence); the member is told"
WRITTEN = f"what devices reported: {RAW}; what somebody wrote down: as long as the record"
HAND = "until it is lowered, its member has left for 40 s, or the lecture ends"
STAGE = "until they leave the stage, or the lecture ends"
SEAT = "until they have left the meeting for 90 s, or it ends; at most an hour more (live.tasks.delete_old_chat)"
CHAT = "180 days (live.tasks.delete_old_chat)"
SLIDES = "as long as the replay; without one 180 to 210 days after the lecture (live.tasks.delete_old_chat)"
UPLOAD = "7 days after the last byte, or until it is a video"
WITH_OBJECT = "as long as the object"
PASSING = "until overwritten"
ENCODER = "until it is withdrawn; at most 90 minutes after its lecture (live.tasks.delete_old_chat)"
MEDIA = "until it ends; at most an hour after its lecture (live.tasks.delete_old_chat)"
TOLD = "NOTICE_KEEP_DAYS (400) (attendance.prune_notices)"
COUNTED = "3 years (attendance.prune_notices)"
LOOKED_UP = "31 days after it was asked (attendance.prune_notices), or until it is asked anew"
ASKED = "QUIZ_KEEP_DAYS (400) after the answer (quizzes.prune_answers)"
QUIZZED = "QUIZ_KEEP_DAYS (400) after the attempt began (quizzes.prune_answers)"
COMMENTED = "COMMENT_KEEP_DAYS (400) after it was written (courses.prune_comments), or until its writer deletes it"
GUEST = "GUEST_KEEP_DAYS (90) after they were written down (attendance.prune_guests)"
STATED = "30 days after it arrived there (api.prune_statements)"
DELIVERED = "30 days (api.prune_deliveries)"
VISITED = "a day, then until somebody comes again"
SIGNED = "120 days, then until the next is made"
OFF = "60 days after its time (live.tasks.delete_old_chat)"
ACCOUNT_ENDED = "until oneself or the operator lets the account in again"
ACCOUNT_LINK = "until oneself or the operator ends it; who and when stay in the access log"
LINK = "15 minutes of use; deleted a day later (organizations.prune_allowances); who and when stay in the access log"


@dataclass(frozen=True)
class Fields:
    """Fields of one model that share an answer; ``names`` are separated by spaces."""

    names: str
    kind: str
    readers: str
    kept: str


FIELDS: dict[str, tuple[Fields, ...]] = {
    "config.Mark": (Fields("id name at data", TECHNICAL, "the operator of the whole tree", PASSING),),
    "config.TaskCount": (
        Fields("id name done failed seconds failed_at error", TECHNICAL, "METRICS_TOKEN", PASSING),
    ),
    "organizations.User": (
        Fields("id public_id username", TECHNICAL, NAMED, ACCOUNT),
        Fields("name name_key", PERSONAL, NAMED, ACCOUNT),
        Fields("number", PERSONAL, SELF_AND_SECRETARY, ACCOUNT),
        Fields("password phone_index", SECRET, SERVER, ACCOUNT),
        Fields("phone_cipher", SECRET, "oneself; the secretary of the branch on request, logged", ACCOUNT),
        Fields("phone_last4", PERSONAL, "oneself; secretary of the branch", ACCOUNT),
        Fields("phone_verified language elder_mode last_login created_at", PERSONAL, SELF, ACCOUNT),
        Fields("is_active is_staff is_superuser", TECHNICAL, OPERATOR, ACCOUNT),
        Fields("groups user_permissions", TECHNICAL, SERVER, "not used: roles decide"),
    ),
    "organizations.Node": (
        Fields("id path depth numchild", TECHNICAL, SERVER, FOR_GOOD),
        Fields("code name kind closed_date merged_into", PLAN, "whoever belongs there or holds a role above", FOR_GOOD),
    ),
    "organizations.Membership": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("member node active_from_date active_to_date left_because", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
    ),
    "organizations.Exemption": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("member active_from_date active_to_date", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
        Fields("category document", PERSONAL, "oneself; secretary and operator above, logged", FOR_GOOD),
    ),
    "organizations.RoleGrant": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("user node role active_from_date active_to_date", PERSONAL, "oneself; whom it concerns", FOR_GOOD),
    ),
    "organizations.AccessEntry": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields(
            "reader role subject node what title count reason at", PERSONAL, "whom it covers; the auditor",
            "for good: nobody can erase it",
        ),
        Fields("about members", PERSONAL, SERVER, "for good: nobody can erase it"),
    ),
    "organizations.SignInLink": (
        Fields("id", TECHNICAL, SERVER, LINK),
        Fields("member made_by made_at expires_at used_at ended_at", PERSONAL, SERVER, LINK),
        Fields("token_hash standing", SECRET, SERVER, LINK),
    ),
    "organizations.Departure": (
        Fields("member left_date told_at written_at asked_at began_at done_at", PERSONAL, KEEPERS_OF_LEAVERS, FOR_GOOD),
    ),
    "organizations.PersonHold": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("member set_by set_at lifted_by lifted_at reason", PERSONAL, KEEPERS_OF_LEAVERS, HELD),
    ),
    "organizations.AccountLink": (
        Fields("id", TECHNICAL, SERVER, ACCOUNT_LINK),
        Fields(
            "member provider external_id made_by made_at used_at", PERSONAL,
            "oneself; the operator above, logged", ACCOUNT_LINK,
        ),
    ),
    "organizations.EndedAccount": (
        Fields("id", TECHNICAL, SERVER, ACCOUNT_ENDED),
        Fields("member provider ended_by ended_at", PERSONAL, "oneself; the operator above, logged", ACCOUNT_ENDED),
    ),
    "organizations.RosterImport": (
        Fields("id file_sha256", TECHNICAL, SERVER, FOR_GOOD),
        Fields("actor", PERSONAL, OPERATOR, FOR_GOOD),
        Fields("under at created updated moved unchanged nodes_created left returned", PLAN, OPERATOR, FOR_GOOD),
    ),
    "organizations.Allowance": (
        Fields("key spent_until_ms window_ms", TECHNICAL, SERVER, "until the limit is whole again, two days at most"),
    ),
    "organizations.KeyFingerprint": (Fields("id name value made_at", TECHNICAL, SERVER, FOR_GOOD),),
    "attendance.Rule": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields(
            "node name version basis min_share min_minutes late_after_s leave_early_s bridge_s outbox_s "
            "make_up_days hours hours_by asks_check withdrawn_at",
            PLAN, "everybody: printed on each record", FOR_GOOD,
        ),
    ),
    "attendance.Training": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("title summary node starts_date deadline_at hours_required state is_standing", PLAN, EXPECTED, FOR_GOOD),
        Fields("is_narrowed", PLAN, EXPECTED, FOR_GOOD),
        Fields("lecture_rule course_rule", PLAN, "organisers of the unit and above", FOR_GOOD),
    ),
    "attendance.TrainingUnit": (
        Fields("id training", TECHNICAL, SERVER, FOR_GOOD),
        Fields("node is_left_out", PLAN, "organisers of the unit and above", FOR_GOOD),
    ),
    "attendance.Occasion": (
        Fields("id kind rule_stamp media_items media_history away_ms paused_ms", TECHNICAL, SERVER, FOR_GOOD),
        Fields("check_asked gates revision", PLAN, EXPECTED, FOR_GOOD),
        Fields("training title node starts_at ends_at state rule is_named is_narrowed", PLAN, EXPECTED, FOR_GOOD),
        Fields(
            "opened_at window_start_at window_end_at media_ms media_offset_ms media_cuts make_up_until_at closed_at "
            "settled_at is_unrecorded",
            PLAN, EXPECTED, FOR_GOOD,
        ),
        Fields("voided_at voided_by void_reason evidence_removed_at", PLAN, EXPECTED, FOR_GOOD),
        Fields("repeats is_repeated catch_up_told_at", PLAN, EXPECTED, FOR_GOOD),
    ),
    "quizzes.Question": (
        Fields("id latest", TECHNICAL, SERVER, FOR_GOOD),
        Fields("node made_by made_at withdrawn_at", CONTENT, "organisers of the unit and above", FOR_GOOD),
    ),
    "quizzes.QuestionTag": (
        Fields("id question", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("name", CONTENT, "organisers of the unit and above", WITH_OBJECT),
    ),
    "quizzes.QuestionVersion": (
        Fields("id question number", TECHNICAL, SERVER, FOR_GOOD),
        Fields("kind text choices", CONTENT, "whoever it was drawn for; organisers of the unit and above", FOR_GOOD),
        Fields(
            "right explanation", CONTENT,
            "whoever handed it in, if the quiz says so, or answered it in a video; organisers above",
            FOR_GOOD,
        ),
        Fields("written_by written_at", CONTENT, "organisers of the unit and above", FOR_GOOD),
    ),
    "quizzes.Quiz": (
        Fields("id revision", TECHNICAL, SERVER, FOR_GOOD),
        Fields("title draws pass_percent most_attempts shows withdrawn_at", CONTENT, EXPECTED, FOR_GOOD),
        Fields("node made_by changed_at", CONTENT, "organisers of the unit and above", FOR_GOOD),
    ),
    "quizzes.Attempt": (
        Fields("id quiz number seed", TECHNICAL, SERVER, FOR_GOOD),
        Fields("member need of began_at submitted_at right", PERSONAL, SELF, FOR_GOOD),
    ),
    "quizzes.Answer": (
        Fields("id attempt position version kept", TECHNICAL, SERVER, QUIZZED),
        Fields(
            "given is_right answered_at", PERSONAL,
            "oneself; the organiser above as counts of five people and more, without names", QUIZZED,
        ),
    ),
    "quizzes.VideoAnswer": (
        Fields("id lesson question version", TECHNICAL, SERVER, ASKED),
        Fields(
            "member given is_right answered_at", PERSONAL,
            "oneself; the organiser above as counts of five people and more, without names", ASKED,
        ),
    ),
    "packages.Package": (
        Fields("id key launch given bytes", TECHNICAL, SERVER, FOR_GOOD),
        Fields("title standard version withdrawn_at", CONTENT, EXPECTED, FOR_GOOD),
        Fields("node made_by changed_at", CONTENT, "organisers of the unit and above", FOR_GOOD),
    ),
    "packages.Replaced": (
        Fields("id package version standard key replaced_at", TECHNICAL, SERVER, "a day (packages.drop_unnamed)"),
    ),
    "packages.Result": (
        Fields("id package version revision report_id", TECHNICAL, SERVER, FOR_GOOD),
        Fields(
            "member status success score location suspend_data total_ms began_at changed_at", PERSONAL, SELF, FOR_GOOD
        ),
        Fields("done_at", PERSONAL, "oneself; the organiser above as a count, without names", FOR_GOOD),
    ),
    "attendance.Check": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("occasion version need most_attempts pause_s", PLAN, EXPECTED, FOR_GOOD),
        Fields("written_by written_at", PLAN, "organisers of the unit and above", FOR_GOOD),
    ),
    "attendance.CheckQuestion": (
        Fields("id checked number", TECHNICAL, SERVER, FOR_GOOD),
        Fields("kind text choices", PLAN, "whoever has watched enough; organisers of the unit and above", FOR_GOOD),
        Fields(
            "right explanation", PLAN, "whoever has answered it; organisers of the unit and above", FOR_GOOD
        ),
    ),
    "attendance.CheckAnswer": (
        Fields("id client_id", TECHNICAL, SERVER, RAW),
        Fields("occasion member checked question attempt picked is_right answered_at", EVIDENCE, SELF, RAW),
    ),
    "attendance.RosterEntry": (
        Fields("id dirty_at", TECHNICAL, SERVER, FOR_GOOD),
        Fields("occasion member node state why", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
    ),
    "attendance.Named": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("occasion member", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
    ),
    "attendance.RosterWork": (
        Fields(
            "occasion is_ahead node day after_member_id is_through is_taken_back began_at",
            TECHNICAL, SERVER, "until it is done",
        ),
    ),
    "attendance.NodeSummary": (
        Fields(
            "id occasion node attended made_up excused missing incomplete pending exempt exempted own_attended "
            "own_made_up own_excused own_missing own_incomplete own_pending own_exempt own_exempted",
            VERDICT, "organiser and secretary above: numbers without names", FOR_GOOD,
        ),
    ),
    "attendance.TrainingSummary": (
        Fields(
            "id training node missing incomplete due pending made_up attended excused exempt own_missing "
            "own_incomplete own_due own_pending own_made_up own_attended own_excused own_exempt",
            VERDICT, "organiser and secretary above: numbers without names", FOR_GOOD,
        ),
    ),
    "attendance.SummaryMark": (
        Fields("id occasion node at", TECHNICAL, SERVER, "until its unit is counted, some seconds"),
    ),
    "attendance.SummaryCheck": (Fields("id at occasions differences", TECHNICAL, OPERATOR, "31 days"),),
    "attendance.WorkerLease": (
        Fields("id name started_at beat_at ended_at quiet", TECHNICAL, SERVER, "for good; a row a start"),
    ),
    "attendance.PresenceSpan": (
        Fields("id lease", TECHNICAL, SERVER, RAW),
        Fields("occasion member device started_at ended_at end_reason", EVIDENCE, SELF_AND_SECRETARY, RAW),
    ),
    "attendance.WatchSession": (
        Fields("id media_ms buffer_ms reports", TECHNICAL, SERVER, RAW),
        Fields("occasion member device media started_at last_at", EVIDENCE, SELF_AND_SECRETARY, RAW),
        Fields("position_ms", PERSONAL, SELF, RAW),
        Fields("ranges_ms", EVIDENCE, SELF_AND_SECRETARY, RAW),
    ),
    "attendance.WatchBudget": (Fields("member held_ms filled_at turn", TECHNICAL, SERVER, PASSING),),
    "attendance.Evidence": (
        Fields("id client_id refused_ms withdraws", TECHNICAL, SELF, WRITTEN),
        Fields(
            "occasion member kind device started_at ended_at media ranges_ms score",
            EVIDENCE,
            SELF_AND_SECRETARY,
            WRITTEN,
        ),
        Fields("category recorded_by recorded_at", EVIDENCE, SELF_AND_SECRETARY, WRITTEN),
    ),
    "attendance.Record": (
        Fields("id evidence_digest", TECHNICAL, SERVER, FOR_GOOD),
        Fields("occasion member state hours stands stands_by stands_hours form", VERDICT, SELF_AND_SECRETARY, FOR_GOOD),
        Fields("reasons live_ms replay_ms hall_ms union_ms", VERDICT, SELF_AND_SECRETARY, FOR_GOOD),
        Fields("rule_version judged_at", VERDICT, SELF_AND_SECRETARY, FOR_GOOD),
    ),
    "attendance.Correction": (
        Fields("id evidence_digest", TECHNICAL, SERVER, FOR_GOOD),
        Fields("record state was_state reason author at", VERDICT, SELF_AND_SECRETARY, FOR_GOOD),
    ),
    "attendance.CorrectionReview": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields(
            "correction record why state decided_at decided_by reason", VERDICT,
            "oneself; author; who can be the second person, logged", FOR_GOOD,
        ),
    ),
    "attendance.Leave": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("member node category from_date to_date state reason", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
        Fields("asked_at asked_by decided_at decided_by ended_at ended_by", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
    ),
    "attendance.LeaveOccasion": (Fields("id leave occasion", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),),
    "attendance.Hall": (
        Fields("id is_offline", TECHNICAL, SERVER, FOR_GOOD),
        Fields("occasion node place opened_by opened_at closed_by closed_at warned_at", PLAN, SECRETARY, FOR_GOOD),
    ),
    "attendance.Guest": (
        Fields("id client_id", TECHNICAL, SERVER, GUEST),
        Fields("occasion node name unit last4 started_at ended_at", PERSONAL, GUESTS, GUEST),
        Fields("recorded_by recorded_at member settled_by settled_at", PERSONAL, GUESTS, GUEST),
    ),
    "attendance.Sheet": (
        Fields("id occasion node members printed_by printed_at", PERSONAL, SECRETARY, FOR_GOOD),
    ),
    "attendance.Declaration": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("occasion member category source studied_at minutes", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
        Fields("state asked_at answered_at answered_by reason", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
    ),
    "attendance.HoursTable": (
        Fields("id made_by made_at withdrawn_at", PLAN, "organisers and operators of the unit and above", FOR_GOOD),
        Fields("node year version by_month leaves_out_exempt note", PLAN, "everybody whose year it counts", FOR_GOOD),
    ),
    "attendance.HoursOwed": (
        Fields("id table", TECHNICAL, SERVER, FOR_GOOD),
        Fields("role hours", PLAN, "everybody whose year it counts", FOR_GOOD),
    ),
    "attendance.HoursConversion": (
        Fields("id table", TECHNICAL, SERVER, FOR_GOOD),
        Fields("form hours minutes cap", PLAN, "everybody whose year it counts", FOR_GOOD),
    ),
    "attendance.Recomputation": (
        Fields("id frame after_member_id through", TECHNICAL, SERVER, FOR_GOOD),
        Fields(
            "occasion rule from_stamp to_stamp reason state asked_by asked_at began_at finished_at counts",
            VERDICT, "organisers of the unit and above; secretaries; the reason: whoever was changed", FOR_GOOD,
        ),
    ),
    "attendance.Recomputed": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields(
            "recomputation member before after hours_before hours_after was_corrected is_corrected",
            VERDICT, SELF_AND_SECRETARY, FOR_GOOD,
        ),
    ),
    "attendance.Notice": (
        Fields("id member training occasion kind data at seen_at", PERSONAL, SELF, TOLD),
    ),
    "attendance.Reminder": (
        Fields("id key after_member_id told_at", TECHNICAL, SERVER, FOR_GOOD),
        Fields("kind training occasion node text made_by made_at due_at until_at told", PLAN, SENT_TO, FOR_GOOD),
    ),
    "attendance.ReminderMessage": (
        Fields("id attempts claimed_at due_at taken_day provider_id ask_at", TECHNICAL, SERVER, TOLD),
        Fields("reminder member channel state why made_at done_at", PERSONAL, SENT_TO, TOLD),
        Fields("delivery delivery_why reported_at", PERSONAL, SENT_TO, TOLD),
        Fields("text", PERSONAL, SELF, TOLD),
    ),
    "attendance.ChannelDay": (Fields("id day channel used", TECHNICAL, "the secretary", FOR_GOOD),),
    "attendance.MessageCount": (
        Fields("id day channel node sent unsure failed delivered undelivered cost", TECHNICAL, OPERATOR, COUNTED),
    ),
    "attendance.WayTrouble": (
        Fields("id channel step why code times since_at last_at", TECHNICAL, OPERATOR, "until the way works again"),
    ),
    "attendance.MessageAccount": (
        Fields("id member channel asked_at", PERSONAL, SERVER, LOOKED_UP),
        Fields("account_cipher phone_index", SECRET, SERVER, LOOKED_UP),
    ),
    "attendance.ReminderSetting": (
        Fields("node text a_week before_start before_deadline outside", PLAN, SECRETARY, FOR_GOOD),
        Fields("changed_by changed_at", PERSONAL, SERVER, FOR_GOOD),
    ),
    "attendance.NoticeChoice": (
        Fields("member sms email wecom dingtalk calendar_made_at", PERSONAL, SELF, ACCOUNT),
        Fields("email_cipher asked_cipher", SECRET, "oneself", "until the person deletes it"),
        Fields("code_hash code_until_at code_tries", SECRET, SERVER, "15 minutes of use"),
        Fields("calendar_hash", SECRET, SERVER, "until the person ends it"),
    ),
    "attendance.Seal": (
        Fields("id day previous digest through open_spans blocks rows late claimed_at sealed_at", TECHNICAL, SERVER,
               FOR_GOOD),
    ),
    "attendance.SealedBlock": (
        Fields("id seal number kind occasion count digest removal", TECHNICAL, SERVER, FOR_GOOD),
        Fields("rows", TECHNICAL, SERVER, RAW),
    ),
    "attendance.MonthlyFile": (
        Fields("id node month sha256 size rows head made_at expired_at", PLAN, "secretary, auditor, operator above",
               "for good; the file itself MONTHLY_FILE_KEEP_DAYS (400)"),
    ),
    "attendance.Removal": (
        Fields("id records_digest", TECHNICAL, SERVER, FOR_GOOD),
        Fields("occasion counts at", PLAN, EXPECTED, FOR_GOOD),
    ),
    "attendance.Dispute": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("occasion member reason text outages", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
        Fields("state raised_at withdrawn_at", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
        Fields("answer answered_at answered_by correction seen_at", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
    ),
    "cms.Belonging": (
        Fields("id", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("image document node", PLAN, "organisers of the unit and above", WITH_OBJECT),
    ),
    "media.Video": (
        Fields("id source_path folder renditions storyboard replaced_at fault_count", TECHNICAL, SERVER, WITH_OBJECT),
        Fields(
            "title duration_ms width height captions_digest chapters",
            CONTENT,
            "whoever may watch it; " + UPLOADER,
            WITH_OBJECT,
        ),
        Fields("state progress error_code source_name created_at node fault_at", CONTENT, UPLOADER, WITH_OBJECT),
        Fields("created_by", PERSONAL, UPLOADER, WITH_OBJECT),
    ),
    "media.Captions": (
        Fields("id", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("video cues shift_ms", CONTENT, "whoever may watch it; uploader; organiser above", WITH_OBJECT),
        Fields("origin source_name changed_at", CONTENT, "uploader; organiser above", WITH_OBJECT),
        Fields("changed_by", PERSONAL, "uploader; organiser above", WITH_OBJECT),
    ),
    "media.Clip": (Fields("id video source spans", TECHNICAL, "uploader; organiser above", WITH_OBJECT),),
    "media.VideoFault": (
        Fields("id folder", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("video member at", PERSONAL, SELF, WITH_OBJECT),
    ),
    "media.Job": (
        Fields(
            "id video phase state attempt progress lease_until_at started_at created_at", TECHNICAL, SERVER, WITH_OBJECT
        ),
        Fields("token", SECRET, SERVER, WITH_OBJECT),
    ),
    "media.Upload": (
        Fields("id video created_at expires_at offset", TECHNICAL, "the uploader", UPLOAD),
        Fields("owner", PERSONAL, "the uploader", UPLOAD),
        Fields("title filename length", CONTENT, "the uploader", UPLOAD),
    ),
    "cms.CourseIndexPage": (Fields("page_ptr", TECHNICAL, SERVER, WITH_OBJECT),),
    "cms.CoursePage": (
        Fields("page_ptr", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("intro node cover seek_ahead category requires has_discussion", CONTENT, EXPECTED, WITH_OBJECT),
    ),
    "cms.LessonPage": (
        Fields("page_ptr", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("body is_optional asks_quiz", CONTENT, EXPECTED, WITH_OBJECT),
    ),
    "cms.PathPage": (
        Fields("page_ptr", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("aim node cover in_order", CONTENT, EXPECTED, WITH_OBJECT),
    ),
    "cms.PathStep": (
        Fields("id sort_order path", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("section course is_optional", CONTENT, EXPECTED, WITH_OBJECT),
    ),
    "cms.SubtreeReview": (Fields("task_ptr", TECHNICAL, SERVER, "for good: one for the site"),),
    "cms.DrawnPaper": (
        Fields("id attempts lease leased_until", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("document file key state error_code pages done sizes", CONTENT, EXPECTED, WITH_OBJECT),
    ),
    "cms.Material": (
        Fields("id lesson version video image document question package", TECHNICAL, SERVER, WITH_OBJECT),
    ),
    "courses.CourseRun": (Fields("occasion page reads", PLAN, EXPECTED, FOR_GOOD),),
    "courses.LessonProgress": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("run member lesson_id completed_at", EVIDENCE, SELF, FOR_GOOD),
    ),
    "courses.LessonComment": (
        Fields("id client_id", TECHNICAL, SERVER, COMMENTED),
        Fields("run lesson_id author text at answer answered_at", PERSONAL, COMMENTS, COMMENTED),
        Fields("state reason reported_at", PERSONAL, "oneself; the organiser above, logged", COMMENTED),
        Fields("answered_by decided_by decided_at", PERSONAL, SERVER, COMMENTED),
    ),
    "courses.CommentReport": (
        Fields("id", TECHNICAL, SERVER, COMMENTED),
        Fields("comment member at", PERSONAL, "oneself; to nobody else it is said who reported", COMMENTED),
    ),
    "meetings.MeetingForm": (
        Fields("id", TECHNICAL, SERVER, FOR_GOOD),
        Fields("node code name audience per times is_used", PLAN, "secretary, organiser, operator above", FOR_GOOD),
        Fields("changed_by changed_at", PERSONAL, SERVER, FOR_GOOD),
    ),
    "meetings.YearBook": (Fields("id node year training", TECHNICAL, SERVER, FOR_GOOD),),
    "meetings.Meeting": (
        Fields("occasion form_code form_name audience place agenda is_late_entry entered_at", PLAN, EXPECTED, FOR_GOOD),
        Fields("chair recorder", PERSONAL, EXPECTED, FOR_GOOD),
        Fields("entered_by", PERSONAL, SERVER, FOR_GOOD),
    ),
    "meetings.Minutes": (
        Fields("id meeting number studied decisions", CONTENT, EXPECTED, FOR_GOOD),
        Fields("written_by written_at", PERSONAL, "organiser, secretary above", FOR_GOOD),
    ),
    "certificates.CertificateSetting": (
        Fields("training is_on title text issuer counts_excused counts_exempt", PLAN, EXPECTED, FOR_GOOD),
        Fields("changed_by changed_at", PERSONAL, SERVER, FOR_GOOD),
        Fields("after_member_id seen whole began_at done_at", TECHNICAL, BACK_OFFICE, PASSING),
    ),
    "certificates.Certificate": (
        Fields("id training edition replaces", TECHNICAL, SERVER, FOR_GOOD),
        Fields("public_id content sha256 issued_at", PERSONAL, CERTIFICATE, FOR_GOOD),
        Fields("member node issued_by", PERSONAL, SELF_AND_SECRETARY, FOR_GOOD),
        Fields("rests_on terms", VERDICT, SELF, FOR_GOOD),
    ),
    "certificates.CertificateWithdrawal": (
        Fields("certificate withdrawn_at", PERSONAL, CERTIFICATE, FOR_GOOD),
        Fields("reason", PERSONAL, "oneself; the organiser above, logged", FOR_GOOD),
        Fields("withdrawn_by", PERSONAL, SERVER, FOR_GOOD),
    ),
    "certificates.CertificateLapse": (
        Fields("certificate training lacking noticed_at", VERDICT, "the organiser above, logged", PASSING),
    ),
    "certificates.CertificateMark": (Fields("id training member", TECHNICAL, SERVER, PASSING),),
    "api.Token": (
        Fields("id node scopes key_start name expires_at ended_because", TECHNICAL, OPENER, FOR_GOOD),
        Fields("key_hash", SECRET, SERVER, FOR_GOOD),
        Fields("made_by made_at used_at ended_by ended_at", PERSONAL, OPENER, FOR_GOOD),
    ),
    "api.Webhook": (
        Fields("id name node url events off_at off_because", TECHNICAL, OPENER, FOR_GOOD),
        Fields("salt", SECRET, SERVER, FOR_GOOD),
        Fields("tried_at busy_until failing_since", TECHNICAL, OPENER, PASSING),
        Fields("made_by made_at", PERSONAL, OPENER, FOR_GOOD),
    ),
    "api.Delivery": (
        Fields(
            "id webhook event about key body made_at state next_at failures status error done_at", TECHNICAL, OPENER,
            DELIVERED,
        ),
    ),
    "api.Change": (Fields("id occasion node people at", TECHNICAL, SERVER, PASSING),),
    "api.Statement": (
        Fields("id occasion said stands recalled state error", TECHNICAL, SERVER, FOR_GOOD),
        Fields("member uuid kind at sent_at", PERSONAL, STORE, FOR_GOOD),
        Fields("body", VERDICT, STORE, STATED),
    ),
    "api.Store": (
        Fields(
            "id busy_until tried_at next_at failures failing_since taken_at status error", TECHNICAL, OPERATOR, PASSING
        ),
    ),
    "lti.Platform": (
        Fields(
            "id name issuer client_id deployments authorize_url keyset_url trusts_phone off_at used_at", TECHNICAL,
            OPERATOR, WITH_OBJECT,
        ),
        Fields("made_by made_at", PERSONAL, OPERATOR, WITH_OBJECT),
    ),
    "lti.Visit": (Fields("id platform state made_at launched_at done_at wants", TECHNICAL, SERVER, VISITED),),
    "lti.SigningKey": (
        Fields("id kid public made_at", TECHNICAL, "whoever asks: it is public", SIGNED),
        Fields("sealed", SECRET, SERVER, SIGNED),
    ),
    "live.MediaNode": (
        Fields("id name url capacity load beat_at draining_at address air", TECHNICAL, OPERATOR, PASSING),
    ),
    "live.LecturePart": (Fields("id lecture node number left_at handed_in_at", TECHNICAL, OPERATOR, WITH_OBJECT),),
    "live.Lecture": (
        Fields("media_node moves webrtc_cap", TECHNICAL, BACK_OFFICE, WITH_OBJECT),
        Fields("occasion state record live_at published_at ended_at", PLAN, EXPECTED, WITH_OBJECT),
        Fields("recording recording_dropped_at holes in_place_of break_at break_until_at", PLAN, EXPECTED, WITH_OBJECT),
        Fields("code", PLAN, EXPECTED, WITH_OBJECT),
        Fields("series", PLAN, BACK_OFFICE, WITH_OBJECT),
        Fields("lecturer", PERSONAL, EXPECTED, WITH_OBJECT),
        Fields("is_chat_open locked_at slide kind has_lobby", PLAN, ROOM, WITH_OBJECT),
    ),
    "live.SlideDeck": (
        Fields("id attempts lease leased_until ask_at", TECHNICAL, SERVER, SLIDES),
        Fields("lecture name state error_code done replaces removed_at made_at", PLAN, HOSTS_OF_ROOM, SLIDES),
        Fields("key pages titles", CONTENT, ROOM, SLIDES),
        Fields("made_by", PERSONAL, SERVER, SLIDES),
    ),
    "live.SlideTurn": (
        Fields("id", TECHNICAL, SERVER, SLIDES),
        Fields("lecture deck page at", CONTENT, ROOM, SLIDES),
    ),
    "live.LectureSeries": (Fields("id every made_at", PLAN, BACK_OFFICE, WITH_OBJECT),),
    "live.CancelledLecture": (
        Fields("id code revision is_for_members", TECHNICAL, SERVER, OFF),
        Fields("occasion_id title node starts_at ends_at cancelled_at", PLAN, EXPECTED, OFF),
        Fields("lecturer", PERSONAL, "oneself", OFF),
    ),
    "live.AirTurn": (
        Fields("id socket before", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("source", TECHNICAL, HOSTS_OF_ROOM, WITH_OBJECT),
        Fields(
            "lecture host began_at left_at offered_at awaits_encoder_at ended_at", PERSONAL, HOSTS_OF_ROOM, WITH_OBJECT
        ),
    ),
    "live.EncoderKey": (
        Fields("digest", SECRET, SERVER, ENCODER),
        Fields("lecture made_by made_at", PERSONAL, HOSTS_OF_ROOM, ENCODER),
    ),
    "live.RaisedHand": (
        Fields("id seen_at", TECHNICAL, SERVER, HAND),
        Fields("lecture member raised_at", PERSONAL, "oneself; the room's hosts", HAND),
    ),
    "live.Speaker": (
        Fields("id device seen_at", TECHNICAL, SERVER, STAGE),
        Fields("lecture member invited_by invited_at came_at is_muted has_picture shown_at", PERSONAL, ROOM, STAGE),
    ),
    "live.Seat": (
        Fields("id device seen_at", TECHNICAL, SERVER, SEAT),
        Fields("lecture member mic cam has_floor came_at", PERSONAL, ROOM, SEAT),
        Fields("waits", PERSONAL, HOSTS_OF_ROOM, SEAT),
    ),
    "live.RecordingTurn": (
        Fields("id", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("lecture began_at ended_at", PLAN, ROOM, WITH_OBJECT),
        Fields("began_by", PERSONAL, EXPECTED, WITH_OBJECT),
        Fields("ended_by", PERSONAL, SERVER, WITH_OBJECT),
    ),
    "live.MeetingNote": (
        Fields("id key written_at", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("lecture kind title text", CONTENT, ROOM, WITH_OBJECT),
        Fields("written_by", PERSONAL, SERVER, WITH_OBJECT),
    ),
    "live.ChatMessage": (
        Fields("id client_id", TECHNICAL, ROOM, CHAT),
        Fields("lecture author text at is_host", PERSONAL, ROOM, CHAT),
        Fields("hidden_at hidden_by", PERSONAL, "the room's hosts", CHAT),
    ),
    "live.MediaPeer": (
        Fields("id key reference owner made_at kind device", TECHNICAL, SERVER, MEDIA),
        Fields("lecture member", PERSONAL, SERVER, MEDIA),
    ),
    "live.Restriction": (
        Fields("id", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("lecture member kind set_by set_at lifted_at", PERSONAL, "oneself; the room's hosts", WITH_OBJECT),
    ),
    "live.Poll": (
        Fields("id client_id", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("lecture text options made_at opened_at closed_at is_shown", CONTENT, ROOM, WITH_OBJECT),
        Fields("right counts", CONTENT, "the room's hosts; whoever is in the room once it is closed", WITH_OBJECT),
        Fields("made_by", PERSONAL, SERVER, WITH_OBJECT),
    ),
    "live.PollAnswer": (
        Fields("id", TECHNICAL, SERVER, CHAT),
        Fields("poll member choice at", PERSONAL, "oneself; everybody else as counts", CHAT),
    ),
    "live.Question": (
        Fields("id client_id changed_at", TECHNICAL, ROOM, CHAT),
        Fields("lecture author text at votes state", PERSONAL, ROOM, CHAT),
    ),
    "live.QuestionVote": (
        Fields("id", TECHNICAL, SERVER, CHAT),
        Fields("question member", PERSONAL, "oneself; everybody else as counts", CHAT),
    ),
    "live.CaptionLine": (
        Fields("id client_id place changed_at dropped_at", TECHNICAL, ROOM, CHAT),
        Fields("lecture text at", CONTENT, ROOM, CHAT),
        Fields("author", PERSONAL, SERVER, CHAT),
    ),
    "live.PinnedNotice": (
        Fields("id", TECHNICAL, SERVER, WITH_OBJECT),
        Fields("lecture text set_at taken_off_at", CONTENT, ROOM, WITH_OBJECT),
        Fields("set_by", PERSONAL, SERVER, WITH_OBJECT),
    ),
}  # fmt: skip
