"""Score functions made of score functions: every trick of inference is ScoreFn -> ScoreFn."""
