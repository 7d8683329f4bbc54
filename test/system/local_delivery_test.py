"""Mail that stays here: delivery workers write it, and come and go with what there is to do."""
import os
import pathlib
import re
import signal
import threading
import time
import unittest

import conversation
from support import SystemTest, maildir, wait_until

CONFIGURATION = """
table people {{ {people} }}
listen on 127.0.0.1 port 0
smtp limit max-errors 10000
action "local" maildir userbase <people>
match for domain example.org action "local"
"""
AT_ONCE = 7  # deliveries to one user, unless `mda limit` says otherwise
READERS = 3  # of one user's files
TEXT = b"Subject: x\r\n\r\nbody\r\n"


def children(pid):
    """Processes that it has started and that are not over, by what they are called with."""
    found = {}
    for each in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            status = (each / "stat").read_text().rpartition(")")[2].split()
            if int(status[1]) == pid and status[0] != "Z":
                found[int(each.name)] = (each / "cmdline").read_bytes().split(b"\0")[:-1]
        except OSError:
            continue
    return found


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class LocalDelivery(SystemTest):
    def serve(self, *people):
        self.home = self.directory / "home"
        rows = ", ".join(f"{name} => {name}:{os.getuid()}:{os.getgid()}:{self.home / name}" for name in people)
        self.daemon = self.start(CONFIGURATION.format(people=rows))

    def send(self, *users, content=TEXT):
        code = conversation.send(self.daemon.port, content, recipients=[f"{user}@example.org" for user in users])
        self.assertEqual(code, 250)

    def mails(self, user, folder="Maildir"):
        return maildir(self.home / user / folder)

    def workers(self):
        return {pid: words for pid, words in children(self.daemon.process.pid).items() if words[1:2] == [b"delivery-worker"]}

    def expect_mails(self, user, count, folder="Maildir"):
        wait_until(lambda: len(self.mails(user, folder)) == count, f"{user} has {count} mails", 60, self.daemon.log)
        return self.mails(user, folder)

    def end(self):
        self.daemon.wait_until_empty()
        self.daemon.stop()


