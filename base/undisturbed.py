"""A process that its server ends hears no signal that is meant for all of them.

Ctrl-C reaches all processes of a terminal, and a service manager's SIGTERM all of a service, while
the server still needs those beside it to end in order. Imported by such a program before all that
takes time to load.
"""

from __future__ import annotations

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
