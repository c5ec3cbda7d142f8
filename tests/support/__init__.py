"""Helpers that test files share: drawn photos, bundles, the program as a user runs it."""
