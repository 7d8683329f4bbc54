"""The virtual users of December 2012: two domains with the same user name, and a third one with the users of the system."""
import os
import pathlib
import smtplib
import stat
import unittest

from real_users import RealUser, needs_root
from support import SystemTest, maildir, wait_until

CONFIGURATION = """
listen on 127.0.0.1 port 0
table bleh1 {{ vuser => "vuser:{one.uid}:{one.gid}:{one.home}" }}
table bleh2 {{ vuser => "vuser:{two.uid}:{two.gid}:{two.home}" }}
accept for domain poolp.org users <bleh1> deliver to maildir
accept for domain opensmtpd.org users <bleh2> deliver to maildir
accept for domain pool.ps deliver to maildir
"""


class Somebody:
    """Known to no system: a user and group id, and a home."""

    def __init__(self, uid, gid, home):
        self.uid, self.gid, self.home = uid, gid, home
        home.mkdir()
        os.chown(home, uid, gid)


@needs_root
class VirtualUsers(SystemTest):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)
        nobody_elses = 1_000_000 + 10 * os.getpid()  # not that of another run either
        self.one = Somebody(nobody_elses, nobody_elses + 1, self.directory / "one")
        self.two = Somebody(nobody_elses + 2, nobody_elses + 3, self.directory / "two")
        self.daemon = self.start(CONFIGURATION.format(one=self.one, two=self.two))

    def send(self, *recipients):
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            client.sendmail("ada@example.net", recipients, "Subject: hello\r\n\r\nbody\r\n")

    def expect(self, home, uid, gid, recipient):
        [mail] = wait_until(lambda: maildir(home / "Maildir"), f"{recipient} has his mail", explain=self.daemon.log)
        self.assertIn(f"Delivered-To: {recipient}\n".encode(), mail)
        everything = [home / "Maildir", *(home / "Maildir").rglob("*")]
        self.assertEqual({(each.stat().st_uid, each.stat().st_gid) for each in everything}, {(uid, gid)})
        for each in everything:
            self.assertEqual(stat.S_IMODE(each.stat().st_mode), 0o700 if each.is_dir() else 0o600, each)

    def test_each_domain_has_its_own_user_of_that_name(self):
        real = self.ending(RealUser(self.directory))
        self.send("vuser@poolp.org", "vuser@opensmtpd.org", f"{real.name}@pool.ps")
        self.expect(self.one.home, self.one.uid, self.one.gid, "vuser@poolp.org")
        self.expect(self.two.home, self.two.uid, self.two.gid, "vuser@opensmtpd.org")
        self.expect(real.home, real.uid, real.gid, f"{real.name}@pool.ps")
        self.daemon.wait_until_empty()
        self.daemon.stop()

    def test_who_is_in_no_table_is_unknown(self):
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            client.ehlo()
            client.mail("ada@example.net")
            for nobody in ("nobody-here@poolp.org", "root@opensmtpd.org", "vuser@pool.ps"):
                code, text = client.rcpt(nobody)
                self.assertEqual(code, 550, text)
        self.daemon.stop()

    def test_no_process_of_a_delivery_is_left_behind(self):
        self.send("vuser@poolp.org")
        wait_until(lambda: maildir(self.one.home / "Maildir"), "it is there", explain=self.daemon.log)
        self.daemon.stop()
        owners = {each.stat().st_uid for each in pathlib.Path("/proc").iterdir()
                  if each.name.isdigit() and each.exists()}
        self.assertNotIn(self.one.uid, owners)


if __name__ == "__main__":
    unittest.main()
