"""Addresses of the courses pages, below /courses/."""

from django.urls import URLPattern, URLResolver, path

from courses import quizzes, saving, talk, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.index, name="courses_index"),
    path("saved/", saving.saved, name="courses_saved"),
    path("saved.json", saving.state, name="courses_saved_state"),
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
    path("<int:occasion_id>/<int:lesson_id>/documents/<int:document_id>/", views.document, name="courses_document"),
    path("<int:occasion_id>/<int:lesson_id>/quizzes/<int:quiz_id>/", quizzes.quiz, name="courses_quiz"),
]
