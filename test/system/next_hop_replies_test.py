"""What next hops reply: much of it, too much of it, and what makes no sense where it comes."""
import unittest

from conversation import Conversation
from sink import Sink
from support import SystemTest, wait_until

CONFIGURATION = """
listen on 127.0.0.1 port 0
action "out" relay host "smtp+notls://127.0.0.1:{port}"
match from any for any action "out"
"""
EXTENSIONS = "250-sink.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME"


class NextHopReplies(SystemTest):
    def relay_to(self, answers, text=b"Subject: x\r\n\r\nhello\r\n"):
        """A message on its way to a host that answers each of these steps so, always."""
        self.sink = self.ending(Sink(lambda step, _: answers.get(step)))
        self.daemon = self.start(CONFIGURATION.format(port=self.sink.port), name=f"daemon-of-{self.sink.port}")
        with Conversation(self.daemon.port) as client:
            client.greet().envelope("a@client.example", ["b@else.example"])
            self.assertEqual(client.content(text), 250)

    def outcome(self, result):
        [event] = wait_until(lambda: self.daemon.deliveries(result), f"the delivery is a {result}",
                             seconds=20, explain=self.daemon.log)
        return event["stat"]

    def test_a_permanent_reply_of_three_hundred_lines_is_a_permanent_reply(self):
        lines = [f"550{'-' if number < 299 else ' '}5.7.1 reason {number}" for number in range(300)]
        self.relay_to({"RCPT": "\r\n".join(lines)})
        self.assertIn("550 5.7.1 reason 0 reason 1 ", self.outcome("PermFail"))

    def test_a_reply_of_one_line_of_sixty_thousand_octets_is_a_reply(self):
        self.relay_to({"MAIL": "550 5.7.1 " + "x" * 60_000})
        self.assertTrue(self.outcome("PermFail").startswith("550 5.7.1 x"))

    def test_a_greeting_and_extensions_of_three_hundred_lines_are_heard(self):
        self.relay_to({"CONNECT": "220-welcome\r\n" * 300 + "220 go on",
                       "EHLO": "".join(f"250-X-{number}\r\n" for number in range(300)) + "250 SIZE"})
        wait_until(lambda: self.sink.mails, "the mail has arrived", explain=self.daemon.log)

    def test_a_reply_over_the_budget_ends_the_session_and_the_mail_waits(self):
        self.relay_to({"RCPT": "550-x\r\n" * 20_000 + "550 x"})
        self.assertIn("Not a reply", self.outcome("TempFail"))

    def test_a_go_ahead_for_a_chunk_ends_the_session_at_once(self):
        """The host waits for what never comes, and so must we not: not for its reading, not for its closing."""
        for text in (b"Subject: x\r\n\r\nhello\r\n", b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 700):
            with self.subTest(octets=len(text)):
                self.relay_to({"EHLO": EXTENSIONS, "BDAT": "354 go on"}, text)
                self.assertIn("354 go on", self.outcome("TempFail"))
                wait_until(lambda: self.sink.open_sessions == 0, "the connection is closed", seconds=20)
                self.daemon.kill()

    def test_a_go_ahead_for_a_chunk_that_the_host_has_read_ends_the_session_at_once(self):
        self.relay_to({"EHLO": EXTENSIONS, "END": "354 go on"})
        self.assertIn("354 go on", self.outcome("TempFail"))

    def test_good_news_that_answers_another_command_ends_the_session(self):
        for step in ("MAIL", "RCPT", "DATA"):
            for reply in ("220 ready", "221 bye", "334 bWU="):
                with self.subTest(step, reply=reply):
                    self.relay_to({step: reply})
                    self.assertIn(reply, self.outcome("TempFail"))
                    self.daemon.kill()

    def test_content_that_was_taken_in_words_of_another_command_is_not_sent_again(self):
        for extensions in ("250-sink.example\r\n250 PIPELINING", EXTENSIONS):
            for reply in ("220 ready", "221 bye", "214 help"):
                with self.subTest(extensions, reply=reply):
                    self.relay_to({"EHLO": extensions, "END": reply})
                    self.assertIn(reply, self.outcome("Ok"))
                    wait_until(lambda: self.sink.open_sessions == 0, "the connection is closed", seconds=5)
                    self.daemon.kill()


if __name__ == "__main__":
    unittest.main()
