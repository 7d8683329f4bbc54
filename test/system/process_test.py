"""The daemon as a process: what it does about descriptors, core files and whoever looks at it."""
import os
import pathlib
import resource
import signal
import smtplib
import subprocess
import types
import unittest

from sink import Sink
from support import SANITIZERS, WAYPOST, Daemon, SystemTest, wait_until, waypost

CONFIGURATION = """
listen on 127.0.0.1 port 0
action "out" relay host "smtp://127.0.0.1:{sink}"
match for any action "out"
"""


class Process(SystemTest):
    def send_one(self, daemon):
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            client.sendmail("a@client.example", ["b@else.example"], "Subject: x\r\n\r\n" + "0123456789\r\n" * 10_000)

    def soft_core_limit(self, daemon):
        limits = pathlib.Path(f"/proc/{daemon.process.pid}/limits").read_text()
        return next(line.split()[4] for line in limits.splitlines() if line.startswith("Max core file size"))

    def start_with_cores(self, *arguments):
        """As under a shell that lets programs leave core files."""
        sink = self.ending(Sink())
        daemon = Daemon(self.directory / "daemon", CONFIGURATION.format(sink=sink.port), arguments=arguments)
        for name in SANITIZERS:  # their runtimes forbid core files by themselves
            daemon.environment[name] = f"{os.environ[name]}:disable_coredump=0"
        self.addCleanup(daemon.kill)
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        if hard != resource.RLIM_INFINITY:
            self.skipTest("core files are forbidden here")
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        try:
            return daemon.start(), sink
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))

    def test_no_core_file(self):
        """audit 20: a daemon that crashes leaves no core file with secrets in it"""
        daemon, sink = self.start_with_cores()
        self.assertEqual(self.soft_core_limit(daemon), "0")
        self.send_one(daemon)
        wait_until(lambda: sink.mails, "the mail arrives", explain=daemon.log)
        daemon.process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(daemon.process.pid, 0)
        daemon.process.returncode = -signal.SIGABRT
        self.assertTrue(os.WIFSIGNALED(status))
        self.assertFalse(os.WCOREDUMP(status))

    def test_stray_signals(self):
        """signals that ask other daemons to reload or to open their logs again do not end this one"""
        sink = self.ending(Sink())
        daemon = self.start(CONFIGURATION.format(sink=sink.port))
        for each in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
            daemon.process.send_signal(each)
        self.send_one(daemon)
        wait_until(lambda: sink.mails, "the mail arrives", explain=daemon.log)
        daemon.stop()

    def test_debugging(self):
        """audit 20: with -D debug=yes core files are left as the system has it"""
        daemon, _ = self.start_with_cores("-D", "debug=yes")
        self.assertEqual(self.soft_core_limit(daemon), "unlimited")
        daemon.stop()

    @unittest.skipUnless(os.geteuid() == 0, "only root can start it as another user")
    @unittest.skipIf(SANITIZERS, "it lets LeakSanitizer look into it")
    def test_nobody_looks_into_it(self):
        """audit 20: other processes of the daemon's user cannot look into it"""
        self.directory.chmod(0o755)
        try:
            daemon = self.start(CONFIGURATION.format(sink=9), user=types.SimpleNamespace(uid=65534, gid=65534))
        except AssertionError as problem:
            if "Permission denied" not in str(problem):
                raise
            self.skipTest("the program cannot be run by nobody here")
        self.assertEqual(pathlib.Path(f"/proc/{daemon.process.pid}/mem").stat().st_uid, 0)
        daemon.stop()

    def test_closed_descriptors(self):
        """audit 47: started without standard descriptors, it keeps its log out of other files"""
        sink = self.ending(Sink())
        daemon = Daemon(self.directory / "daemon", CONFIGURATION.format(sink=sink.port))
        daemon.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "sh", "-c", 'exec "$0" serve -f "$1" -v <&- >&- 2>&-', WAYPOST,
             daemon.configuration], cwd=daemon.directory, env=daemon.environment)
        self.addCleanup(daemon.kill)
        wait_until(lambda: (daemon.queue / "control.sock").exists() or daemon.process.poll() is not None, "the daemon is up")
        self.assertIsNone(daemon.process.poll())
        files = {number: os.readlink(f"/proc/{daemon.process.pid}/fd/{number}") for number in (0, 1, 2)}
        self.assertEqual(files, dict.fromkeys((0, 1, 2), "/dev/null"))

    def test_closed_descriptors_of_sendmail(self):
        """audit 47: so do the other commands"""
        done = subprocess.run(["sh", "-c", 'exec "$0" check -f /nowhere <&- >&- 2>&-', WAYPOST], check=False, timeout=60)
        self.assertEqual(done.returncode, waypost("check", "-f", "/nowhere").returncode)


if __name__ == "__main__":
    unittest.main()
