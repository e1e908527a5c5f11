# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the mail server of the fleet got, as JSON: a list of {to, subject, text, html}. Usage: read_mails.py FOLDER."""

from __future__ import annotations

import email
import email.policy
import json
import sys
from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """One message."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    bodies = {"text": message.get_body(["plain"]), "html": message.get_body(["html"])}
    contents = {kind: body.get_content().replace("\r\n", "\n") if body else "" for kind, body in bodies.items()}
    return {"to": str(message["X-Envelope-To"]), "subject": str(message["Subject"]), **contents}


if __name__ == "__main__":
    json.dump([read(path) for path in sorted(Path(sys.argv[1]).glob("*.eml"))], sys.stdout)
