"""Mail servers of other people, which take mail and pass it on: Postfix as bench/harness.py starts it, and Exim out of
build/peers (scripts/install-packages peers). Both start only as root, in directories of their own, and end with their test."""
import contextlib
import os
import pwd
import subprocess
import sys
import unittest

from support import HERE

ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "bench"))
import harness  # noqa: E402

EXIM = ROOT / "build/peers/usr/sbin/exim4"


def only_as_root(name):
    if os.geteuid() != 0:
        raise unittest.SkipTest(f"{name} starts only as root")


def open_to_all(directory):
    """They run as users of their own, who have to get there."""
    directory.chmod(0o755)
    return directory


def postfix(test, next_port, settings=""):
    """The port of a Postfix that passes everything on to `next_port`, with these lines in its main.cf."""
    only_as_root("Postfix")
    harness.adopt_orphans()
    cleanup = contextlib.ExitStack()
    test.addCleanup(harness.bury_orphans)
    test.addCleanup(cleanup.close)
    folder = open_to_all(test.directory) / "postfix"
    return harness.Postfix(cleanup, folder, f"relayhost = [127.0.0.1]:{next_port}\n{settings}", connections=5).port


EXIM_CONFIGURATION = """
primary_hostname = exim.example
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log-%slog
pid_file_path = {folder}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
host_lookup =
tls_advertise_hosts =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = accept
acl_smtp_data = check_content
begin acl
check_content:
{checks}
  accept
begin routers
next:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = next
begin transports
next:
  driver = smtp
  port = {next_port}
  hosts_try_fastopen =
begin retry
* * F,1h,1s
"""


def exim_environment():
    """Its libraries stand beside it."""
    return {"PATH": os.environ.get("PATH", ""), "LD_LIBRARY_PATH": str(EXIM.parents[1] / "lib/x86_64-linux-gnu")}


def exim(test, next_port, checks=""):
    """The port of an Exim that passes everything on to `next_port`, with these lines in the ACL for content."""
    only_as_root("Exim")
    if not EXIM.exists():
        raise AssertionError(f"{EXIM} is not there: scripts/install-packages peers")
    user = pwd.getpwnam("Debian-exim")
    folder = open_to_all(test.directory) / "exim"
    folder.mkdir()
    os.chown(folder, user.pw_uid, user.pw_gid)
    port = harness.free_port()
    file = folder / "exim.conf"
    file.write_text(EXIM_CONFIGURATION.format(
        program=EXIM, folder=folder, port=port, next_port=next_port, checks=checks))
    harness.adopt_orphans()
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", EXIM, "-C", file, "-bdf"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=exim_environment())
    test.addCleanup(harness.bury_orphans)
    test.addCleanup(process.stdout.close)
    test.addCleanup(harness.end, process)
    try:
        harness.wait_for_greeting(port, process)
    except harness.failure as why:
        process.kill()
        raise AssertionError(f"{why}\n{process.communicate()[0]}") from None
    return port


def exim_log(test):
    return "".join(each.read_text() for each in (test.directory / "exim").glob("log-*"))
