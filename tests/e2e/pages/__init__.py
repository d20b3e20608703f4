"""Every page in a real browser: pictures, budgets, accessibility."""
