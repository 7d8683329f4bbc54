"""How many messages the daemon sends in a round trip, through one connection over a long way."""
import contextlib
import smtplib
import time

from sink import Sink
from slow_link import SlowLink
from support import wait_until

OFFERS = {
    "none": "250-sink.example\r\n250 8BITMIME",
    "PIPELINING": "250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME",
    "PIPELINING+CHUNKING": "250-sink.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME",
}


def relay_configuration(port):
    return f"""\
listen on 127.0.0.1 port 0
action "out" relay host smtp+notls://127.0.0.1:{port}
match from any for any action "out"
"""


def submit(port, messages, size):
    body = "Subject: flight\r\n\r\n" + ("x" * 62 + "\r\n") * (size // 64)
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as session:
        for number in range(messages):
            session.sendmail("from@example.org", [f"r{number}@example.net"], body)


class Flight:
    """Everything waits in the queue before the first byte goes out; what is measured is the time from the first message
    that the sink has to the last."""

    def __init__(self, start, offer, messages, size=4096, round_trip=0.08):
        self.times = []
        self.round_trip = round_trip
        self.sink = Sink(lambda step, _: OFFERS[offer] if step == "EHLO" else None)
        self.sink.on_mail = lambda _: self.times.append(time.monotonic())
        self.link = SlowLink(self.sink.port, round_trip)
        with contextlib.ExitStack() as ending:
            ending.callback(self.sink.end)
            ending.callback(self.link.end)
            self.daemon = start(relay_configuration(self.link.port))
            submit(self.daemon.port, messages, size)
            self.link.open()
            wait_until(lambda: len(self.times) == messages, "all mail is there", 600, self.daemon.log)
            self.daemon.wait_until_empty()

    def messages_per_round_trip(self):
        return (len(self.times) - 1) * self.round_trip / (self.times[-1] - self.times[0])
