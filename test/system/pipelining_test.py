"""Mail over a long way: with PIPELINING more than half a message goes in a round trip, with CHUNKING several."""
import unittest

from flight import Flight
from support import SystemTest


class Pipelining(SystemTest):
    def fly(self, offer, messages):
        flight = Flight(self.start, offer, messages)
        mails = flight.sink.mails
        self.assertEqual([mail.recipients for mail in mails], [[f"r{n}@example.net"] for n in range(messages)])
        self.assertEqual(len({mail.without_trace() for mail in mails}), 1)
        self.assertEqual({mail.session for mail in mails}, {1})
        return flight.messages_per_round_trip()

    # What a quiet machine does is twice as much; see bench/round_trips.
    def test_content_shares_its_flight_with_the_next_envelope(self):
        self.assertGreater(self.fly("PIPELINING", 20), 0.5)

    def test_with_chunking_several_messages_are_in_flight(self):
        self.assertGreater(self.fly("PIPELINING+CHUNKING", 60), 3)


if __name__ == "__main__":
    unittest.main()
