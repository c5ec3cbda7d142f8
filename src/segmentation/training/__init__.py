"""Training, from samples to a model bundle: batches, losses, schedules and the fit loop."""
