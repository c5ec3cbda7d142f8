"""The mistakes a user can cause; each message says what was expected, what came, and what to do."""


class SegmentationError(Exception):
    """Base of every error that is shown to the user as one line, without a traceback."""


class ConfigError(SegmentationError):
    """An option or a combination of options that cannot work."""


class DataError(SegmentationError):
    """A folder or a set of photos that cannot be used as it is."""


class ImageError(SegmentationError):
    """A file that cannot be read or written as an image."""


class BundleError(SegmentationError):
    """A model bundle that is missing, incomplete or not what it claims to be."""


class TrainingError(SegmentationError):
    """A training run that cannot start, go on or be resumed."""
