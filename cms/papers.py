"""Documents of the library: each is what its name says, and whoever sends something else is told where it belongs."""

from pathlib import PurePath
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from wagtail.documents.fields import WagtailDocumentField
from wagtail.documents.forms import BaseDocumentForm

from cms.belonging import BelongsToAUnit
from cms.replacing import AsksBeforeReplacing
from cms.sentences import paper_standing
from cms.uploads import elsewhere, head_of, kind_of

# What a file with such a name may be: the new formats with a password lie in the old container, WPS writes both.
OFFICE, TEXT = frozenset({"zip", "ole"}), frozenset({"text"})
HOLDS = {
    "pdf": {"pdf"},
    "zip": {"zip"},
    **dict.fromkeys(("docx", "xlsx", "pptx", "doc", "xls", "ppt", "wps", "et", "dps"), OFFICE),
    **dict.fromkeys(("txt", "csv"), TEXT),
}
# Word has long written this under its own name too.
RTF = b"{\\rtf"


class PaperField(WagtailDocumentField):
    """Takes a document that is what its name says; for all others it says what to do next."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.error_messages["empty"] = _("这个文件是空的。请重新选择。")
        self.error_messages["file_too_large"] = _("文件太大（%(file_size)s）：最大 %(max_filesize)s。请压缩后再上传。")

    def to_python(self, data: Any) -> Any:
        file = super().to_python(data)
        if file is not None and hasattr(file, "read"):
            refuse_what_is_none(file)
        return file


def refuse_what_is_none(file: Any) -> None:
    """Raise ValidationError unless the first bytes are what the name says. Other names are the model's matter."""
    ending = PurePath(file.name).suffix.lower().removeprefix(".")
    head = head_of(file)
    if sentence := elsewhere(head, here="document"):
        raise ValidationError(sentence, code="elsewhere")
    allowed = HOLDS.get(ending)
    if allowed is None or kind_of(head) in allowed or (ending == "doc" and head.startswith(RTF)):
        return
    raise ValidationError(
        _("这不是 %(ending)s 文件，或者文件已损坏。请用原来的程序打开它，另存一次，再上传。")
        % {"ending": ending.upper()},
        code="not_what_it_says",
    )


class PaperForm(BelongsToAUnit, AsksBeforeReplacing, BaseDocumentForm):
    """Wagtail's form for documents (setting WAGTAILDOCS_DOCUMENT_FORM_BASE)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (field := self.fields.get("file")) is not None:
            self.fields["file"] = PaperField(
                label=field.label,
                required=field.required,
                widget=field.widget,
                max_length=getattr(field, "max_length", None),
            )
            if paper := getattr(self.instance, "drawn", None):
                self.fields["file"].help_text = paper_standing(paper)

    def _update_errors(self, errors: Any) -> None:
        """One sentence is enough: what the field refused has no name that could be wrong as well."""
        if "file" in self.errors and hasattr(errors, "error_dict"):
            errors.error_dict.pop("file", None)
        super()._update_errors(errors)
