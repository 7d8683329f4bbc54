"""Users of this machine for the time of a test: mail is delivered with their rights. Only root can make them."""
import itertools
import os
import pwd
import subprocess
import unittest

from support import wait_until

needs_root = unittest.skipUnless(os.geteuid() == 0, "makes users, which only root can")
_numbers = itertools.count()


class RealUser:
    """A user with a home in `directory` and no way to log in. The name is like no other run's."""

    def __init__(self, directory, **more):
        self.name = f"wp{os.getpid()}-{next(_numbers)}"
        self.home = directory / self.name
        wait_until(self._is_added, f"user {self.name} is made")
        entry = pwd.getpwnam(self.name)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid

    def _is_added(self):
        done = subprocess.run(["useradd", "--create-home", "--home-dir", self.home, "--shell", "/usr/sbin/nologin", self.name],
                              check=False, capture_output=True, text=True)
        locked_by_another = done.returncode == 1
        assert done.returncode == 0 or locked_by_another, done.stderr
        return done.returncode == 0

    @property
    def mbox(self):
        return f"/var/mail/{self.name}"

    def write(self, name, text, mode=0o600):
        """A file in his home, his own."""
        path = self.home / name
        path.write_text(text)
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def end(self):
        wait_until(lambda: subprocess.run(["userdel", "--remove", "--force", self.name], check=False,
                                          capture_output=True).returncode != 1, "the user is gone")
        for left in (self.mbox, self.mbox + ".lock"):
            if os.path.exists(left):
                os.unlink(left)
