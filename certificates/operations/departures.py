"""Certificates of somebody who is taken out (ADR 88): number, checksum, training and day stay; no name does."""

from attendance.append_only import removal_permitted
from certificates.models import Certificate, CertificateMark, CertificateWithdrawal


def take_out(*, member_id: int) -> None:
    """Empty what their certificates say and why some were withdrawn.

    The database refuses to change these rows, and lets them be deleted with a permit: each is deleted and written again
    under its number, in one transaction, so that whoever looks sees it as it was or as it is.
    """
    CertificateMark.objects.filter(member_id=member_id).delete()
    with removal_permitted():
        for row in (
            Certificate.objects.select_for_update().filter(member_id=member_id).exclude(content="").order_by("pk")
        ):
            Certificate.objects.filter(pk=row.pk)._raw_delete("default")  # noqa: SLF001 - what refers to it stays
            row.content = ""
            row.save(force_insert=True)
        withdrawn = CertificateWithdrawal.objects.filter(certificate__member_id=member_id).exclude(reason="")
        for one in withdrawn.order_by("pk"):
            CertificateWithdrawal.objects.filter(pk=one.pk)._raw_delete("default")  # noqa: SLF001 - as above
            one.reason = ""
            one.save(force_insert=True)
