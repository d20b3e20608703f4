"""What is asked of questions, quizzes and attempts."""

from quizzes.queries.taking import personal_data as personal_data
