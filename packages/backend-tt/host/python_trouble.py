"""Whether this Python can run the host. Imports nothing that may be missing, and is read by Pythons of long ago."""

import importlib.util
import sys

# The exit code of a host that cannot run here; Node knows it.
CANNOT_RUN = 3


def python_trouble():
    """What is wrong; None when nothing is."""
    version = 'Python ' + '.'.join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 10):
        return version + ' is too old'
    missing = [name for name in ('numpy', 'ttnn', 'torch') if importlib.util.find_spec(name) is None]
    return '{} has no {}'.format(version, ' and no '.join(missing)) if missing else None
