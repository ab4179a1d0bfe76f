"""The chat page alone, for development: `python -m ui --api-url http://127.0.0.1:8080`."""

import argparse
from functools import partial

import uvicorn

from ui.app import create_app
from ui.words import LANGUAGES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ui", description=__doc__)
    parser.add_argument("--api-url", default="http://127.0.0.1:8080", help="the appliance")
    parser.add_argument("--port", type=int, default=7860, help="where the page listens (loopback)")
    parser.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0])
    options = parser.parse_args()
    app = partial(create_app, options.api_url, language=options.language)
    uvicorn.run(app, factory=True, host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
