"""One-line breaks of what matters, and the tests that must fail for each: ``make mutants``."""
