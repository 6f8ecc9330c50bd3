# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m fake_tenant --directory DIR`: serve in the foreground until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from .seed import DEFAULT_SHARES, load_seed, parse_states
from .server import Options, Server


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="fake_tenant", description="A stand-in for Microsoft 365 on loopback.")
    parser.add_argument(
        "--directory", type=Path, required=True, help="where ready.json and the credentials are written"
    )
    parser.add_argument("--seed", type=Path, help="a description of the tenants, .json or .yml")
    parser.add_argument(
        "--mailboxes", type=int, default=0, help="so many generated mailboxes in every tenant, in addition"
    )
    parser.add_argument(
        "--states", type=parse_states, default=DEFAULT_SHARES, help="enabled=0.1,disabled=0.2,inherit=0.7"
    )
    parser.add_argument("--tenants", type=int, default=1, help="so many tenants in all")
    parser.add_argument(
        "--without-mailbox",
        type=float,
        default=0.0,
        help="for each generated mailbox so many users without one, such as 0.2",
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every request takes at least")
    parser.add_argument("--row-latency", type=float, default=0.0, help="seconds more for each row of a page")
    parser.add_argument("--item-latency", type=float, default=0.0, help="seconds more for each item of a batch")
    parser.add_argument("--host", default="localhost", help="name or address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    return parser.parse_args()


async def run(server: Server) -> None:
    """Serve until a signal."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.serve()


def main() -> None:
    """Start from the command line."""
    arguments = parse_arguments()
    options = vars(arguments)
    if arguments.seed is not None:
        options["seed"] = load_seed(arguments.seed)
    asyncio.run(run(Server(Options(**options))))


if __name__ == "__main__":
    main()
