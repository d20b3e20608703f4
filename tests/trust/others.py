"""Tables of others that point at a person."""

# Where tables of others point at a person: authorship, work, sign-in; none of them says more of anybody.
OTHERS = {
    "account.EmailAddress": "user",
    "auditlog.LogEntry": "actor",
    "mfa.Authenticator": "user",
    "socialaccount.SocialAccount": "user",
    "usersessions.UserSession": "user",
    "wagtailadmin.EditingSession": "user",
    "wagtailadmin.FormState": "user",
    "wagtailcore.APIToken": "user",
    "wagtailcore.Comment": "resolved_by user",
    "wagtailcore.CommentReply": "user",
    "wagtailcore.ModelLogEntry": "user",
    "wagtailcore.Page": "locked_by owner",
    "wagtailcore.PageLogEntry": "user",
    "wagtailcore.PageSubscription": "user",
    "wagtailcore.Revision": "user",
    "wagtailcore.TaskState": "finished_by",
    "wagtailcore.UploadedFile": "uploaded_by_user",
    "wagtailcore.WorkflowState": "requested_by",
    "wagtaildocs.Document": "uploaded_by_user",
    "wagtailimages.Image": "uploaded_by_user",
    "wagtailusers.UserProfile": "user",
}
