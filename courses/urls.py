"""Addresses of the courses pages, below /courses/."""

from django.urls import URLPattern, URLResolver, path

from courses import answering, kept_quizzes, packages, papers, path_views, quizzes, saving, talk, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.index, name="courses_index"),
    path("saved/", saving.saved, name="courses_saved"),
    path("saved.json", saving.state, name="courses_saved_state"),
    path("answers/", kept_quizzes.arrive, name="courses_answers"),
    path("paths/<int:path_id>/", path_views.path, name="courses_path"),
    path("paths/<int:path_id>/cover/", path_views.cover, name="courses_path_cover"),
    path("<int:occasion_id>/", views.course, name="courses_course"),
    path("<int:occasion_id>/cover/", views.cover, name="courses_cover"),
    path("<int:occasion_id>/talk/", talk.of_run, name="courses_talk"),
    path("<int:occasion_id>/talk/<int:comment_id>/decide/", talk.decide, name="courses_comment_decide"),
    path("<int:occasion_id>/talk/<int:comment_id>/delete/", talk.delete, name="courses_comment_delete"),
    path("<int:occasion_id>/talk/<int:comment_id>/report/", talk.report, name="courses_comment_report"),
    path("<int:occasion_id>/<int:lesson_id>/", views.lesson, name="courses_lesson"),
    path("<int:occasion_id>/<int:lesson_id>/talk/", talk.of_lesson, name="courses_lesson_talk"),
    path("<int:occasion_id>/<int:lesson_id>/media.json", views.media, name="courses_media"),
    path("<int:occasion_id>/<int:lesson_id>/saved.json", saving.lesson, name="courses_saved_lesson"),
    path("<int:occasion_id>/<int:lesson_id>/complete/", views.complete, name="courses_complete"),
    path("<int:occasion_id>/<int:lesson_id>/pictures/<int:image_id>/", views.picture, name="courses_picture"),
    path("<int:occasion_id>/<int:lesson_id>/documents/<int:document_id>/", papers.document, name="courses_document"),
    path(
        "<int:occasion_id>/<int:lesson_id>/documents/<int:document_id>/pages/",
        papers.pages,
        name="courses_document_pages",
    ),
    path(
        "<int:occasion_id>/<int:lesson_id>/documents/<int:document_id>/pages/<slug:key>/<int:width>/<int:nth>.jpg",
        papers.page_picture,
        name="courses_document_page",
    ),
    path("<int:occasion_id>/<int:lesson_id>/quizzes/<int:quiz_id>/", quizzes.quiz, name="courses_quiz"),
    path("<int:occasion_id>/<int:lesson_id>/quizzes/<int:quiz_id>/keep/", kept_quizzes.keep, name="courses_quiz_keep"),
    path("<int:occasion_id>/<int:lesson_id>/asked/<int:question_id>/", answering.answer, name="courses_asked"),
    path("<int:occasion_id>/<int:lesson_id>/packages/<int:package_id>/", packages.package, name="courses_package"),
    path(
        "package-reports/<int:occasion_id>/<int:lesson_id>/<int:package_id>/",
        packages.report,
        name="courses_package_report",
    ),
]
