"""The commands: each file has a docstring for the help, `add_arguments(parser)` and `run(options) -> status`.

A command parses, calls the library, and prints. Heavy imports sit inside `run`, so that help is instant.
"""

from segmentation.commands import compare, data, evaluate, export, predict, recipe, submit, synth, train

COMMANDS = {
    "data": data,
    "synth": synth,
    "train": train,
    "recipe": recipe,
    "eval": evaluate,
    "compare": compare,
    "predict": predict,
    "submit": submit,
    "export": export,
}
