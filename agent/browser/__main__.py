"""``python -m agent.browser`` is ``overt-browser-host``."""

import sys

from agent.browser.host import main

sys.exit(main())
