"""Load for a daemon that is killed under it."""
import asyncio
import threading

CONNECTIONS = 20


class Load:
    """Clients that send numbered mail for as long as it is wanted, and note which of it was answered with 250, as pairs of
    number and recipient. `recipients` says who gets the mail of a number."""

    def __init__(self, port, recipients):
        self.port = port
        self.recipients = recipients
        self.accepted = set()
        self.refused = []
        self.sent = 0
        self.wanted = True
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()))
        self.thread.start()

    def end(self):
        self.wanted = False
        self.thread.join(timeout=60)

    async def run(self):
        await asyncio.gather(*(self.client() for _ in range(CONNECTIONS)))

    async def client(self):
        while self.wanted:
            try:
                async with asyncio.timeout(20):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    await self.session(reader, writer)
                finally:
                    writer.close()
            except (OSError, EOFError):
                await asyncio.sleep(0.01)  # it is dead; try again until it is back

    async def session(self, reader, writer):
        async def reply():
            while True:
                async with asyncio.timeout(20):
                    line = await reader.readuntil(b"\r\n")
                if line.startswith(b"421"):
                    raise EOFError  # an orderly end
                if line[:1] not in b"23":
                    self.refused.append(line)
                if line[3:4] != b"-":
                    return

        await reply()
        writer.write(b"EHLO load.example\r\n")
        await reply()
        while self.wanted:
            self.sent += 1
            number = self.sent
            # Mostly small, some longer than what is kept in the database.
            body = b"0123456789\r\n" * (10_000 if number % 50 == 0 else 50)
            recipients = self.recipients(number)
            writer.write(b"MAIL FROM:<load@client.example>\r\n" +
                         "".join(f"RCPT TO:<{each}>\r\n" for each in recipients).encode() + b"DATA\r\n")
            for _ in range(len(recipients) + 2):
                await reply()
            writer.write(b"X-Number: %d\r\n\r\n" % number + body + b".\r\n")
            await reply()
            self.accepted.update((number, each) for each in recipients)
