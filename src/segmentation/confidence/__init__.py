"""How far a mask can be trusted: features, confidence model, estimator, triage."""
