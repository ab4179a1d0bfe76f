"""The supervisor in the background, with the settings that `detach` put into its environment."""

import sys

from serve.config import load
from serve.supervisor.launch import CannotStart, supervise
from serve.supervisor.place import Occupied


def main() -> int:
    try:
        return supervise(load(), None, say=lambda detail: None)
    except (CannotStart, Occupied) as exc:
        print(exc.args[0], file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
