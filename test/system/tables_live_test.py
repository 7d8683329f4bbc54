"""Tables that change while mail flows: the next connection, login or message goes by what they say now."""
import smtplib
import subprocess
import threading
import unittest

from sink import Sink
from smart_host import Authority, SmartHost
from support import SystemTest, maildir, wait_until

OLD, NEW = "old secret", "new secret"


class Flow:
    """Sends mail all the time until it is ended."""

    def __init__(self, port):
        self.over = threading.Event()
        self.sent = 0
        self.thread = threading.Thread(target=self.run, args=(port,), daemon=True)
        self.thread.start()

    def run(self, port):
        with smtplib.SMTP("127.0.0.1", port) as client:
            while not self.over.wait(0.01):
                self.sent += 1
                client.sendmail("ada@example.org", [f"n{self.sent}@example.net"], "Subject: x\r\n\r\nx\r\n")

    def end(self):
        self.over.set()
        self.thread.join(timeout=10)


class Outgoing(SystemTest):
    def setUp(self):
        super().setUp()
        self.host = self.ending(SmartHost(Authority(self.directory), {"gilles": (OLD, NEW)}))

    def relay(self, table):
        return self.start(f"""
            table secrets {table}
            ca smart cert "{self.directory}/ca.crt"
            listen on 127.0.0.1 port 0
            mta limit session-mail-max 3
            action "out" relay host "smtp+tls://bleh@localhost:{self.host.port}" auth <secrets> ca smart
            match from any for any action "out"
            """)

    def check_that_a_change_is_seen(self, daemon, change):
        flow = self.ending(Flow(daemon.port))
        wait_until(lambda: len(self.host.attempts) > 3, "mail flows with the old password", explain=daemon.log)
        self.assertEqual(set(self.host.attempts), {("gilles", OLD)})
        # The smart host takes both, so no mail waits meanwhile. Files are looked at once a second.
        change()
        wait_until(lambda: ("gilles", NEW) in self.host.attempts, "the new password is used", 5, daemon.log)
        more = len(self.host.attempts)
        wait_until(lambda: len(self.host.attempts) > more + 2, "and by those that follow", explain=daemon.log)
        self.assertEqual(set(self.host.attempts[more:]), {("gilles", NEW)})
        flow.end()
        wait_until(lambda: len(self.host.mails) == flow.sent, "every mail is there", explain=daemon.log)

    def test_a_password_that_sqlite3_changes_is_used_by_the_next_connection(self):
        database = self.directory / "secrets.db"
        conf = self.directory / "sqlite.conf"
        conf.write_text(f"dbpath {database}\nquery_credentials select user, password from secrets where label=?;\n")

        def sqlite3(statement):
            subprocess.run(["sqlite3", str(database), ".timeout 5000", statement], check=True, timeout=20)
        sqlite3(f"create table secrets (label, user, password); insert into secrets values ('bleh', 'gilles', '{OLD}')")
        daemon = self.relay(f'"sqlite:{conf}"')
        self.check_that_a_change_is_seen(daemon, lambda: sqlite3(f"update secrets set password = '{NEW}'"))

        # A label that is gone defers, and says which label, table and relay.
        sqlite3("delete from secrets")
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            for i in range(4):  # the connection that is open still may take a few
                client.sendmail("ada@example.org", [f"late{i}@example.net"], "Subject: x\r\n\r\nx\r\n")
        waits = wait_until(lambda: daemon.deliveries("TempFail"), "mail waits for the label", explain=daemon.log)
        for word in ("bleh", "secrets", f"localhost:{self.host.port}"):
            self.assertIn(word, waits[0]["stat"])
        self.assertFalse(daemon.deliveries("PermFail"))

    def test_a_password_in_a_changed_table_file_is_used(self):
        table = self.directory / "secrets"
        table.write_text(f"bleh gilles:{OLD}\n")
        daemon = self.relay(f'"file:{table}"')
        self.check_that_a_change_is_seen(daemon, lambda: table.write_text(f"bleh gilles:{NEW}\n"))

    def test_a_password_in_a_changed_secret_file_is_used(self):
        secret = self.directory / "secret"
        secret.write_text(f"gilles:{OLD}")
        daemon = self.relay(f'{{ bleh = "file:{secret}" }}')
        self.check_that_a_change_is_seen(daemon, lambda: secret.write_text(f"gilles:{NEW}"))


