"""Pages of the bank and of quizzes; the member's page is served where the quiz stands (``views.taking``)."""
