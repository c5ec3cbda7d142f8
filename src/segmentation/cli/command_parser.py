"""The parser of the command line, and those of commands, which learn their options when they need them."""

import argparse
from collections.abc import Callable
from typing import Any, NoReturn, Self


class OneLineParser(argparse.ArgumentParser):
    """A parser that reports a mistake in one line, without the usage of every option."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; `{self.prog} --help` explains the options\n")

    def parse_known_args(self, *arguments: Any, **named: Any) -> Any:
        """Refuse arguments that are left over, here where the command is known that they were meant for."""
        known, left = super().parse_known_args(*arguments, **named)
        if left:
            from difflib import get_close_matches

            alike = get_close_matches(left[0].partition("=")[0], self._option_string_actions, n=1)
            hint = f", did you mean {alike[0]}?" if alike else ""
            self.error(f"unrecognized arguments: {' '.join(left)}{hint}")
        return known, left


class CommandParser(OneLineParser):
    """The parser of one command; `fill` adds its options once they are needed."""

    def __init__(self, *arguments: Any, fill: Callable[["CommandParser"], None], **named: Any):
        super().__init__(*arguments, **named)
        self._fill: Callable[[CommandParser], None] | None = fill

    def filled(self) -> Self:
        """Return the parser with its options."""
        if self._fill:
            fill, self._fill = self._fill, None
            fill(self)
        return self

    def parse_known_args(self, *arguments: Any, **named: Any) -> Any:
        """Parse with all options."""
        self.filled()
        return super().parse_known_args(*arguments, **named)
