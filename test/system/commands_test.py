"""Commands that take mail: what reaches them, where they work, and what becomes of them when the daemon stops."""
import os
import pathlib
import signal
import unittest

import conversation
from support import SystemTest, wait_until

NOBODY = 65534
TEXT = b"Subject: x\r\n\r\nbody\r\n"


def quoted(text):
    """As a string of the configuration."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Commands(SystemTest):
    """Ada's mail goes to a command. No command is run as root, so there she is nobody."""

    def setUp(self):
        super().setUp()
        self.directory.chmod(0o755)
        self.home = self.directory / "home"
        self.home.mkdir()
        self.uid, self.gid = (NOBODY, NOBODY) if os.geteuid() == 0 else (os.getuid(), os.getgid())
        os.chown(self.home, self.uid, self.gid)

    def serve(self, command, **more):
        self.daemon = self.start(f"table people {{ ada => ada:{self.uid}:{self.gid}:{self.home} }}\n"
                                 "listen on 127.0.0.1 port 0\n"
                                 f'action "local" mda {quoted(command)} userbase <people>\n'
                                 'match for domain example.org action "local"\n', **more)

    def send(self, recipient="ada@example.org", **more):
        self.assertEqual(conversation.send(self.daemon.port, TEXT, recipients=[recipient], **more), 250)

    def deliveries(self, count=1):
        return wait_until(lambda: len(self.daemon.events("mda", "delivery")) >= count and
                          self.daemon.events("mda", "delivery"), f"{count} deliveries", explain=self.daemon.log)

    def test_no_sender_runs_a_command(self):
        """audit 22: a value that a program reads as code is a word without any octet that means something there."""
        marker = self.home / "marker"
        attacks = (("perl -e%{sender.user}", f'"system(qq(id>{marker}))"@b.e'),
                   (f"flock {self.home}/lock -c %{{sender.user}}", f'"id > {marker};"@b.e'),
                   ("sh %{sender.user}", '"script/run"@b.e'),
                   ("env -S%{sender.user}", f'"sh -c id>{marker}"@b.e'),
                   ("sed %{sender.user}", f'"1e id>{marker}"@b.e'))
        (self.home / "script").mkdir()
        (self.home / "script" / "run").write_text(f"id > {marker}\n")
        for number, (command, sender) in enumerate(attacks):
            with self.subTest(command):
                self.serve(command, name=f"daemon{number}")
                self.send(sender=sender)
                self.deliveries()
                was_run = marker.exists()
                marker.unlink(missing_ok=True)
                self.assertFalse(was_run)
                self.daemon.stop()

    def test_values_in_the_environment_are_as_the_sender_wrote_them(self):
        self.serve('printf %s "$SENDER" > sender')
        self.send(sender='"a $(id > marker);`id > marker`"@b.e')
        self.deliveries()
        self.assertEqual((self.home / "sender").read_text(), '"a $(id > marker);`id > marker`"@b.e')
        self.assertFalse((self.home / "marker").exists())
        self.daemon.stop()

    @unittest.skipUnless(os.geteuid() == 0, "aliases of an administrator are served as nobody by root alone")
    def test_a_command_of_an_alias_needs_no_home(self):
        """audit 5: nobody's home does not exist on Debian, and an administrator's alias runs its command all the same."""
        note = self.home / "note"
        self.daemon = self.start(f"table aliases {{ notify = {quoted(f'|pwd > {note}')} }}\n"
                                 "listen on 127.0.0.1 port 0\n"
                                 'action "local" maildir alias <aliases>\n'
                                 'match for domain example.org action "local"\n')
        self.send("notify@example.org")
        [line] = self.deliveries()
        self.assertEqual(line["result"], "Ok", line["stat"])
        self.assertEqual(note.read_text(), "/\n" if not os.path.isdir("/nonexistent") else "/nonexistent\n")
        self.daemon.stop()

    def test_a_home_that_cannot_be_entered_is_named(self):
        self.serve("cat")
        self.home.rmdir()
        self.send()
        [line] = self.deliveries()
        self.assertIn(f"Cannot enter the home {self.home}: No such file", line["stat"])
        self.daemon.stop()

    def test_a_command_that_runs_when_the_daemon_stops_runs_once(self):
        """audit 7: the daemon waits for a command that is under way, so the mail is not delivered to it again."""
        self.serve("echo begun >> begun; cat > /dev/null; sleep 1; echo done >> done")
        self.send()
        wait_until(lambda: (self.home / "begun").exists(), "it has begun", explain=self.daemon.log)
        self.daemon.stop()
        self.daemon.make_everything_due()
        self.daemon.start()
        self.daemon.wait_until_empty()
        self.assertEqual((self.home / "begun").read_text(), "begun\n")
        self.assertEqual((self.home / "done").read_text(), "done\n")
        self.daemon.stop()

    def test_no_command_begins_when_the_daemon_stops(self):
        """Mail that comes in while clients are let go waits for the next start, so its command is not cut off."""
        self.serve("echo begun >> begun; cat > /dev/null")
        start = b"EHLO a.example\r\nMAIL FROM:<a@b.e>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n"
        with conversation.Conversation(self.daemon.port) as client, conversation.Conversation(self.daemon.port) as slow:
            for each in (client, slow):  # the slow one has the stop last for the whole grace of clients
                each.send(start)
                self.assertEqual(each.replies(5), [220, 250, 250, 250, 354])
            self.daemon.process.terminate()
            wait_until(lambda: self.daemon.events("daemon", "stopping"), "it stops", explain=self.daemon.log)
            client.send(b"Subject: x\r\n\r\ntext\r\n.\r\n")
            self.assertEqual(client.reply()[0], 250)
            self.assertEqual(slow.reply()[0], 421)
        self.assertEqual(self.daemon.process.wait(30), 0, self.daemon.log())
        self.assertFalse((self.home / "begun").exists())
        self.daemon.start()
        self.daemon.wait_until_empty()
        self.assertEqual((self.home / "begun").read_text(), "begun\n")
        self.daemon.stop()

    @unittest.skipUnless(os.geteuid() == 0, "only root makes a process 1")
    def test_a_daemon_that_is_process_1_leaves_no_zombies(self):
        """audit 30: processes that commands leave behind are taken off the list when they end."""
        # What the command leaves has a session of its own by the time that the command ends, and its group is killed.
        self.serve("export f=$(mktemp begun.XXXXXX); setsid sh -c 'rm $f; sleep 0.1; mktemp over.XXXXXX' > /dev/null 2>&1 & "
                   "cat > /dev/null; while [ -e $f ]; do sleep 0.01; done",
                   below=("unshare", "--pid", "--fork", "--mount-proc", "--kill-child"))
        [first] = children(self.daemon.process.pid)
        for _ in range(10):
            self.send()
        self.deliveries(10)
        wait_until(lambda: len(list(self.home.glob("over.*"))) == 10, "all have ended", explain=self.daemon.log)
        wait_until(lambda: not zombies_below(first), "there are no zombies", 20)
        # And it ends as any other.
        os.kill(first, signal.SIGTERM)
        self.assertEqual(self.daemon.process.wait(30), 0, self.daemon.log())
        self.assertTrue(self.daemon.events("daemon", "stopped"))

    def test_what_a_command_says_is_escaped_once(self):
        """audit 38: words that are not ASCII are read in the log as the command said them, and once escaped in a report."""
        self.serve("echo Das Fach ist f\u00fcr heute voll; exit 77")
        self.send(sender="ada@example.org")
        [line] = [each for each in self.deliveries() if each["from"] != "<>"]
        self.assertEqual(line["stat"], "550 5.7.0 Das Fach ist f\u00fcr heute voll")
        self.assertEqual(line["result"], "PermFail")
        self.daemon.stop()


def process_table():
    """(pid, its parent, its state) of every process."""
    for each in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = each.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        yield int(each.parent.name), int(parent), state


def children(pid):
    return [each for each, parent, _ in process_table() if parent == pid]


def zombies_below(pid):
    return [each for each, parent, state in process_table() if state == "Z" and parent in (pid, *children(pid))]


if __name__ == "__main__":
    unittest.main()
