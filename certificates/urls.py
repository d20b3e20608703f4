"""Addresses of the certificates' pages."""

from django.urls import path

from certificates.views import branch, decide, own

urlpatterns = [
    path("", own.certificates, name="certificates"),
    path("own/<int:training_id>/", own.certificate, name="certificate"),
    path("own/<int:training_id>/certificate.pdf", own.certificate_pdf, name="certificate_pdf"),
    path("own/<int:training_id>/name/", own.renew, name="certificate_renew"),
    path("trainings/<int:training_id>/", branch.training, name="certificates_training"),
    path("trainings/<int:training_id>/print.pdf", branch.printed, name="certificates_print"),
    path("trainings/<int:training_id>/setting/", decide.setting, name="certificates_setting"),
    path("trainings/<int:training_id>/specimen.pdf", decide.specimen, name="certificates_specimen"),
    path("trainings/<int:training_id>/review/", decide.review, name="certificates_review"),
    path("<int:certificate_id>/withdraw/", decide.withdraw_one, name="certificate_withdraw"),
    path("<int:certificate_id>/reissue/", decide.reissue_one, name="certificate_reissue"),
]
