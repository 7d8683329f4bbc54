"""Hostile clients: what they smuggle, pipeline, never end or say in another protocol."""
import itertools
import pathlib
import re
import socket
import ssl
import unittest

from conversation import Conversation
from dialog_test import PLAIN, REFUSES_BARE_LF, TLS, DialogTest
from support import SANITIZERS, wait_until

ENDS = {
    "LF.LF": b"\n.\n", "LF.CRLF": b"\n.\r\n", "CRLF.LF": b"\r\n.\n", "CR.CR": b"\r.\r", "LF.CR": b"\n.\r",
    "CR.LF": b"\r.\n", "CR.CRLF": b"\r.\r\n", "CRLF.CR": b"\r\n.\r", "CRCRLF.CRLF": b"\r\r\n.\r\n",
    "CRLF.CRCRLF": b"\r\n.\r\r\n", "CRLF NUL.CRLF": b"\r\n\0.\r\n", "CRLF.NUL CRLF": b"\r\n.\0\r\n", "CRLF.": b"\r\n.",
}
SMUGGLED = (b"MAIL FROM:<admin@localhost>\r\nRCPT TO:<root@localhost>\r\nDATA\r\n"
            b"Subject: smuggled\r\n\r\nsmuggled\r\n.\r\n")


class BadInput(DialogTest):
    def begin(self, listener=PLAIN):
        client = Conversation(self.daemon.ports[listener])
        self.addCleanup(client.close)
        return client

    def begin_content(self, listener=PLAIN):
        client = self.begin(listener).greet()
        client.envelope("me@client.example", ["root@localhost"])
        return client

    def expect_nothing_smuggled(self, client):
        """What came is refused, or is one message: the sequence ended nothing."""
        codes = []
        try:
            codes.append(client.reply()[0])
            client.send(b"QUIT\r\n")
            while codes[-1] != 221:
                codes.append(client.reply()[0])
        except (EOFError, ConnectionError):
            pass  # hanging up is an answer too
        self.daemon.wait_until_empty()
        arrived = len(self.sink.mails)
        self.assertIn(arrived, (0, 1))
        self.assertEqual(codes.count(250), arrived, codes)
        for mail in self.sink.mails:
            self.assertEqual(mail.sender, "me@client.example")
            self.assertNotRegex(mail.content, rb"(?<!\r)\n|\r(?!\n)|\0")
        self.sink.mails.clear()

    def test_no_false_end_of_content_lets_a_second_message_in(self):
        for (name, end), listener in itertools.product(ENDS.items(), (PLAIN, REFUSES_BARE_LF)):
            with self.subTest(name, listener=listener):
                client = self.begin_content(listener)
                client.send(b"Subject: one\r\n\r\nhello" + end + SMUGGLED)
                self.expect_nothing_smuggled(client)

    def test_a_bare_line_feed_is_a_line_end_and_reaches_the_next_host_as_crlf(self):
        client = self.begin_content()
        client.send(b"Subject: one\n\nhello\n..stuffed\n.\nMAIL FROM:<admin@localhost>\n.\r\nlast\r\n.\r\n")
        self.assertEqual(client.reply()[0], 250)
        self.daemon.wait_until_empty()
        [mail] = self.sink.mails
        self.assertTrue(mail.content.endswith(
            b"\r\nSubject: one\r\n\r\nhello\r\n.stuffed\r\n.\r\nMAIL FROM:<admin@localhost>\r\n.\r\nlast\r\n"),
            mail.content)

    def test_nor_does_it_in_single_octets(self):
        for name, end in ENDS.items():
            with self.subTest(name):
                client = self.begin_content()
                for octet in b"hello" + end + SMUGGLED:
                    client.send(bytes([octet]))
                self.expect_nothing_smuggled(client)

    def test_nor_does_it_cut_at_any_place(self):
        for name, end in ENDS.items():
            for cut in range(1, len(end) + 1):
                with self.subTest(name, cut=cut):
                    client = self.begin_content()
                    client.send(b"hello" + end[:cut])
                    # An answer from another session: the daemon has had time to read what came before.
                    self.begin().greet()
                    client.send(end[cut:] + SMUGGLED)
                    self.expect_nothing_smuggled(client)

    def test_content_that_breaks_off_is_not_kept(self):
        for rest in (b"hello", b"hello\r\n", b"hello\r\n.", b"hello\r\n.\r"):
            with self.subTest(rest):
                client = self.begin_content()
                client.send(rest)
                client.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(client.is_closed())
                self.assertEqual(self.daemon.rows(), [])
        self.assertEqual(self.sink.mails, [])

    def test_a_whole_session_before_the_banner_is_one_message(self):
        client = self.begin()
        client.send(b"EHLO client.example\r\n" + SMUGGLED + b"QUIT\r\n")
        self.assertEqual(client.replies(7), [220, 250, 250, 250, 354, 250, 221])
        self.daemon.wait_until_empty()
        self.assertEqual(len(self.sink.mails), 1)

    def test_the_body_of_a_transaction_without_recipients_is_no_message(self):
        client = self.begin().greet()
        client.send(SMUGGLED.replace(b"root@localhost", b"root@elsewhere.example") + b"QUIT\r\n")
        self.assertEqual(client.replies(3), [250, 550, 421])
        self.assertTrue(client.is_closed())
        self.daemon.wait_until_empty()
        self.assertEqual(self.sink.mails, [])

    def test_a_message_within_a_message_whose_data_is_refused_is_not_accepted(self):
        """audit 8: the lines of a message whose DATA is refused are no commands."""
        inner = SMUGGLED + b".\r\n"
        for cut in range(0, 60, 7):  # the rest comes after the refusal, or before it
            with self.subTest(cut=cut):
                client = self.begin().greet()
                outer = b"MAIL FROM:<me@client.example>\r\nRCPT TO:<root@elsewhere.example>\r\nDATA\r\n"
                client.send(outer + inner[:cut])
                self.assertEqual(client.replies(2), [250, 550])
                self.assertIn(client.reply()[0], (421, 554))
                try:
                    client.send(b"Received: from a by b\r\n" * (cut == 0) + inner[cut:])
                    while client.reply()[0] != 250:
                        pass
                    self.fail("a line of the message was carried out")
                except (EOFError, ConnectionError):
                    pass
        self.daemon.wait_until_empty()
        self.assertEqual(self.sink.mails, [])

    def test_what_is_sent_with_starttls_is_never_carried_out(self):
        client = self.begin(TLS).greet()
        client.send(b"STARTTLS\r\nEHLO evil.example\r\nMAIL FROM:<evil@client.example>\r\nRCPT TO:<root@localhost>\r\n")
        self.assertEqual(client.reply()[0], 220)
        client.start_tls()
        self.assertEqual(client.command("DATA"), 503)
        self.assertEqual(client.command("EHLO client.example"), 250)
        self.assertEqual(client.command("RCPT TO:<root@localhost>"), 503)

    def test_a_line_without_an_end_is_not_heard_for_ever(self):
        client = self.begin()
        sent = 0
        with self.assertRaises(ConnectionError):
            for sent in itertools.count(0, 65536):
                client.send(b"x" * 65536)
                self.assertLess(sent, 64 << 20)
        [event] = wait_until(lambda: self.daemon.events("smtp", "disconnected"), "the session has ended")
        self.assertEqual(event["reason"], "endless line")
        self.expect_memory_below(64 << 20)

    def test_a_long_command_is_answered_and_the_session_goes_on(self):
        client = self.begin().greet()
        self.assertEqual(client.command("NOOP " + "x" * 100_000), 500)
        self.assertEqual(client.command("NOOP"), 250)

    def test_endless_content_is_counted_and_not_kept(self):
        client = self.begin_content()
        for _ in range(64):
            client.send(b"x" * 998 + b"\r\n" + b"y" * 998 + b"\r\n" + (b"z" * 998 + b"\r\n") * 1000)
        client.send(b".\r\n")
        self.assertEqual(client.reply()[0], 552)
        self.assertEqual(client.command("NOOP"), 250)
        self.expect_memory_below(100 << 20)

    def expect_memory_below(self, limit):
        if SANITIZERS:
            return  # what they need is another matter
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        self.assertLess(int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024, limit)

    def test_a_client_that_speaks_tls_at_once_gets_no_session(self):
        client = self.begin()
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            client.start_tls()

    def test_a_browser_gets_no_session(self):
        client = self.begin()
        client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nEHLO evil.example\r\n" + SMUGGLED)
        self.assertEqual(client.replies(2), [220, 421])
        self.assertTrue(client.is_closed())
        self.assertEqual(self.sink.mails, [])

    def test_a_client_that_leaves_without_reading_harms_nobody(self):
        for _ in range(50):
            client = self.begin()
            client.send(b"EHLO client.example\r\n" + b"NOOP\r\n" * 40)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
        self.begin().greet()

    def test_a_hundred_silent_clients_keep_nobody_out(self):
        for _ in range(100):
            self.begin()
        self.assertEqual(self.begin_content().content(b"hello\r\n"), 250)


if __name__ == "__main__":
    unittest.main()
