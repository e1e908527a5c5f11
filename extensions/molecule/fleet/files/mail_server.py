# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A mail server for the fleet: every message becomes a file FOLDER/NUMBER.eml, and FOLDER/port tells where it listens.

Usage: mail_server.py FOLDER. It ends when FOLDER/port is gone.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Keeper:
    """Keeps each message as it came, with those whom it was sent to on top."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd, with a whole message."""
        del server, session
        self.number += 1
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        recipients = ", ".join(envelope.rcpt_tos).encode()
        final = self.folder / f"{self.number:03}.eml"
        temporary = final.with_suffix(".tmp")
        temporary.write_bytes(b"X-Envelope-To: " + recipients + b"\r\n" + content)
        temporary.rename(final)
        return "250 OK"


async def serve(folder: Path) -> None:
    """Until the file that tells the port is gone."""
    keeper = Keeper(folder)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(keeper, hostname="localhost"), "127.0.0.1", 0)
    port = folder / "port"
    async with server:
        port.write_text(str(server.sockets[0].getsockname()[1]), encoding="utf-8")
        while port.exists():
            await asyncio.sleep(0.5)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
