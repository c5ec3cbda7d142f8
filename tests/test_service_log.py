"""The log of the service, where whoever is to read it reads late or never."""

import fcntl
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, redirect_stdout

from support.places import ROOT
from support.serving import running
from support.waiting import PATIENCE_S

from segmentation.service.log import Log

PIPE_BYTES = 4096
LINES = 100
"""More than the pipe holds."""


@contextmanager
def unread_output():
    """The reading end, at which nobody has begun to read, of a pipe that is the standard output meanwhile."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with (
        os.fdopen(reader, encoding="utf-8") as lines,
        os.fdopen(writer, "w", encoding="utf-8") as output,
        redirect_stdout(output),
    ):
        yield lines


def test_a_service_answers_though_nobody_reads_its_log():
    with unread_output() as unread, running(quiet=False) as client:
        answers = [client.get("/nothing").status_code for _ in range(LINES)]
        logged = [json.loads(unread.readline()) for _ in range(1 + LINES)]  # so that it ends at once

    assert answers == [404] * LINES
    assert [line["event"] for line in logged] == ["listening"] + ["request"] * LINES


def test_lines_that_nobody_reads_in_time_are_dropped_and_counted():
    numbers, dropped = [], 0
    with unread_output() as unread, closing(Log(most=10)) as log:
        for number in range(LINES):
            log("request", number=number, about="a" * 100)
        while len(numbers) + dropped < LINES:
            line = json.loads(unread.readline())
            if line["event"] == "dropped":
                dropped += line["lines"]
            else:
                numbers.append(line["number"])
        log("ended")
        last = json.loads(unread.readline())

    assert dropped > 0
    assert numbers[:10] == [*range(10)]
    assert numbers == sorted({*numbers})
    assert last["event"] == "ended"


def test_lines_that_are_not_read_before_the_end_are_written_all_the_same():
    with unread_output() as unread, ThreadPoolExecutor(1) as pool:
        log = Log()
        for number in range(LINES):
            log("request", number=number)
        closed = pool.submit(log.close)
        numbers = [json.loads(unread.readline())["number"] for _ in range(LINES)]
        closed.result()

    assert numbers == [*range(LINES)]


def test_a_process_ends_though_nobody_reads_its_log():
    code = f"""
from segmentation.service import log
log._LAST_S = 0.1
written = log.Log()
for _ in range({LINES}):
    written("request", about="a" * 1000)
written.close()
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as process:
        assert process.wait(PATIENCE_S) == 0
