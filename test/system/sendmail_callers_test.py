"""Programs that call sendmail, as they call it: by an ordinary user, while the daemon runs as another one and has a
configuration that nobody else can read. The command lines are those of Debian 12's packages; where a program is light it is
run itself. docs/sendmail.md has the options."""
import os
import shutil
import subprocess
import unittest

from real_users import RealUser, needs_root
from sink import Sink
from support import WAYPOST, SystemTest, wait_until

CONFIGURATION = """
listen on 127.0.0.1 port 0
action "out" relay host "smtp://127.0.0.1:{port}"
match from local for any action "out"
"""
TO = "you@else.example"
BODY = "It works.\n"
WITH_TO = f"Subject: called\nTo: {TO}\n\n{BODY}"

# Arguments, as the package has them, and the message on standard input.
COMMAND_LINES = {
    "cron": (f"-FCronDaemon -i -B8BITMIME -oem  {TO}",
             "From: root (Cron Daemon)\nTo: you\nSubject: called\nMIME-Version: 1.0\n"
             "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\nX-Cron-Env: <SHELL=/bin/sh>\n\n" + BODY),
    "at": (f"-i {TO}", "Subject: called\nTo: you\n\n" + BODY),
    "mdadm": ("-t", f"From: mdadm monitoring <root>\nTo: {TO}\nSubject: called\n\n{BODY}"),
    "logwatch": ("-t", f"To: {TO}\nFrom: Logwatch@client.example\nSubject: called\n\n{BODY}"),
    "sudo": ("-t", f"To: {TO}\nFrom: ada\nAuto-Submitted: auto-generated\nSubject: called\n\n{BODY}"),
    "apt-listchanges": ("-oi -t", f"Auto-Submitted: auto-generated\nSubject: called\nTo: {TO}\n\n{BODY}"),
    "unattended-upgrades": ("-oi -t", f"Subject: called\nFrom: root\nTo: {TO}\n\n{BODY}"),
    "PHP mail()": ("-t -i", f"To: {TO}\r\nSubject: called\r\nX-PHP-Originating-Script: 0:x.php\r\n\r\n{BODY}"),
    "PHPMailer": ("-oi -fme@client.example -t", WITH_TO),
    "Python's email examples": ("-t -oi", WITH_TO),
    "mutt": (f"-oem -oi -f me@client.example -- {TO}", WITH_TO),
    "git send-email": (f"-i {TO}", WITH_TO),
    "bsd-mailx": (f"-i {TO}", WITH_TO),
    "s-nail": (f"-i -f me@client.example -- {TO}", WITH_TO),
    "MIME::Lite": ("-t -oi -oem", WITH_TO),
    "Email::Sender": (f"-i -f me@client.example -- {TO}", WITH_TO),
}


