"""Relaying under credential labels: the configuration of December 2012, and the same in today's grammar."""
import base64
import smtplib
import ssl
import subprocess
import unittest

from smart_host import Authority, SmartHost
from support import SystemTest, wait_until, waypost

SECRET = "cleartextpasswd"
CLIENT_SECRET = "a client's secret"
WRONG = "mistypedpasswd"

OF_2012 = """
table in_auth {{ gilles => "gilles:{hash}" }}
table out_auth {{ bleh => gilles:cleartextpasswd }}

listen on 127.0.0.1 port 0 tls auth <in_auth>

accept for domain poolp.org deliver to maildir
accept for any relay via {scheme_2012}://bleh@localhost:{port} auth <out_auth>
"""

OF_TODAY = """
table in_auth {{ gilles = "gilles:{hash}" }}
table out_auth {{ bleh = "gilles:cleartextpasswd" }}
ca "test" cert "{ca}"

listen on 127.0.0.1 port 0 tls auth <in_auth>

action "out" relay host {scheme}://bleh@localhost:{port} auth <out_auth> ca "test"
action "local" maildir
match for domain poolp.org action "local"
match auth from any for any action "out"
"""

BY_LABEL = """
table logins {{ first = "one:{one}", second = "two:{two}" }}
listen on 127.0.0.1 port 0
"""


class RelayTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.hash = waypost("encrypt", CLIENT_SECRET).stdout.strip()

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory)

    def smart_host(self, users=None, authority=None, **more):
        host = SmartHost(authority or self.authority, users or {"gilles": SECRET}, **more)
        return self.ending(host)

    def start(self, template, port, **values):
        values = {"hash": self.hash, "ca": self.authority.file, "port": port, "scheme": "smtp+tls",
                  "scheme_2012": "tls+auth", **values}
        daemon = super().start(template.format(**values), arguments=["-v"],
                               environment={"SSL_CERT_FILE": str(self.authority.file)})
        self.addCleanup(self.expect_no_secret_in_the_log, daemon)
        return daemon

    def expect_no_secret_in_the_log(self, daemon):
        for secret in (SECRET, CLIENT_SECRET, WRONG, self.hash):
            self.assertNotIn(secret, daemon.log())
        for login in (f"\0gilles\0{SECRET}", f"\0gilles\0{CLIENT_SECRET}", SECRET, CLIENT_SECRET):
            self.assertNotIn(base64.b64encode(login.encode()).decode(), daemon.log())

    def swaks(self, daemon, *more):
        done = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(daemon.port), "--tls", "--auth", "PLAIN",
             "--auth-user", "gilles", "--auth-password", CLIENT_SECRET, "--from", "gilles@poolp.org",
             "--to", "someone@else.example", "--header", "Subject: out", "--body", "hello", *more],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def send(self, daemon, sender, recipient):
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            client.sendmail(sender, recipient, b"Subject: mail\r\n\r\nhello\r\n")

    def expect_relayed(self, host, daemon):
        wait_until(lambda: host.mails, "the mail is at the smart host", explain=daemon.log)
        daemon.wait_until_empty()
        [mail] = host.mails
        self.assertEqual((mail.login, mail.sender, mail.recipients),
                         ("gilles", "gilles@poolp.org", ["someone@else.example"]))
        self.assertTrue(mail.encrypted)
        self.assertIn(b"Subject: out\r\n", mail.content)
        self.assertEqual(host.attempts, [("gilles", SECRET)])


class WhatWorks(RelayTest):
    def test_the_configuration_of_2012_relays_under_its_label(self):
        host = self.smart_host()
        daemon = self.start(OF_2012, host.port)
        self.swaks(daemon)
        self.expect_relayed(host, daemon)
        daemon.stop()

    def test_the_configuration_of_2012_relays_by_smtps(self):
        host = self.smart_host(implicit_tls=True)
        daemon = self.start(OF_2012, host.port, scheme_2012="smtps+auth")
        self.swaks(daemon)
        self.expect_relayed(host, daemon)

    def test_todays_grammar_relays_by_starttls(self):
        host = self.smart_host()
        daemon = self.start(OF_TODAY, host.port)
        self.swaks(daemon)
        self.expect_relayed(host, daemon)

    def test_todays_grammar_relays_by_smtps(self):
        host = self.smart_host(implicit_tls=True)
        daemon = self.start(OF_TODAY, host.port, scheme="smtps")
        self.swaks(daemon)
        self.expect_relayed(host, daemon)

    def test_nobody_sends_without_a_login(self):
        daemon = self.start(OF_2012, port=9)
        with smtplib.SMTP("127.0.0.1", daemon.port) as client:
            client.ehlo("client.example")
            self.assertFalse(client.has_extn("auth"), "AUTH is offered without TLS")
            client.starttls(context=ssl._create_unverified_context())
            client.ehlo("client.example")
            self.assertEqual(client.mail("gilles@poolp.org")[0], 530)
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                client.login("gilles", WRONG)
            self.assertEqual(client.mail("gilles@poolp.org")[0], 530)
        self.assertEqual(daemon.rows(), [])


class TwoLabels(RelayTest):
    """Two labels at one host are two relays: no connection carries mail of both."""

    def expect_kept_apart(self, rules, address_of):
        host = self.smart_host({"one": SECRET, "two": WRONG})
        daemon = self.start(BY_LABEL + rules, host.port, one=SECRET, two=WRONG)
        for number in range(10):
            for label in ("first", "second"):
                self.send(daemon, *address_of(label))
            # Later mail finds idle sessions of both labels to choose from.
            wait_until(lambda: len(host.mails) == 2 * number + 2, "both are relayed", explain=daemon.log)
        for mail in host.mails:
            label = {"one": "first", "two": "second"}[mail.login]
            self.assertEqual((mail.sender, *mail.recipients), address_of(label))
        logins = {}
        for mail in host.mails:
            logins.setdefault(mail.connection, set()).add(mail.login)
        self.assertTrue(all(len(each) == 1 for each in logins.values()), logins)
        self.assertLess(len(logins), len(host.mails), "no connection was used twice: the test shows nothing")

    def test_the_grammar_of_2012_chooses_the_label_by_the_recipients_domain(self):
        self.expect_kept_apart(
            """
            accept for domain first.example relay via tls+auth://first@localhost:{port} auth <logins>
            accept for domain second.example relay via tls+auth://second@localhost:{port} auth <logins>
            """, lambda label: ("me@client.example", f"you@{label}.example"))

    def test_todays_grammar_chooses_the_label_by_the_sender(self):
        self.expect_kept_apart(
            """
            action "first" relay host smtp+tls://first@localhost:{port} auth <logins>
            action "second" relay host smtp+tls://second@localhost:{port} auth <logins>
            match mail-from "@first.example" for any action "first"
            match mail-from "@second.example" for any action "second"
            """, lambda label: (f"me@{label}.example", "you@else.example"))


if __name__ == "__main__":
    unittest.main()
