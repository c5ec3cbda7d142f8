"""Objectives, schedules and the fit loop that turns samples into a model bundle."""