@needs_root
class Callers(SystemTest):
    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)
        self.sink = self.ending(Sink())
        self.owner = self.ending(RealUser(self.directory))
        self.user = self.ending(RealUser(self.directory))
        # Every user may run it, wherever it was built; and the name says what it is.
        self.program = self.directory / "sendmail"
        shutil.copy(WAYPOST, self.program)
        self.program.chmod(0o755)
        self.daemon = self.start(CONFIGURATION.format(port=self.sink.port), user=self.owner, program=self.program.with_name("waypost"))

    def start(self, configuration, **more):
        shutil.copy(WAYPOST, more["program"])
        more["program"].chmod(0o755)
        daemon = super().start(configuration, **more)
        daemon.configuration.chmod(0o600)
        daemon.directory.chmod(0o755)
        return daemon

    def run_as_user(self, *command, text=BODY, **environment):
        done = subprocess.run(
            ["setpriv", "--reuid", str(self.user.uid), "--regid", str(self.user.gid), "--clear-groups", *map(str, command)],
            input=text, capture_output=True, text=True, timeout=60, cwd=self.user.home,
            env={"PATH": os.environ["PATH"], "HOME": str(self.user.home), "USER": self.user.name, "LOGNAME": self.user.name,
                 "WAYPOST_SOCKET": str(self.daemon.socket), "LC_ALL": "C.UTF-8", **environment})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def expect_mail(self, sender=None):
        wait_until(lambda: self.sink.mails, "the mail is at the smart host", explain=self.daemon.log)
        self.daemon.wait_until_empty()
        [mail] = self.sink.mails
        self.assertEqual(mail.recipients, [TO])
        self.assertEqual(mail.sender, sender or f"{self.user.name}@mx.example.org")
        self.assertEqual(mail.field("Subject"), "called")
        for name in ("From", "Date", "Message-ID"):
            self.assertIsNotNone(mail.field(name), name)
        self.assertIn(b"\r\n\r\nIt works.\r\n", mail.content)
        return mail

    def test_the_command_lines_of_the_packages(self):
        """audit 27: what cron, at and their like call works, for every user"""
        for name, (arguments, message) in COMMAND_LINES.items():
            with self.subTest(name):
                self.sink.mails.clear()
                # Most of them go through a shell.
                self.run_as_user("/bin/sh", "-c", f"{self.program} {arguments}", text=message)
                self.expect_mail("me@client.example" if "me@client" in arguments else None)

    def test_swift_mailer_speaks_smtp_to_it(self):
        self.run_as_user(self.program, "-bs", text=(
            f"EHLO [127.0.0.1]\r\nMAIL FROM:<me@client.example>\r\nRCPT TO:<{TO}>\r\nDATA\r\n"
            f"Subject: called\r\n\r\nIt works.\r\n.\r\nQUIT\r\n"))
        self.expect_mail("me@client.example")

    def test_php(self):
        self.run_as_user("php", "-n", "-d", f"sendmail_path={self.program} -t -i", "-r",
                         f'exit(mail("{TO}", "called", "It works.\n") ? 0 : 1);')
        self.expect_mail()

    def test_s_nail(self):
        self.run_as_user("s-nail", "-n", "-S", f"mta={self.program}", "-s", "called", "-r", "me@client.example", TO)
        self.expect_mail("me@client.example")

    def test_bsd_mailx(self):
        settings = self.user.write("mailrc", f"set sendmail={self.program}\n")
        self.run_as_user("bsd-mailx", "-n", "-s", "called", TO, MAILRC=str(settings))
        self.expect_mail()

    def test_bsd_mailx_as_unattended_upgrades_calls_it(self):
        settings = self.user.write("mailrc", f"set sendmail={self.program}\n")
        self.run_as_user("bsd-mailx", "-n", "-r", "me@client.example", "-s", "called", TO, MAILRC=str(settings))
        self.expect_mail("me@client.example")

    def test_mutt(self):
        settings = self.user.write("muttrc", f'set sendmail="{self.program} -oem -oi"\nunset record\n')
        self.run_as_user("mutt", "-n", "-F", settings, "-s", "called", "--", TO)
        self.expect_mail()

    def test_git_send_email(self):
        patch = self.user.write("patch", "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
                                         f"From: Ada <me@client.example>\nSubject: called\n\n{BODY}")
        name = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER")
                for part, value in (("NAME", "Ada"), ("EMAIL", "me@client.example"))}
        self.run_as_user("git", "send-email", f"--smtp-server={self.program}", "--from=me@client.example", f"--to={TO}",
                         "--suppress-cc=all", "--confirm=never", "--quiet", patch, **name)
        self.expect_mail()

    def test_mime_lite(self):
        self.run_as_user("perl", "-MMIME::Lite", "-e", (
            'MIME::Lite->new(From => $ARGV[2], To => $ARGV[1], Subject => "called", Data => "It works.\n")'
            '->send("sendmail", "$ARGV[0] -t -oi -oem") or die'), self.program, TO,
                         "me@client.example")
        self.expect_mail()

    def test_email_sender(self):
        self.run_as_user("perl", "-MEmail::Simple", "-MEmail::Sender::Simple=sendmail",
                         "-MEmail::Sender::Transport::Sendmail", "-e", (
            'sendmail(Email::Simple->create(header => [Subject => "called", To => $ARGV[1]], body => "It works.\n"),'
            ' {from => $ARGV[2], to => [$ARGV[1]],'
            ' transport => Email::Sender::Transport::Sendmail->new({sendmail => $ARGV[0]})})'), self.program, TO, "me@client.example")
        self.expect_mail("me@client.example")

    def test_mail_sendmail_speaks_smtp_to_a_port(self):
        self.run_as_user("perl", "-MMail::Sendmail", "-e", (
            'sendmail(From => $ARGV[2], To => $ARGV[1], Subject => "called", Message => "It works.\n",'
            ' smtp => "127.0.0.1", port => $ARGV[0]) or die $Mail::Sendmail::error'), self.daemon.port, TO, "me@client.example")
        wait_until(lambda: self.sink.mails, "the mail is at the smart host", explain=self.daemon.log)
        self.assertEqual(self.sink.mails[0].field("Subject"), "called")


if __name__ == "__main__":
    unittest.main()
