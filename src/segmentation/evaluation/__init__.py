"""Metrics, threshold search, evaluation at full resolution and its report."""
