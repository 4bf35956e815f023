"""Whether this Python can run the host. Imports nothing that may be missing, and is read by Pythons of long ago."""

import importlib.util
import sys

# The exit code of a host that cannot run here; Node knows it.
CANNOT_RUN = 3


def python_trouble():
    """What is wrong, and what to do; None when nothing is."""
    version = '.'.join(map(str, sys.version_info[:3]))
    wanted = 'a Python 3.10 or 3.12 with ttnn and torch'
    if sys.version_info < (3, 10):
        return 'this is Python {}: {} is needed'.format(version, wanted)
    missing = [name for name in ('numpy', 'ttnn', 'torch') if importlib.util.find_spec(name) is None]
    if missing:
        return 'Python {} has no {}: {} is needed'.format(version, ' and no '.join(missing), wanted)
    return None
