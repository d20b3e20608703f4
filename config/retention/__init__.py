"""What is kept of people, what for, who reads it, for how long, and what removes it: one place (ADR 88)."""
