# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""Colours and fonts of the page. Every pair of text and ground has a contrast of at least 4.5."""

from __future__ import annotations

GREEN = "#17693f"
RED = "#b3261e"
AMBER = "#a86500"

SANS = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
TEXT = "color:#1c2733;font-size:15px;line-height:1.45"
MUTED = "color:#5b6876"
# Inherited by all that stands in the card.
WRAP = "overflow-wrap:anywhere;word-break:break-word"
MONOSPACE = "font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:13px;line-height:1.4"
HEADING = "margin:0 0 10px;font-size:16px;line-height:1.3"
TABLE = 'role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"'

# A style that is given inline can only be overruled in this way.
DARK = """
@media (max-width:480px){
.out{padding:0!important}.card{border-radius:0!important}.pad{padding-left:16px!important;padding-right:16px!important}
.tile{width:50%!important}
}
@media (prefers-color-scheme:dark){
.bg{background:#12161b!important}.card{background:#1d232a!important;color:#e7eaee!important}
.muted{color:#a3adb9!important}.line{border-color:#39424d!important}
.problem{background:#3a2221!important}.remark{background:#382d16!important}.code{background:#12161b!important}
.red{color:#ff9d94!important}.green{color:#6fd39b!important}
}
"""

__all__ = ("AMBER", "DARK", "GREEN", "HEADING", "MONOSPACE", "MUTED", "RED", "SANS", "TABLE", "TEXT", "WRAP")
