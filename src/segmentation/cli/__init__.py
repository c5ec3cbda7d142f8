"""The commands: each file has a docstring for the help, `add_arguments(parser)` and `run(options) -> status`.

A command parses, calls the library, and prints. Heavy imports sit inside `run`, so that help is instant.
"""

from segmentation.cli import (
    audit,
    calibrate,
    collect,
    compare,
    data,
    evaluate,
    export,
    predict,
    pseudo,
    recipe,
    submit,
    synth,
    train,
)

COMMANDS = {
    "data": data,
    "synth": synth,
    "train": train,
    "recipe": recipe,
    "eval": evaluate,
    "audit": audit,
    "calibrate": calibrate,
    "compare": compare,
    "predict": predict,
    "pseudo": pseudo,
    "collect": collect,
    "submit": submit,
    "export": export,
}
