"""The bundle's one program: ``overt``, and the agent's other parts, which it starts as ``overt -m MODULE``."""

import runpy
import sys

from agent.cli import main

PARTS = ("agent.ceremony", "agent.tray", "agent.tray.read", "agent.browser", "agent.sources.reading")

if sys.argv[1:2] == ["-m"] and sys.argv[2:3] and sys.argv[2] in PARTS:
    del sys.argv[1]
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
else:
    main()