class Mailboxes(LocalDelivery):
    def test_a_mail_says_whom_it_is_from_and_for(self):
        self.serve("ada")
        self.send("ada")
        [mail] = self.expect_mails("ada", 1)
        self.assertRegex(mail.decode(), r"^Return-Path: <sender@client\.example>\n"
                                        r"Delivered-To: ada@example\.org\nReceived: from client\.example ")
        self.assertTrue(mail.endswith(b"\nSubject: x\n\nbody\n"))
        [line] = wait_until(lambda: self.daemon.deliveries("Ok", "mda"), "it is logged", explain=self.daemon.log)
        self.assertEqual(line["user"], "ada")
        self.end()

    def test_each_recipient_has_a_copy_of_his_own(self):
        names = [f"user{number}" for number in range(20)]
        self.serve(*names)
        self.send(*names)
        for name in names:
            [mail] = self.expect_mails(name, 1)
            self.assertIn(f"Delivered-To: {name}@example.org\n".encode(), mail)
        self.end()

    def test_a_mail_of_20_mebibytes_arrives_whole(self):
        self.serve("ada")
        body = b"".join(b"%08d" % number * 9 + b"\r\n" for number in range(20 * 1024 * 1024 // 74))
        self.send("ada", content=b"Subject: huge\r\n\r\n" + body)
        [mail] = self.expect_mails("ada", 1)
        self.assertTrue(mail.partition(b"\n\n")[2] == body.replace(b"\r\n", b"\n"), "the body is another")
        self.end()

    def test_many_mails_for_one_mailbox_arrive_once_each(self):
        self.serve("ada")

        def send_some(sender):
            with conversation.Conversation(self.daemon.port) as client:
                client.greet()
                for number in range(50):
                    client.envelope(recipients=["ada@example.org"])
                    self.assertEqual(client.content(b"Subject: %d-%d\r\n\r\nx\r\n" % (sender, number)), 250)

        threads = [threading.Thread(target=send_some, args=(sender,)) for sender in range(10)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        subjects = sorted(re.search(rb"\nSubject: (.*)\n", mail)[1] for mail in self.expect_mails("ada", 500))
        self.assertEqual(subjects, sorted(b"%d-%d" % (s, n) for s in range(10) for n in range(50)))
        self.assertLessEqual(len(self.workers()), AT_ONCE + READERS)
        self.end()

    def test_a_mail_that_comes_round_is_returned(self):
        self.serve("ada", "bob")
        content = b"Delivered-To: ada@example.org\r\n" + TEXT
        code = conversation.send(self.daemon.port, content, sender="bob@example.org", recipients=["ada@example.org"])
        self.assertEqual(code, 250)
        [report] = self.expect_mails("bob", 1)
        self.assertIn(b"Status: 5.4.6", report)
        self.assertEqual(self.mails("ada"), [])
        self.end()


class DeliveryWorkers(LocalDelivery):
    def test_a_delivery_worker_is_kept_for_the_next_mail_and_ends_when_there_is_none(self):
        self.serve("ada")
        self.send("ada")
        self.expect_mails("ada", 1)
        first = self.workers()  # one that looked for a .forward, and one that delivered
        self.assertEqual(len(first), 2)
        for words in first.values():
            self.assertEqual(words[1:], [b"delivery-worker", b"%d" % os.getuid(), b"%d" % os.getgid()])
        self.send("ada")
        self.expect_mails("ada", 2)
        self.assertEqual(self.workers(), first)
        wait_until(lambda: not self.workers(), "the delivery workers have ended", 30)
        self.send("ada")
        self.expect_mails("ada", 3)
        self.end()

    def test_it_has_nothing_of_the_daemon_but_its_socket(self):
        self.serve("ada")
        self.send("ada")
        self.expect_mails("ada", 1)
        for pid in self.workers():
            process = pathlib.Path(f"/proc/{pid}")
            if os.getuid() == 0:  # it is closed to everybody else
                self.assertEqual((process / "environ").read_bytes(), b"")
                self.assertEqual({each.name for each in (process / "fd").iterdir()}, {"0", "1", "2"})
            self.assertNotEqual(os.getpgid(pid), os.getpgid(self.daemon.process.pid))
        self.end()

    def test_no_mail_is_lost_when_delivery_workers_are_killed(self):
        self.serve("ada")
        stop = threading.Event()
        killed = []

        def kill():
            while not stop.is_set():
                for pid in self.workers():
                    try:
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)
                    except ProcessLookupError:
                        pass
                time.sleep(0.02)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            with conversation.Conversation(self.daemon.port) as client:
                client.greet()
                for number in range(100):
                    # Whether she forwards her mail cannot be found out while it is killed: 451, and later again.
                    wait_until(lambda: client.command("MAIL FROM:<sender@client.example>") == 250 and
                               (client.command("RCPT TO:<ada@example.org>") == 250 or client.command("RSET") != 250),
                               "she is accepted", explain=self.daemon.log)
                    self.assertEqual(client.command("DATA"), 354)
                    self.assertEqual(client.content(b"Subject: %d\r\n\r\nx\r\n" % number), 250)
        finally:
            stop.set()
            killer.join()
        self.assertTrue(killed)
        # What was hit waits for its next try, which a restart brings forward.
        self.daemon.stop()
        self.daemon.make_everything_due()
        self.daemon.start()
        self.daemon.wait_until_empty()
        subjects = sorted(int(re.search(rb"\nSubject: (.*)\n", mail)[1]) for mail in self.mails("ada"))
        self.assertEqual(subjects, list(range(100)))
        self.end()

    def test_a_user_who_stops_delivery_workers_holds_no_place(self):
        """Stopped, they answer nothing and would keep others from being started; they are killed and replaced."""
        self.serve("ada")
        for expected in (1, 2, 3):
            self.send("ada")
            self.expect_mails("ada", expected)
            stopped = self.workers()
            self.assertTrue(stopped)
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: not any(map(is_running, stopped)), "those that do nothing are killed", 20)
        self.end()

    def test_none_is_left_behind_by_a_daemon_that_stops_or_is_killed(self):
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(ending):
                self.serve("ada")
                before = len(self.mails("ada"))
                self.send("ada")
                self.expect_mails("ada", before + 1)
                pids = list(self.workers())
                self.assertTrue(pids)
                self.daemon.process.send_signal(ending)
                self.daemon.process.wait(30)
                wait_until(lambda: not any(map(is_running, pids)), "the delivery workers have ended")


if __name__ == "__main__":
    unittest.main()
