"""The options of the command line, by its verbs; ``server.py`` carries the verbs out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, get_type_hints

from base.identity import Role
from base.settings import SECRETS, Settings

__all__ = ["DAY_S", "parser"]

DAY_S: Final = 24 * 3600


def parser(about: str | None = None) -> argparse.ArgumentParser:
    """The command line; every option is also a variable YELLOWCART_ + its name.

    Args:
        about: What stands above the options.

    """
    # What is not given must not hide what stands before the verb, or in the environment.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    for name, kind in get_type_hints(Settings).items():
        flag = "--" + name.replace("_", "-")
        if kind is bool:
            common.add_argument(flag, action="store_true")
        elif name not in SECRETS:
            common.add_argument(flag, type=kind, metavar=kind.__name__.upper())
    whole = argparse.ArgumentParser(prog="server.py", description=about, parents=[common])
    verbs = whole.add_subparsers(dest="verb", metavar="VERB")
    verbs.add_parser("serve", parents=[common], help="run the server (the default)")
    sign_one = verbs.add_parser("token", parents=[common], help="print a signed token")
    sign_one.add_argument("--sub", required=True)
    sign_one.add_argument("--role", required=True, choices=[role.value for role in Role])
    sign_one.add_argument("--name")
    sign_one.add_argument("--show")
    sign_one.add_argument("--shop")
    sign_one.add_argument("--ttl", type=seconds, default=DAY_S, metavar="SECONDS")
    load = verbs.add_parser(
        "import-products", parents=[common], help="take in Shopify's product CSV"
    )
    load.add_argument("file", type=Path, metavar="FILE.csv")
    load.add_argument("--shop", required=True, help="who shall sell the products")
    load.add_argument("--currency", required=True, type=str.upper, help="of their prices")
    load.add_argument("--report", type=Path, metavar="FILE", help="a line for every product")
    check = verbs.add_parser("audit", parents=[common], help="check the books")
    check.add_argument(
        "--repair", action="store_true", help="first put right what the book alone can put right"
    )
    verbs.add_parser("doctor", parents=[common], help="check the installation")
    return whole


def seconds(text: str) -> int:
    """How long a token holds.

    Raises:
        argparse.ArgumentTypeError: Not a whole number above zero.

    """
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r}: give whole seconds, 1 or more")
    return int(text)
