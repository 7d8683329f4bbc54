"""Content goes through octet for octet: only a Received field is put in front."""
import re
import unittest

import conversation
from sink import Sink
from support import TEST_DATA, SystemTest, wait_until

CONFIGURATION = """
listen on 127.0.0.1 port 0
action "out" relay host "smtp://127.0.0.1:{port}"
match for any action "out"
"""
MEBIBYTE = 1024 * 1024


def samples():
    return sorted((TEST_DATA / "mail-samples").rglob("*.eml"))


def with_crlf(text):
    text = text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return text if text.endswith(b"\r\n") or not text else text + b"\r\n"


class ContentTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.sink = self.ending(Sink())
        self.daemon = self.start(CONFIGURATION.format(port=self.sink.port))

    def send(self, content, **envelope):
        return conversation.send(self.daemon.port, content, **envelope)

    def expect_unchanged(self, content, **envelope):
        self.sink.mails.clear()
        self.assertEqual(self.send(content, **envelope), 250)
        wait_until(lambda: self.sink.mails, "the mail is at the smart host", 60, self.daemon.log)
        [mail] = self.sink.mails
        # Not assertEqual: nobody reads the difference of two messages of 20 MiB.
        self.assertTrue(mail.without_trace() == content, f"{len(content)} octets came out as {len(mail.content)}")
        return mail

    def test_every_sample_goes_through_unchanged_or_is_refused(self):
        self.assertEqual(len(samples()), 30)
        for sample in samples():
            with self.subTest(sample.name):
                content = with_crlf(sample.read_bytes())
                if re.search(rb"\r(?!\n)|\0", content):
                    self.assertIn(self.send(content), range(500, 600))
                else:
                    self.expect_unchanged(content, options=" BODY=8BITMIME")

    def test_the_received_field_says_whence_and_by_whom(self):
        mail = self.expect_unchanged(b"Subject: x\r\n\r\nhello\r\n")
        trace = re.sub(r"\s+", " ", mail.content.decode().partition("Subject:")[0])
        self.assertRegex(trace, r"^Received: from client\.example \(.*\[127\.0\.0\.1\]\) by mx\.example\.org .*"
                                r"with ESMTP id [0-9a-f]+ for <someone@else\.example>; \w{3}, \d+ \w{3} \d{4}")

    def test_dots_survive_wherever_they_stand(self):
        for content in (b".\r\n", b"..\r\n", b".\r\n.\r\n", b"...\r\n..\r\n.\r\n", b".a\r\n\r\n.b\r\n", b"a\r\n.\r\nb\r\n",
                        b"a.\r\n.\r\n", b"\r\n.\r\n", b"\r\n\r\n.\r\n\r\n"):
            with self.subTest(content):
                self.expect_unchanged(content)

    def test_dots_survive_at_every_place_of_a_long_message(self):
        for line in (b".\r\n", b"..\r\n", b"...\r\n", b".2345\r\n"):
            with self.subTest(line):
                self.expect_unchanged(line * (400_000 // len(line)))

    def test_an_empty_message_stays_empty(self):
        self.expect_unchanged(b"")
        self.expect_unchanged(b"\r\n")

    def test_a_message_on_either_side_of_the_limit_of_memory_goes_through(self):
        head = b"Subject: long\r\n\r\n"
        for size in (65534, 65535, 65536, 65537, 70 * 1024, 128 * 1024):
            with self.subTest(size):
                body = (b"0123456789" * 7 + b"\r\n") * (size // 72)
                self.expect_unchanged(head + body + b"x" * (size - len(head) - len(body) - 2) + b"\r\n")
        self.daemon.wait_until_empty()
        wait_until(lambda: not list((self.daemon.queue / "body").iterdir()), "no body file is left")

    def test_a_message_of_20_mebibytes_goes_through(self):
        line = bytes(byte for byte in range(32, 127)) + b"\r\n"
        content = b"Subject: huge\r\n\r\n" + line * (20 * MEBIBYTE // len(line))
        self.expect_unchanged(content, options=f" SIZE={len(content)}")

    def test_lines_longer_than_the_standard_allows_go_through(self):
        for length in (998, 999, 1000, 4096, 60_000):
            with self.subTest(length):
                self.expect_unchanged(b"Subject: wide\r\n\r\n" + b"x" * length + b"\r\n")

    def test_every_octet_but_nul_goes_through(self):
        octets = bytes(set(range(1, 256)) - set(b"\r\n"))
        mail = self.expect_unchanged(b"Subject: 8\r\n\r\n" + octets + b"\r\n", options=" BODY=8BITMIME")
        self.assertTrue(any(line.startswith("MAIL") and "BODY=8BITMIME" in line for _, line in self.sink.commands))
        self.assertEqual(mail.sender, "sender@client.example")

    def test_strange_header_sections_go_through(self):
        for content in (b"no colon\r\n\r\nx\r\n", b"\r\nonly a body\r\n",
                        b"From me Mon Nov 17 00:00:00 2025\r\nSubject: mbox\r\n\r\nx\r\n", b"A:" + b" b\r\n" * 5000,
                        b"".join(b"X-%d: y\r\n" % number for number in range(20_000)) + b"\r\n"):
            with self.subTest(content[:30]):
                self.expect_unchanged(content)

    def test_a_first_line_that_begins_with_a_blank_is_no_part_of_our_trace_field(self):
        """audit 28: a first line that begins with a blank does not continue our Received field"""
        for blank in (b" ", b"\t"):
            self.sink.mails.clear()
            content = blank + b"(forged) by elsewhere\r\n\r\nx\r\n"
            self.assertEqual(self.send(content), 250)
            wait_until(lambda: self.sink.mails, "the mail is at the smart host", explain=self.daemon.log)
            self.assertEqual(self.sink.mails[0].without_trace(), b"\r\n" + content)

    def test_what_is_not_content_is_refused(self):
        for content in (b"nul \0\r\n", b"bare \r cr\r\n", b"bare \r\r\nx\r\n", b"x" * 100_000 + b"\r\n"):
            with self.subTest(content[:10]):
                self.assertIn(self.send(content), range(500, 600))
        self.assertEqual(self.daemon.rows(), [])
        self.assertEqual(self.sink.sessions, 0)

    def test_a_message_that_has_gone_round_a_hundred_times_is_refused(self):
        self.assertEqual(self.send(b"Received: from a by b\r\n" * 100 + b"\r\nround\r\n"), 554)
        self.expect_unchanged(b"Received: from a by b\r\n" * 99 + b"\r\nround\r\n")


class SizeLimit(SystemTest):
    def setUp(self):
        super().setUp()
        self.sink = self.ending(Sink())
        self.daemon = self.start("smtp max-message-size 10K\n" + CONFIGURATION.format(port=self.sink.port))

    def test_a_message_of_the_limit_passes_and_one_octet_more_does_not(self):
        with conversation.Conversation(self.daemon.port) as client:
            client.greet()
            client.envelope()
            self.assertEqual(client.content(b"x" * 998 + b"\r\n" + b"y" * (10 * 1024 - 1002) + b"\r\n"), 250)
            client.envelope()
            self.assertEqual(client.content(b"x" * 998 + b"\r\n" + b"y" * (10 * 1024 - 1001) + b"\r\n"), 552)
            self.assertEqual(client.command("MAIL FROM:<a@b.example> SIZE=10241"), 552)
            self.assertEqual(client.command("NOOP"), 250)
        wait_until(lambda: self.sink.mails, "the first is at the smart host")
        self.assertEqual(len(self.sink.mails), 1)

    def test_a_false_end_behind_the_limit_does_not_end_it(self):
        with conversation.Conversation(self.daemon.port) as client:
            client.greet().envelope()
            client.send((b"x" * 98 + b"\r\n") * 200 + b"\n.\n" + b"MAIL FROM:<admin@localhost>\r\n\n.\r\n" + b"x\r\n.\r\n")
            self.assertIn(client.reply()[0], range(500, 600))
            self.assertEqual(client.command("NOOP"), 250)
        self.assertEqual(self.daemon.rows(), [])


if __name__ == "__main__":
    unittest.main()
