"""The verbs of ``server.py``: what they print, and their exit codes."""

from __future__ import annotations

import stat
from pathlib import Path

import jwt
import pytest
import redis

from store.folder import short_socket
from tests.served import Served

pytestmark = pytest.mark.redis


def alone(folder: Path, **environ: str) -> Served:
    """A data folder on which no server runs."""
    variables = {f"YELLOWCART_{name.upper()}": text for name, text in environ.items()}
    return Served(folder / "data", (), variables)


def test_a_token_stands_on_the_last_line(tmp_path: Path) -> None:
    shop = alone(tmp_path)

    words = ("--sub", "mara", "--role", "host", "--name", "Mara", "--show", "demo", "--ttl", "60")
    printed = shop.verb("token", *words)

    assert printed.returncode == 0, printed.stderr
    claims = jwt.decode(printed.stdout.splitlines()[-1], shop.secret, algorithms=["HS256"])
    assert (claims["sub"], claims["role"], claims["show"]) == ("mara", "host", "demo")
    assert stat.S_IMODE((shop.data_dir / "secret").stat().st_mode) == 0o600


def test_a_token_says_whose_secret_signed_it(tmp_path: Path) -> None:
    """Signed with the secret of another folder it is refused, and nobody sees why."""
    words = ("token", "--sub", "mara", "--role", "host")
    shop, given = alone(tmp_path), alone(tmp_path / "given", secret="0123456789" * 4)

    kept, told = shop.verb(*words), given.verb(*words)

    assert kept.stderr == f"Signed with the secret of {shop.data_dir.resolve()}.\n"
    assert told.stderr == "Signed with YELLOWCART_SECRET.\n"
    assert len(told.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [("--ttl", "0"), ("--role", "emperor"), ("--role", "seller"), ("--sub", "a b")],
    ids=str,
)
def test_a_token_that_could_not_hold_is_not_printed(
    tmp_path: Path, words: tuple[str, str]
) -> None:
    printed = alone(tmp_path).verb("token", "--sub", "ada", "--role", "viewer", *words)

    assert printed.returncode == 2
    assert printed.stdout == ""


@pytest.mark.parametrize(
    ("verb", "environ", "words"),
    [
        (("serve",), {"payments": "stripe"}, "Set YELLOWCART_STRIPE_SECRET_KEY"),
        (("serve",), {"payments": "cash"}, "sandbox or stripe"),
        (("serve",), {"port": "http"}, "whole number"),
        (("serve", "--port", "0"), {"redis_url": "redis://127.0.0.1:1"}, "YELLOWCART_REDIS_URL"),
        (
            ("serve", "--port", "0"),
            {"database_url": "postgresql://127.0.0.1:1/x"},
            "YELLOWCART_DATABASE_URL",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_done_ends_in_one_line_and_exit_code_2(
    tmp_path: Path, verb: tuple[str, ...], environ: dict[str, str], words: str
) -> None:
    done = alone(tmp_path, **environ).verb(*verb)

    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


@pytest.mark.parametrize("secret", ["", "short"])
def test_a40_off_loopback_nothing_starts_without_a_secret(tmp_path: Path, secret: str) -> None:
    environ = {"secret": secret} if secret else {}

    done = alone(tmp_path, **environ).verb("serve", "--host", "0.0.0.0")  # noqa: S104

    assert done.returncode == 2
    assert "YELLOWCART_SECRET" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_one_data_folder_has_one_server(shared_server: Served) -> None:
    done = shared_server.verb("serve", "--port", "0")

    assert done.returncode == 2
    assert "Another server" in done.stderr


def test_audit_and_doctor_work_beside_a_server_and_without_one(
    tmp_path: Path, shared_server: Served
) -> None:
    places = {"beside its server": shared_server, "where no server runs": alone(tmp_path)}
    for place, shop in places.items():
        audit, doctor = shop.verb("audit"), shop.verb("doctor")

        assert audit.returncode == 0, audit.stdout + audit.stderr
        assert f"{place}." in audit.stderr
        names = [line.split(":")[0] for line in audit.stdout.splitlines()]
        assert names == ["stock", "holds", "claims", "orders", "payments", "ledger"]
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr


def test_a_repair_beside_a_server_fills_the_gate_from_the_book(server: Served) -> None:
    with redis.Redis(
        unix_socket_path=str(short_socket(server.data_dir / "redis/redis.sock"))
    ) as gate:
        stock = next(gate.scan_iter("*:sku:*", count=1000))
        gate.hincrby(stock, "avail", 1)
    broken = server.verb("audit")

    repair = server.verb("audit", "--repair")

    assert broken.returncode == 1
    assert repair.returncode == 0, repair.stdout + repair.stderr
    said = repair.stdout.splitlines()
    assert said[3].startswith("repair: gate: stock differed; closed, ")
    assert [line.split(":")[1] for line in said[4:]] == [" ok"] * 6
    assert server.http("GET", "/readyz")[0] == 200


def test_a40_the_doctor_finds_what_is_unsafe(tmp_path: Path) -> None:
    shop = alone(tmp_path, secret="short")
    shop.data_dir.mkdir(mode=0o755)
    shop.data_dir.chmod(0o755)

    found = shop.verb("doctor")

    assert found.returncode == 1
    wrong = [line.split(":")[0] for line in found.stdout.splitlines() if line.startswith("FIX")]
    assert [name.split()[-1] for name in wrong] == ["folder", "secret"]


def test_a_taken_port_costs_nobody_a_start(tmp_path: Path, shared_server: Served) -> None:
    shop = alone(tmp_path)

    done = shop.verb("serve", "--port", str(shared_server.port))

    assert done.returncode == 2
    assert "YELLOWCART_PORT" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (shop.data_dir / "book.db").exists()
