"""What the benchmarks share: Postfix and waypost, each with directories and a loopback port of its own, and what they end with."""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SBIN = pathlib.Path("/usr/sbin")


class failure(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def adopt_orphans():
    """Postfix's processes outlive the command that started them. They come to us rather than to process 1, so that at
    the end there is nothing left of them, in a container too, where process 1 may not care."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def bury_orphans(seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.05)
        except ChildProcessError:
            return


def wait_for_greeting(port, process=None, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process and process.poll() is not None:
            raise failure(f"{process.args[0]} ended with status {process.returncode} before it answered")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
            if peer.recv(512).startswith(b"220"):
                peer.sendall(b"QUIT\r\n")
                peer.recv(512)
                return
        time.sleep(0.05)
    raise failure(f"nothing greets on port {port}")


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def sync_latency(folder, times=200):
    """Milliseconds of a 4 KiB append with fdatasync: median and 99th percentile."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(times):
            start = time.perf_counter()
            os.write(file.fileno(), b"x" * 4096)
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - start) * 1000)
    took.sort()
    return statistics.median(took), took[int(times * 0.99) - 1]


class Postfix:
    """Limits raised, synced as it always is, logging nothing: the kindest setting."""

    def __init__(self, cleanup, folder, main, connections, master=""):
        """`main` and `master` are lines for the files of these names."""
        if os.geteuid() != 0:
            raise failure("Postfix starts only as root; run this as root, or with --only direct,waypost")
        self.port = free_port()
        self.conf, self.queue, data = folder / "etc", folder / "queue", folder / "data"
        for path in (self.conf, self.queue, data):
            path.mkdir(parents=True)
        shutil.chown(data, "postfix")
        processes = connections + 50
        (self.conf / "main.cf").write_text(f"""\
compatibility_level = 3.6
queue_directory = {self.queue}
data_directory = {data}
myhostname = bench.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_tls_security_level = none
smtpd_peername_lookup = no
default_process_limit = {processes}
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_client_recipient_rate_limit = 0
smtpd_client_event_limit_exceptions = 127.0.0.0/8
in_flow_delay = 0
qmgr_message_active_limit = 50000
qmgr_message_recipient_limit = 50000
initial_destination_concurrency = {connections}
default_destination_concurrency_limit = {connections}
max_use = 100000
maillog_file_prefixes = {folder}
{main}""")
        (self.conf / "master.cf").write_text(f"""\
127.0.0.1:{self.port} inet n - n - - smtpd
pickup    unix  n  -  n  60    1  pickup
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
verify    unix  -  -  n  -     1  verify
flush     unix  n  -  n  1000? 0  flush
proxymap  unix  -  -  n  -     -  proxymap
smtp      unix  -  -  n  -     -  smtp
relay     unix  -  -  n  -     -  smtp
showq     unix  n  -  n  -     -  showq
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
discard   unix  -  -  n  -     -  discard
anvil     unix  -  -  n  -     1  anvil
scache    unix  -  -  n  -     1  scache
postlog   unix-dgram n - n -   1  postlogd
{master}""")
        cleanup.callback(self.stop)
        self.command("start")
        wait_for_greeting(self.port)

    def command(self, verb):
        done = subprocess.run([SBIN / "postfix", "-c", self.conf, verb], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0 and verb == "start":
            raise failure(f"postfix {verb}: {done.stdout}{done.stderr}")

    def stop(self):
        pid_file = self.queue / "pid" / "master.pid"
        with contextlib.suppress(OSError, ValueError):
            master = int(pid_file.read_text())
            self.command("stop")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(master, signal.SIGKILL)  # its process group; normally nobody is left in it

    def left_over(self):
        return sum(1 for name in ("incoming", "active", "deferred")
                   for path in (self.queue / name).rglob("*") if path.is_file())


class Waypost:
    """Logging to a file, as it does by default."""

    def __init__(self, cleanup, folder, rules):
        """`rules` are lines of the configuration."""
        program = pathlib.Path(os.environ.get("WAYPOST", ROOT / "build/release/waypost"))
        if not program.exists():
            raise failure(f"{program} is not built: `make` builds it; --only direct,postfix does without")
        self.port = free_port()
        self.folder = folder
        folder.mkdir()
        conf = folder / "smtpd.conf"
        conf.write_text(f"""\
queue path {folder}/spool
listen on 127.0.0.1 port {self.port}
{rules}""")
        (folder / "spool").mkdir()
        self.log = folder / "log"
        with self.log.open("wb") as log:
            # Not at the place where the sendmail of this machine looks.
            environment = {**os.environ, "WAYPOST_SOCKET": str(folder / "smtp.sock")}
            self.process = subprocess.Popen([program, "serve", "-f", conf], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=environment)
        cleanup.callback(end, self.process)
        try:
            wait_for_greeting(self.port, self.process)
        except failure as why:
            raise failure(f"waypost: {why}\n{self.log.read_text(errors='replace')[-2000:]}") from None

    def left_over(self):
        return 0
