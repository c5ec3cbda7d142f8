"""Retouching of masks: operations, what they do to an alpha, their journal, the files of accepted photos."""
