"""Relaying under a credential label when something is wrong: the mail waits, no secret is shown, and the log says why."""
import unittest

from relay_2012_test import SECRET, WRONG, RelayTest
from sink import Sink
from smart_host import Authority
from support import wait_until


class WhatGoesWrong(RelayTest):
    OUT = """
    table out_auth file:{table}
    listen on 127.0.0.1 port 0
    accept for any relay via {scheme_2012}://bleh@localhost:{port} auth <out_auth>
    """

    def start_with(self, credentials, port, **values):
        table = self.directory / "credentials"
        table.write_text(credentials + "\n")
        daemon = self.start(self.OUT, port, table=table, **values)
        self.send(daemon, "gilles@poolp.org", "someone@else.example")
        return daemon

    def expect_deferred(self, daemon, *words):
        """The envelope is kept, nobody was told, and the log says why."""
        [event] = wait_until(lambda: daemon.deliveries("TempFail"), "the delivery is deferred", explain=daemon.log)
        for word in words:
            self.assertIn(word, event["stat"])
        wait_until(lambda: [row["tries"] for row in daemon.rows()] == [1], "the try is counted", explain=daemon.log)
        self.assertEqual(len(daemon.rows("SELECT id FROM messages")), 1, "a bounce was made")

    def test_a_wrong_secret_defers_until_it_is_corrected(self):
        host = self.smart_host()
        daemon = self.start_with(f"bleh gilles:{WRONG}", host.port)
        self.expect_deferred(daemon, '"bleh"', "<out_auth>", f"bleh@localhost:{host.port}", "535")
        self.assertEqual(host.mails, [])
        daemon.stop()

        (self.directory / "credentials").write_text(f"bleh gilles:{SECRET}\n")
        daemon.make_everything_due()
        daemon.start()
        wait_until(lambda: host.mails, "the mail is at the smart host", explain=daemon.log)
        daemon.wait_until_empty()
        self.assertEqual(host.mails[0].recipients, ["someone@else.example"])

    def test_a_missing_label_defers_and_is_named(self):
        host = self.smart_host()
        daemon = self.start_with(f"other gilles:{SECRET}", host.port)
        self.expect_deferred(daemon, '"bleh"', "<out_auth>", f"bleh@localhost:{host.port}")
        self.assertEqual(host.attempts, [])

    def test_a_relay_without_starttls_is_told_nothing(self):
        sink = self.ending(Sink())
        daemon = self.start_with(f"bleh gilles:{SECRET}", sink.port)
        self.expect_deferred(daemon, f"localhost:{sink.port}")
        self.assertEqual({line.partition(" ")[0] for _, line in sink.commands} - {"EHLO", "QUIT"}, set())

    def test_a_relay_that_offers_no_auth_defers_and_names_the_label(self):
        host = self.smart_host(offers_auth=False)
        daemon = self.start_with(f"bleh gilles:{SECRET}", host.port)
        self.expect_deferred(daemon, '"bleh"', "<out_auth>", f"localhost:{host.port}")
        self.assertEqual(host.mails, [])

    def expect_untrusted(self, **more):
        host = self.smart_host(authority=Authority(self.directory, "unknown"), **more)
        scheme = "smtps+auth" if more else "tls+auth"
        daemon = self.start_with(f"bleh gilles:{SECRET}", host.port, scheme_2012=scheme)
        self.expect_deferred(daemon, f"localhost:{host.port}", "certificate")
        self.assertEqual(host.attempts, [])

    def test_a_certificate_of_an_unknown_authority_defers(self):
        self.expect_untrusted()

    def test_a_certificate_of_an_unknown_authority_defers_with_smtps_too(self):
        self.expect_untrusted(implicit_tls=True)

    def test_a_certificate_for_another_name_defers(self):
        self.authority = Authority(self.directory, names="DNS:other.example")
        host = self.smart_host()
        daemon = self.start_with(f"bleh gilles:{SECRET}", host.port)
        self.expect_deferred(daemon, f"localhost:{host.port}")
        self.assertEqual(host.attempts, [])

    def test_replies_from_before_tls_are_not_taken_for_replies_after_it(self):
        def answer(step, _):
            if step == "EHLO":
                return "250-sink.example\r\n250 STARTTLS"
            return "220 go on\r\n250-sink.example\r\n250 AUTH PLAIN" if step == "STARTTLS" else None

        sink = self.ending(Sink(answer))
        daemon = self.start_with(f"bleh gilles:{SECRET}", sink.port)
        self.expect_deferred(daemon, f"localhost:{sink.port}", "before TLS")


if __name__ == "__main__":
    unittest.main()
