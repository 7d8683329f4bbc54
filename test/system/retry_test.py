"""What becomes of mail that the smart host does not take now: it is kept and tried again."""
import re
import time
import unittest

from bounce_test import BounceTest
from sink import CLOSE
from support import ReservedPort, maildir, wait_until

FIRST_PAUSE = 400  # seconds
LATER = "450 4.2.0 later"
JITTER = 0.1  # of the pause; it ends up to so much sooner


class Retries(BounceTest):
    def expect_deferred(self, recipient, tries=1):
        [row] = wait_until(lambda: self.daemon.rows("SELECT * FROM envelopes WHERE tries = ?", tries), "it is deferred",
                           explain=self.daemon.log)
        self.assertEqual(row["forward_path"], recipient)
        return row

    def test_a_transient_refusal_is_tried_again_after_400_seconds(self):
        self.start_with(lambda step, _: "450 4.2.0 later" if step == "RCPT" else None)
        before = time.time()
        self.send("you@else.example")
        row = self.expect_deferred("you@else.example")
        after = time.time()
        self.assertGreaterEqual(row["next_try"] / 1000, before + FIRST_PAUSE * (1 - JITTER) - 1)
        self.assertLessEqual(row["next_try"] / 1000, after + FIRST_PAUSE + 1)
        self.assertIn("450", row["last"])
        self.assertEqual(maildir(self.home), [])

        self.daemon.stop()
        self.daemon.make_everything_due()
        self.daemon.start()
        row = self.expect_deferred("you@else.example", tries=2)
        self.sink.answer = lambda step, _: None
        self.daemon.stop()
        self.daemon.make_everything_due()
        self.daemon.start()
        self.daemon.wait_until_empty()
        self.assertEqual(len(self.sink.mails), 1)

    def test_what_is_not_due_is_not_tried_at_a_start(self):
        self.start_with(lambda step, _: "450 4.2.0 later" if step == "RCPT" else None)
        self.send("you@else.example")
        self.expect_deferred("you@else.example")
        self.daemon.stop()
        sessions = self.sink.sessions
        self.daemon.start()
        self.send("other@home.example")
        wait_until(lambda: maildir(self.home), "other mail passes", explain=self.daemon.log)
        self.assertEqual(self.sink.sessions, sessions)

    def test_each_recipient_of_one_transaction_has_its_own_fate(self):
        replies = {"good": None, "later": "450 4.2.0 later", "bad": "550 5.1.1 nobody"}

        def answer(step, argument):
            return replies[re.search(r"<(\w+)", argument).group(1)] if step == "RCPT" else None

        self.start_with(answer)
        self.send("good@else.example", "later@else.example", "bad@else.example")
        report = self.report()
        [recipient] = self.fields_of(report)[1:]
        self.assertIn("bad@else.example", recipient["Final-Recipient"])
        self.expect_deferred("later@else.example")
        wait_until(lambda: len(self.daemon.rows()) == 1, "only that one is kept", explain=self.daemon.log)
        [mail] = self.sink.mails
        self.assertEqual(mail.recipients, ["good@else.example"])
        self.assertEqual(len([line for _, line in self.sink.commands if line.startswith("MAIL")]), 1)

    def test_a_connection_that_breaks_anywhere_defers(self):
        for step in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END"):
            with self.subTest(step):
                self.start_with(lambda now, _, at=step: CLOSE if now == at else None, name=step)
                self.send("you@else.example")
                self.expect_deferred("you@else.example")
                self.assertEqual(maildir(self.home), [])

    def test_a_connection_that_breaks_in_the_middle_of_the_content_defers(self):
        self.start_with(lambda step, size: CLOSE if step == "CONTENT" and size > 1_000_000 else None)
        self.send("you@else.example", content=b"Subject: long\r\n\r\n" + b"0123456789\r\n" * 500_000)
        self.expect_deferred("you@else.example")
        self.assertEqual(maildir(self.home), [])

    def test_a_greeting_that_turns_away_defers(self):
        for reply in ("421 4.3.2 not now", "554 5.7.1 not you", "no SMTP at all", "250 hello"):
            with self.subTest(reply):
                self.start_with(lambda step, _, said=reply: said if step == "CONNECT" else None, name=reply)
                self.send("you@else.example")
                self.expect_deferred("you@else.example")

    def test_a_smart_host_that_talks_nonsense_defers(self):
        for number, (step, reply) in enumerate([
                ("EHLO", "999 what"), ("EHLO", "250-one\r\n550 two"), ("MAIL", "354 go on"), ("MAIL", "2 5 0"),
                ("RCPT", "999 what"), ("RCPT", "\0\0\0\0"), ("DATA", "250 ok"), ("DATA", "x" * 100_000),
                ("END", "354 go on"), ("END", "421 4.3.2 going down"), ("END", "ok")]):
            with self.subTest(step, reply=reply[:20]):
                self.start_with(lambda now, _, at=step, said=reply: said if now == at else None, name=str(number))
                self.send("you@else.example")
                self.expect_deferred("you@else.example")
                self.assertEqual(maildir(self.home), [])

    def test_what_waits_for_a_smart_host_goes_as_soon_as_it_works_again(self):
        self.start_with(lambda step, _: LATER if step == "RCPT" else None)
        self.send("greylisted@else.example")
        greylisted = self.expect_deferred("greylisted@else.example")
        self.sink.answer = lambda step, _: CLOSE if step in ("CONNECT", "MAIL") else None
        self.send("first@else.example")
        wait_until(lambda: len(self.daemon.rows("SELECT id FROM envelopes WHERE tries = 1")) == 2, "it is deferred",
                   explain=self.daemon.log)
        self.assertEqual([row["forward_path"] for row in self.daemon.rows("SELECT * FROM envelopes WHERE for_host = 1")],
                         ["first@else.example"])
        self.sink.answer = lambda step, _: None
        self.send("second@else.example")
        wait_until(lambda: len(self.sink.mails) == 2, "both are there", seconds=60, explain=self.daemon.log)
        self.assertEqual({each for mail in self.sink.mails for each in mail.recipients},
                         {"first@else.example", "second@else.example"})
        # What was deferred by a reply keeps its time.
        wait_until(lambda: len(self.daemon.rows()) == 1, "they are done with", explain=self.daemon.log)
        self.assertEqual(tuple(self.expect_deferred("greylisted@else.example")), tuple(greylisted))

    def test_a_smart_host_that_is_not_there_defers(self):
        self.start_with(lambda step, _: None, port=self.ending(ReservedPort()).number)
        self.send("you@else.example")
        self.expect_deferred("you@else.example")

    def test_an_endless_reply_is_not_heard_for_ever(self):
        self.start_with(lambda step, _: "\r\n".join(["250-and on"] * 100_000) if step == "EHLO" else None)
        self.send("you@else.example")
        self.expect_deferred("you@else.example")

    def test_a_session_that_was_closed_while_idle_costs_no_try(self):
        self.start_with(lambda step, _: None)
        self.send("one@else.example")
        wait_until(lambda: len(self.sink.mails) == 1, "the first is there")
        # The next mail finds a connection that the smart host closes at its MAIL.
        closed = []
        self.sink.answer = lambda step, _: CLOSE if step == "MAIL" and not closed and not closed.append(1) else None
        self.send("two@else.example")
        wait_until(lambda: len(self.sink.mails) == 2, "the second is there too", explain=self.daemon.log)
        self.daemon.wait_until_empty()
        self.daemon.stop()
        self.assertEqual(self.daemon.deliveries("TempFail"), [])


if __name__ == "__main__":
    unittest.main()
