"""What happens to questions, quizzes and attempts."""

from quizzes.operations.arriving import Arrival as Arrival
from quizzes.operations.arriving import Brought as Brought
from quizzes.operations.arriving import take_brought as take_brought
from quizzes.operations.asked import answer_video_question as answer_video_question
from quizzes.operations.bank import QuestionPlan as QuestionPlan
from quizzes.operations.bank import UnableToSaveQuestion as UnableToSaveQuestion
from quizzes.operations.bank import add_question as add_question
from quizzes.operations.bank import change_question as change_question
from quizzes.operations.bank import check_question as check_question
from quizzes.operations.bank import offer_question_again as offer_question_again
from quizzes.operations.bank import withdraw_question as withdraw_question
from quizzes.operations.making import QuizPlan as QuizPlan
from quizzes.operations.making import UnableToSaveQuiz as UnableToSaveQuiz
from quizzes.operations.making import add_quiz as add_quiz
from quizzes.operations.making import change_quiz as change_quiz
from quizzes.operations.making import offer_quiz_again as offer_quiz_again
from quizzes.operations.making import withdraw_quiz as withdraw_quiz
from quizzes.operations.taking import Kept as Kept
from quizzes.operations.taking import UnableToTakeQuiz as UnableToTakeQuiz
from quizzes.operations.taking import keep_answer as keep_answer
from quizzes.operations.taking import start_attempt as start_attempt
from quizzes.operations.taking import submit_attempt as submit_attempt
