"""The rooms of the package, lowest first: a room imports what stands before it, and its own files."""

ORDER = (
    "core",
    "config",
    "images",
    "models",
    "preprocessing",
    "metrics",
    "scores",
    "confidence",
    "bundle",
    "synth",
    "datasets",
    "training",
    "inference",
    "evaluation",
    "reports",
    "outputs",
    "jobs",
    "api",
    "cli",
    "main",
)
