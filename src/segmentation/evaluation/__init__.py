"""Models judged at full resolution: evaluation, comparison, label audit, robustness."""
