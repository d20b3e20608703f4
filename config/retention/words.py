"""The words of the register of personal data: who reads, how long, what for, by what stands in ``fields.py``."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.retention import fields as f

Words = str | Promise

READERS: dict[str, Words] = {
    f.SELF: _("本人"),
    f.SELF_AND_SECRETARY: _("本人；上级书记（查阅有记录）"),
    f.NAMED: _("本人；上级书记和组织员；同一直播间或同一项工作里的人"),
    f.SECRETARY: _("上级书记"),
    f.GUESTS: _("到场处的书记；名单上有同名人的书记（查阅有记录）"),
    f.SENT_TO: _("本人；上级书记（查阅有记录）；监督员只看次数"),
    f.EXPECTED: _("应到的人；讲师；上级组织员和书记"),
    f.CERTIFICATE: _("知道证书编号的人；本人；上级书记和组织员（查阅有记录）"),
    f.COMMENTS: _("本人；上级组织员（查阅有记录）；公开以后能看这一课的人看到姓氏"),
    f.HOSTS_OF_ROOM: _("直播间的主持人"),
    f.ROOM: _("直播间里的人"),
    f.SERVER: _("没有人，只有程序"),
    f.OPERATOR: _("管理员"),
    f.OPENER: _("办理的人；上级管理员"),
    f.STORE: _("本人；学习记录库（LRS_URL），除非 LRS_PEOPLE 另写，只给本站的编号"),
    f.UPLOADER: _("上传的人；上级组织员；管理员"),
    "oneself; the secretary of the branch on request, logged": _("本人；本支部书记索要时（查阅有记录）"),
    "oneself; secretary of the branch": _("本人；本支部书记"),
    "oneself; secretary and operator above, logged": _("本人；上级书记和管理员（查阅有记录）"),
    "oneself; the operator above, logged": _("本人；上级管理员（查阅有记录）"),
    "oneself; whom it concerns": _("本人；有关的人"),
    "whom it covers; the auditor": _("被查阅的人；监督员"),
    "oneself; the organiser above as counts of five people and more, without names": _(
        "本人；上级组织员只看五人以上的人数，没有姓名"
    ),
    "oneself; the organiser above as a count, without names": _("本人；上级组织员只看人数，没有姓名"),
    "organiser and secretary above: numbers without names": _("上级组织员和书记：只有数字，没有姓名"),
    "oneself; author; who can be the second person, logged": _("本人；提出的人；可以复核的人（查阅有记录）"),
    "organisers of the unit and above; secretaries; the reason: whoever was changed": _(
        "本级和上级组织员；书记；理由给结果有变动的人"
    ),
    "uploader; organiser above": _("上传的人；上级组织员"),
    "the uploader": _("上传的人"),
    "oneself; the organiser above, logged": _("本人；上级组织员（查阅有记录）"),
    "oneself; to nobody else it is said who reported": _("本人；是谁反映的不告诉别人"),
    "organiser, secretary above": _("上级组织员和书记"),
    "the organiser above, logged": _("上级组织员（查阅有记录）"),
    "oneself; the room's hosts": _("本人；直播间的主持人"),
    "oneself; everybody else as counts": _("本人；别人只看人数"),
    f.KEEPERS_OF_LEAVERS: _("上级书记、监督员和管理员（查阅有记录）"),
}

KEPT: dict[str, Words] = {
    f.ACCOUNT: _("在名册上的时候；离开满 PERSON_KEEP_DAYS（默认 1095）天清除"),
    f.FOR_GOOD: _("和组织的记录一样长；离开满 PERSON_KEEP_DAYS 天以后不再有姓名"),
    f.HELD: _("到解除为止；理由和个人信息一起清除"),
    f.LINK: _("15 分钟内能用，一天以后删除；谁在什么时候用过留在查阅记录里"),
    f.ACCOUNT_ENDED: _("到本人或管理员重新允许为止；离开的，到清除为止"),
    f.ACCOUNT_LINK: _("到本人或管理员解除为止；谁在什么时候办的留在查阅记录里；离开的，到清除为止"),
    f.LOOKED_UP: _("查到后 31 天，或者到重新查为止"),
    f.QUIZZED: _("开始作答后 QUIZ_KEEP_DAYS（默认 400）天"),
    f.ASKED: _("作答后 QUIZ_KEEP_DAYS（默认 400）天"),
    f.RAW: _("结果确定后 EVIDENCE_KEEP_DAYS（默认 90）天；本人会看到说明"),
    f.WRITTEN: _("设备上报的：结果确定后 EVIDENCE_KEEP_DAYS（默认 90）天；人写下的：和记录一样长"),
    f.GUEST: _("登记后 GUEST_KEEP_DAYS（默认 90）天"),
    f.TOLD: _("NOTICE_KEEP_DAYS（默认 400）天"),
    f.WITH_OBJECT: _("和所属的内容一样长"),
    f.UPLOAD: _("传完最后一段后 7 天，或者到成为视频为止"),
    f.COMMENTED: _("写下后 COMMENT_KEEP_DAYS（默认 400）天，或者到本人删除为止"),
    f.PASSING: _("到被新的替换为止"),
    f.STATED: _("送达后 30 天"),
    f.SIGNED: _("120 天，再到下一把生成为止"),
    f.SLIDES: _("和回放一样长；没有回放的，课后 180 至 210 天"),
    f.OFF: _("原定时间后 60 天"),
    f.ENCODER: _("到收回为止；最多到课后 90 分钟"),
    f.HAND: _("到放下手、离开 40 秒或者下课为止"),
    f.STAGE: _("到下台或者下课为止"),
    f.SEAT: _("到离开会议 90 秒或者散会为止，最多再留一小时"),
    f.CHAT: _("180 天"),
    f.MEDIA: _("到断开为止；最多到课后一小时"),
    "for good: nobody can erase it": _("一直保留，谁也不能删除"),
    "until the person deletes it": _("到本人删除为止；离开的，到清除为止"),
    "until the person ends it": _("到本人停用为止；离开的，到清除为止"),
    "15 minutes of use": _("15 分钟内能用"),
}

_WHO = _("认出是谁、登录")
_BELONGS = _("知道属于哪个组织、应当参加什么")
_DUTY = _("知道谁负责什么")
_SEEN = _("让本人和监督员知道谁查阅过")
_JUDGE = _("认定有没有参加")
_RESULT = _("认定结果、学时和异议")
_COUNT = _("只有数字的汇总")
_ABSENT = _("请假和免学")
_PAPER = _("现场登记、签到表和申报的学习")
_TELL = _("通知和提醒")
_LEARN = _("学习的进度和练习")
_SAY = _("课程里的提问和留言")
_ROOM = _("直播间里的互动和秩序")
_HANDLED = _("谁经手，便于核对")
_BOOK = _("会议台账")
_PROOF = _("证明培训完成，凭编号核对")
_LINKED = _("和别的系统对接")
_MEDIA = _("视频的上传和处理")
_LEFT = _("按期清除离开的人")

PURPOSES: dict[str, Words] = {
    "organizations.User": _WHO, "organizations.SignInLink": _WHO, "organizations.AccountLink": _WHO,
    "organizations.EndedAccount": _WHO,
    "organizations.Membership": _BELONGS,
    "organizations.Exemption": _ABSENT, "organizations.RoleGrant": _DUTY, "organizations.AccessEntry": _SEEN,
    "organizations.RosterImport": _HANDLED, "organizations.Departure": _LEFT, "organizations.PersonHold": _LEFT,
    "attendance.CheckAnswer": _JUDGE, "attendance.RosterEntry": _BELONGS, "attendance.Named": _BELONGS,
    "attendance.PresenceSpan": _JUDGE, "attendance.WatchSession": _JUDGE, "attendance.Evidence": _JUDGE,
    "attendance.Record": _RESULT, "attendance.Correction": _RESULT, "attendance.CorrectionReview": _RESULT,
    "attendance.Dispute": _RESULT, "attendance.Recomputation": _RESULT, "attendance.Recomputed": _RESULT,
    "attendance.NodeSummary": _COUNT, "attendance.TrainingSummary": _COUNT, "attendance.Leave": _ABSENT,
    "attendance.LeaveOccasion": _ABSENT, "attendance.Guest": _PAPER, "attendance.Sheet": _PAPER,
    "attendance.Declaration": _PAPER, "attendance.Notice": _TELL, "attendance.ReminderMessage": _TELL,
    "attendance.MessageAccount": _TELL,
    "attendance.ReminderSetting": _HANDLED, "attendance.NoticeChoice": _TELL,
    "quizzes.Attempt": _LEARN, "quizzes.Answer": _LEARN, "quizzes.VideoAnswer": _LEARN, "packages.Result": _LEARN,
    "media.Video": _HANDLED, "media.Captions": _HANDLED, "media.VideoFault": _MEDIA, "media.Upload": _MEDIA,
    "media.Job": _MEDIA,
    "courses.LessonProgress": _LEARN, "courses.LessonComment": _SAY, "courses.CommentReport": _SAY,
    "meetings.MeetingForm": _HANDLED, "meetings.Meeting": _BOOK, "meetings.Minutes": _BOOK,
    "certificates.CertificateSetting": _HANDLED, "certificates.Certificate": _PROOF,
    "certificates.CertificateWithdrawal": _PROOF, "certificates.CertificateLapse": _PROOF,
    "lti.Platform": _LINKED, "lti.SigningKey": _LINKED,
    "api.Token": _LINKED, "api.Webhook": _LINKED, "api.Statement": _LINKED,
    "live.Lecture": _DUTY, "live.SlideDeck": _HANDLED, "live.CancelledLecture": _DUTY, "live.AirTurn": _ROOM,
    "live.EncoderKey": _ROOM, "live.RaisedHand": _ROOM, "live.Speaker": _ROOM, "live.Seat": _ROOM,
    "live.RecordingTurn": _HANDLED, "live.MeetingNote": _HANDLED, "live.ChatMessage": _ROOM, "live.MediaPeer": _ROOM,
    "live.Restriction": _ROOM, "live.Poll": _HANDLED, "live.PollAnswer": _ROOM, "live.Question": _ROOM,
    "live.QuestionVote": _ROOM, "live.CaptionLine": _ROOM, "live.PinnedNotice": _HANDLED,
}  # fmt: skip
