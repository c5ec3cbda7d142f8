"""Ports for servers that have to be told theirs."""

import secrets
import socket


def free_port() -> int:
    """Return a port that no other test asks for while the program that had it is away.

    It lies below those that systems give out unasked (from 32768 on Linux), and above the page's first one
    and those of Ray's workers.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) != 0:
                return port
