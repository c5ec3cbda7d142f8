"""Confidence in masks: features, confidence model, confidence estimator, triage."""
