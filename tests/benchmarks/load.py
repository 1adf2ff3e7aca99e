# The load programs as the driver sees them: processes that wait for their turn.
#
# SPDX-License-Identifier: Apache-2.0
import json
import subprocess
import time


class BenchError(Exception):
    """Something that could not be measured, in words for people."""


def cpu_seconds(pid):
    """User and system time of all threads that the process has or had (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError as e:
        raise BenchError(f"process {pid}, whose CPU time is counted, is gone: {e.strerror}") from e


class Load:
    """A program of rounds.h. It ends at the end of its input, so also when this process is killed."""

    def __init__(self, what, argv, **popen):
        self.what = what
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **popen)
        try:
            self.about = self.answer()["about"]
        except BenchError:
            self.end()
            raise

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"{self.what}: the load program failed, see above")
        return json.loads(line)

    def go(self, threads, milliseconds):
        """One round: its operations, and how many seconds of time and of the program's CPU they took."""
        try:
            self.process.stdin.write(f"go {threads} {milliseconds}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() tells
        return self.answer()

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Case:
    """What is measured: one load with a number of threads, and what it is compared with."""

    def __init__(self, name, load, threads, *, counted=(), own_cpu=True, baseline=None, bar=None):
        self.name = name          # GROUP/WAY: cases of one group stand together in the table
        self.load = load
        self.threads = threads
        self.counted = counted    # processes whose CPU time is counted
        self.own_cpu = own_cpu    # and the load's own
        self.baseline = baseline  # the name of the case that ratios are taken of
        self.bar = bar            # the least ratio that we want
        self.rates = []           # operations per second, a value for each round
        self.cpu = []             # CPU microseconds per operation

    def go_on_from(self, earlier):
        """Adds to what the same case measured with other processes; EARLIER may be None."""
        if earlier:
            self.rates, self.cpu = earlier.rates, earlier.cpu

    def run(self, milliseconds):
        before = sum(cpu_seconds(pid) for pid in self.counted)
        result = self.load.go(self.threads, milliseconds)
        cpu = sum(cpu_seconds(pid) for pid in self.counted) - before
        if self.own_cpu:
            cpu += result["cpu"]
        if result["operations"] == 0:
            raise BenchError(f"{self.name}: not one operation in {milliseconds} ms")
        self.rates.append(result["operations"] / result["seconds"])
        self.cpu.append(cpu / result["operations"] * 1e6)
