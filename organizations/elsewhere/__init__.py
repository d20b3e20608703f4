"""Providers of accounts: allauth's, each with what this house asks of all of them (ADR 85)."""