class Incoming(SystemTest):
    def login(self, daemon, user, password):
        client = smtplib.SMTP("127.0.0.1", daemon.port)
        self.addCleanup(client.close)
        client.ehlo()
        try:
            client.login(user, password)
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_code, None
        return 235, client

    def test_logins_and_senders_go_by_what_the_tables_say_now(self):
        sink = self.ending(Sink())
        passwords, senders = self.directory / "passwords", self.directory / "senders"
        passwords.write_text(f"ada ada:{{PLAIN}}{OLD}\n")
        senders.write_text("ada ada@example.org, @ada.example\n")
        daemon = self.start(f"""
            table in "file:{passwords}"
            table who "file:{senders}"
            listen on 127.0.0.1 port 0 auth <in> senders <who> masquerade
            action "out" relay host "smtp://127.0.0.1:{sink.port}"
            match auth from any for any action "out"
            """)
        code, client = self.login(daemon, "ada", OLD)
        self.assertEqual(code, 235)
        client.sendmail("x@ada.example", ["bob@example.net"], "From: Boss <boss@example.org>\r\nSubject: x\r\n\r\nFrom: me\r\n")
        with self.assertRaises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("boss@example.org", ["bob@example.net"], "Subject: x\r\n\r\nx\r\n")
        self.assertEqual(refused.exception.smtp_code, 550)
        wait_until(lambda: sink.mails, "the mail is there", explain=daemon.log)
        self.assertEqual(sink.mails[0].field("From"), "x@ada.example")
        self.assertIn(b"\r\n\r\nFrom: me\r\n", sink.mails[0].content)

        passwords.write_text(f"ada ada:{{PLAIN}}{NEW}\n")
        wait_until(lambda: self.login(daemon, "ada", NEW)[0] == 235, "the new password is right", explain=daemon.log)
        self.assertEqual(self.login(daemon, "ada", OLD)[0], 535)
        # Nobody learns who exists; and the log says who tried, and from where.
        self.assertEqual(self.login(daemon, "nobody", OLD)[0], 535)
        def failures():
            return [each for each in daemon.events("smtp", "authentication") if each["result"] == "permfail"]
        wait_until(lambda: ("nobody", 1) in {(each["user"], each["failures"]) for each in failures()}, "it is logged",
                   explain=daemon.log)
        self.assertTrue(all(each["address"].startswith("127.0.0.1:") for each in failures()))

    def test_the_same_name_in_two_domains_is_two_users(self):
        homes = [self.directory / name for name in ("one", "two")]
        for home in homes:
            home.mkdir()
        uid, gid = homes[0].stat().st_uid, homes[0].stat().st_gid
        daemon = self.start(f"""
            table bleh1 {{ vuser => "vuser:{uid}:{gid}:{homes[0]}" }}
            table bleh2 {{ vuser => "{uid}:{gid}:{homes[1]}" }}
            listen on 127.0.0.1 port 0
            accept from any for domain poolp.org users <bleh1> deliver to maildir
            accept from any for domain opensmtpd.org users <bleh2> deliver to maildir
            """)
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            client.sendmail("a@example.org", ["vuser@poolp.org"], "Subject: first\r\n\r\nx\r\n")
            client.sendmail("a@example.org", ["vuser@opensmtpd.org"], "Subject: second\r\n\r\nx\r\n")
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("a@example.org", ["root@poolp.org"], "Subject: x\r\n\r\nx\r\n")
            self.assertEqual(refused.exception.recipients["root@poolp.org"][0], 550)
        for home, subject in zip(homes, (b"first", b"second")):
            [mail] = wait_until(lambda home=home: maildir(home / "Maildir"), "the mail is there", explain=daemon.log)
            self.assertIn(b"Subject: " + subject, mail)


if __name__ == "__main__":
    unittest.main()
