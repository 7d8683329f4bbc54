"""The real daemon and what surrounds it, for tests that meet it over sockets.

Everything listens on 127.0.0.1 at ports that the kernel chooses and lives in a directory of its own, so runs side by side
never meet. Everything is ended with its test, also when that fails or is killed.
"""
import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
WAYPOST = os.environ.get("WAYPOST", str(HERE.parents[1] / "build/release/waypost"))
SANITIZERS = {"ASAN_OPTIONS", "TSAN_OPTIONS"} & os.environ.keys()  # the options of those that the program is built with
TEST_DATA = pathlib.Path(os.environ.get("WAYPOST_TEST_DATA", HERE.parent / "data"))


def wait_until(condition, what, seconds=30.0, explain=lambda: ""):
    """The first true answer of `condition`, which is asked again and again until the time is up."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain until {what}\n{explain()}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.03)


def waypost(*arguments, stdin="", environment=None, program=(WAYPOST,)):
    """One run of the command line, to its end."""
    return subprocess.run(
        [*program, *map(str, arguments)], input=stdin, env={**os.environ, **(environment or {})},
        capture_output=True, timeout=60, text=isinstance(stdin, str))


class Daemon:
    """`waypost serve` in a directory. A configuration without a `queue` of its own gets one, and a host name."""

    def __init__(self, directory, configuration, environment=None, arguments=(), queue=None, user=None, program=WAYPOST,
                 below=()):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.queue = self.directory / (queue or "queue")
        self.configuration = self.directory / "smtpd.conf"
        head = "" if queue else f'hostname mx.example.org\nqueue path "{self.queue}"\n'
        self.configuration.write_text(head + configuration)
        # Not at the place where the sendmail of this machine looks; `waypost sendmail` needs the same environment.
        self.socket = self.directory / "smtp.sock"
        self.environment = {**os.environ, "WAYPOST_SOCKET": str(self.socket), **(environment or {})}
        self.arguments = arguments
        self.program = program
        self.identity = []  # what it runs as, if not as who runs the test
        if user is not None:
            self.identity = ["--reuid", str(user.uid), "--regid", str(user.gid), "--clear-groups"]
            for path in (self.directory, self.configuration):
                os.chown(path, user.uid, user.gid)
        self.below = below  # a command that runs another
        self.log_file = self.directory / "log"
        self.process = None

    def start(self):
        begin = self.log_file.stat().st_size if self.log_file.exists() else 0
        with open(self.log_file, "ab") as log:
            # Not even a killed test leaves it behind.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.identity, *self.below, self.program, "serve", "-f",
                 self.configuration, *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory, env=self.environment)
        wait_until(lambda: self.events("daemon", "started", begin) or self.process.poll() is not None,
                   "the daemon is up", explain=self.log)
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}\n{self.log()}")
        listening = [each["address"] for each in self.events("smtp", "listening", begin)]
        self.ports = [int(address.rpartition(":")[2]) for address in listening if not address.endswith(".sock")]
        return self

    @property
    def port(self):
        return self.ports[0]

    def stop(self):
        """The orderly end; what it logged at error level is a fault of its own."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        assert code == 0, f"the daemon ended with {code}\n{self.log()}"
        errors = [line for line in self.log().splitlines() if '"level":"error"' in line]
        assert not errors, errors

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""

    def events(self, subsystem, event, begin=0):
        """Log lines as dictionaries. What is not whole, at the end or where it was killed, is passed over."""
        found = []
        with open(self.log_file, "rb") as log:
            log.seek(begin)
            for line in log:
                with contextlib.suppress(ValueError):
                    found.append(json.loads(line))
        return [each for each in found if each["subsystem"] == subsystem and each["event"] == event]

    def deliveries(self, result, subsystem="mta"):
        return [each for each in self.events(subsystem, "delivery") if each["result"] == result]

    def rows(self, question="SELECT * FROM envelopes", *values):
        """Looks into the queue, as its users may."""
        with contextlib.closing(sqlite3.connect(self.queue / "queue.db", timeout=10)) as database:
            database.row_factory = sqlite3.Row
            found = database.execute(question, values).fetchall()
            database.commit()
            return found

    def make_everything_due(self):
        """While it is down."""
        self.rows("UPDATE envelopes SET next_try = ?", int(time.time() * 1000))

    def wait_until_empty(self, seconds=30.0):
        wait_until(lambda: not self.rows("SELECT id FROM envelopes LIMIT 1"), "the queue is empty", seconds, self.log)


class ReservedPort:
    """A port that nobody else gets, whether somebody listens there or not."""

    def __init__(self):
        # Not listening, so connections are refused; a server that allows the reuse of addresses can listen there.
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.number = self.socket.getsockname()[1]

    def end(self):
        self.socket.close()


class ServerThread:
    """An asyncio server, in a thread of its own; at a free port of 127.0.0.1 unless `at` says where."""

    def __init__(self, protocol, tls=None, at=("127.0.0.1", 0)):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = self._call(self.loop.create_server(protocol, *at, ssl=tls, backlog=1000))
        self.port = self.server.sockets[0].getsockname()[1]

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout=10)

    async def _close(self):
        self.server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    def end(self):
        if self.loop.is_closed():
            return
        self._call(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=10)
        self.loop.close()


class SystemTest(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="waypost-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def ending(self, server):
        """Sees to it that the server ends with the test."""
        self.addCleanup(server.end)
        return server

    def start(self, configuration, name="daemon", **more):
        daemon = Daemon(self.directory / name, configuration, **more)
        self.addCleanup(daemon.kill)
        return daemon.start()


def maildir(path):
    """The messages in new/, oldest first."""
    new = pathlib.Path(path) / "new"
    return [each.read_bytes() for each in sorted(new.iterdir())] if new.exists() else []
