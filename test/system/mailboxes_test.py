"""Mailboxes and commands of real users, and the programs that they read and sort their mail with."""
import mailbox
import os
import smtplib
import stat
import subprocess
import unittest

from real_users import RealUser, needs_root
from support import SystemTest, maildir, wait_until

TEXT = "From: ada@example.net\r\nSubject: {subject}\r\n\r\nFrom the beginning\r\n>From here\r\nthe end\r\n"


@needs_root
class Mailboxes(SystemTest):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)
        self.user = self.ending(RealUser(self.directory))

    def serve(self, action, more=""):
        self.daemon = self.start("listen on 127.0.0.1 port 0\n" + more + f'action "local" {action}\n'
                                 'match for domain "here.example" action "local"\n')

    def send(self, subject="hello", to=None, sender="ada@example.net"):
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            client.sendmail(sender, [to or f"{self.user.name}@here.example"], TEXT.format(subject=subject))

    def delivered(self, result="Ok"):
        return wait_until(lambda: self.daemon.deliveries(result, "mda"), f"a delivery is {result}", explain=self.daemon.log)

    def run_as_user(self, *command, stdin=""):
        done = subprocess.run(["setpriv", f"--reuid={self.user.uid}", f"--regid={self.user.gid}", "--clear-groups",
                               "env", "-i", f"HOME={self.user.home}", f"USER={self.user.name}", "TERM=dumb",
                               "PATH=/usr/bin:/bin", *command],
                              input=stdin, capture_output=True, text=True, timeout=60, cwd=self.user.home)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_an_mbox_is_made_and_read_by_mail_programs(self):
        self.serve("mbox")
        for subject in ("first", "second", "third"):
            self.send(subject)
        self.daemon.wait_until_empty()
        facts = os.stat(self.user.mbox)
        self.assertEqual(facts.st_uid, self.user.uid)
        self.assertEqual(stat.S_IMODE(facts.st_mode) & 0o007, 0)
        self.assertFalse(os.path.exists(self.user.mbox + ".lock"))
        headers = self.run_as_user("s-nail", "-n", "-R", "-H", "-f", self.user.mbox)
        for subject in ("first", "second", "third"):
            self.assertIn(subject, headers)
        read = mailbox.mbox(self.user.mbox, create=False)
        self.addCleanup(read.close)
        self.assertEqual(sorted(each["Subject"] for each in read), ["first", "second", "third"])
        lines = read[0].get_payload().splitlines()
        self.assertEqual(lines, [">From the beginning", ">>From here", "the end"])
        self.daemon.stop()

    def test_twenty_senders_at_once_leave_an_mbox_whole(self):
        self.serve("mbox")
        with smtplib.SMTP("127.0.0.1", self.daemon.port) as client:
            for number in range(100):
                client.sendmail("ada@example.net", [f"{self.user.name}@here.example"], TEXT.format(subject=number))
        self.daemon.wait_until_empty()
        read = mailbox.mbox(self.user.mbox, create=False)
        self.addCleanup(read.close)
        self.assertEqual(sorted(int(each["Subject"]) for each in read), list(range(100)))
        self.daemon.stop()

    def test_procmail_sorts_what_it_is_handed(self):
        self.user.write(".procmailrc", "MAILDIR=$HOME\n:0:\n* ^Subject:.*work\nwork\n\n:0:\nrest\n")
        self.serve('mda "/usr/bin/procmail -f %{sender} -a %{rcpt.user}"')
        self.send("work to do")
        self.send("something else")
        self.daemon.wait_until_empty()
        for name, subject in (("work", "work to do"), ("rest", "something else")):
            path = self.user.home / name
            self.assertIn(f"Subject: {subject}", path.read_text())
            self.assertEqual(path.stat().st_uid, self.user.uid)
        self.daemon.stop()

    def test_a_command_has_the_users_rights_and_the_words_of_its_environment(self):
        script = self.user.write("note", "#!/bin/sh\n{ id -u; id -G; pwd; env | sort; cat; } > noted\n", 0o700)
        self.serve(f'mda "{script} %{{dest.user}}"')
        self.send(to=f"{self.user.name}+tag@here.example")
        self.delivered()
        noted = (self.user.home / "noted").read_text().splitlines()
        self.assertEqual(noted[:3], [str(self.user.uid), str(self.user.gid), str(self.user.home)])
        for line in (f"USER={self.user.name}", f"LOGNAME={self.user.name}", f"HOME={self.user.home}", "EXTENSION=tag",
                     "DOMAIN=here.example", f"RECIPIENT={self.user.name}+tag@here.example", "SENDER=ada@example.net",
                     f"LOCAL={self.user.name}+tag", f"ORIGINAL_RECIPIENT={self.user.name}+tag@here.example"):
            self.assertIn(line, noted)
        self.assertIn("Return-Path: <ada@example.net>", noted)
        self.daemon.stop()

    def test_what_a_command_says_last_is_why_it_failed(self):
        script = self.user.write("refuse", "#!/bin/sh\necho some noise\necho the box is closed\nexit 67\n", 0o700)
        self.serve(f'mda "{script}"')
        self.send()
        [entry] = self.delivered("PermFail")
        self.assertIn("the box is closed", entry["stat"])
        self.daemon.stop()

    def test_a_forward_file_is_read_as_the_user_and_believed_only_if_it_is_his(self):
        friend = self.ending(RealUser(self.directory))
        self.user.write(".forward", f'# to a friend, and kept\n{friend.name}, \\{self.user.name}\n"|cat > $HOME/piped"\n')
        self.serve("maildir")
        self.send("both")
        wait_until(lambda: maildir(self.user.home / "Maildir") and maildir(friend.home / "Maildir") and
                   (self.user.home / "piped").exists(), "everybody has it", explain=self.daemon.log)
        self.daemon.wait_until_empty()
        self.assertEqual((self.user.home / "piped").stat().st_uid, self.user.uid)

        (self.user.home / ".forward").chmod(0o666)
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            self.send("not trusted")
        [(code, _)] = refused.exception.recipients.values()
        self.assertEqual(code // 100, 4)
        self.daemon.stop()

    def test_nobody_reaches_the_files_of_others(self):
        secret = self.directory / "secret"
        secret.write_text("for root alone")
        secret.chmod(0o600)
        (self.user.home / ".forward").symlink_to(secret)
        self.serve("maildir")
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.send()
        (self.user.home / ".forward").unlink()
        self.user.write(".forward", f'"|cat {secret} > $HOME/stolen"\n')
        self.send()
        wait_until(lambda: self.daemon.events("mda", "delivery"), "it was tried", explain=self.daemon.log)
        stolen = self.user.home / "stolen"
        self.assertFalse(stolen.exists() and "root" in stolen.read_text())
        self.assertEqual(secret.read_text(), "for root alone")


if __name__ == "__main__":
    unittest.main()
