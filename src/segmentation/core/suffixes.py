"""The suffix of a name as pathlib has it, without the time that a path takes: folders may hold many names."""


def suffix_of(name: str) -> str:
    """Return what `Path.suffix` would."""
    last = name[name.rfind("/") + 1 :]
    dot = last.rfind(".")
    return last[dot:] if 0 < dot < len(last) - 1 else ""


def stem_of(name: str) -> str:
    """Return a name without its suffix, with the folders that lead to it."""
    return name.removesuffix(suffix_of(name))
