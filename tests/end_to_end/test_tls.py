"""With a certificate the server speaks TLS itself: pages, HTTP and sockets."""

from __future__ import annotations

import shlex
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, TCPConnector

from tests.viewer import viewer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Serve


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    parts = [tmp_path / "certificate.pem", tmp_path / "key.pem"]
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    command += f" -addext subjectAltName=IP:127.0.0.1 -out {parts[0]} -keyout {parts[1]}"
    subprocess.run(shlex.split(command), check=True, capture_output=True)
    whole = tmp_path / "both.pem"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    return whole


async def test_a_pin_is_seen_over_tls(serve: Serve, certificate: Path) -> None:
    served = serve("--demo", "--certfile", str(certificate))
    trusting = ssl.create_default_context(cafile=certificate)
    https, wss = f"https://127.0.0.1:{served.port}", f"wss://127.0.0.1:{served.port}/live"
    host = {"Authorization": f"Bearer {served.token('demo-host', 'host')}"}

    async with ClientSession(connector=TCPConnector(ssl=trusting)) as http:
        async with http.get(f"{https}/watch/demo") as page:
            assert "Yellowcart" in await page.text()
        async with viewer(wss, ssl=trusting) as vera:
            await vera.join("demo")
            product = vera.joined["bag"][-1]["product"]["id"]
            pin = f"{https}/v1/shows/demo/pin"
            async with http.post(pin, json={"product": product}, headers=host) as answer:
                assert answer.status == 200
            assert (await vera.event("pinned"))["product"] == product


async def test_a_file_that_is_no_certificate_is_refused_with_a_word(
    serve: Serve, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("not a certificate")

    with pytest.raises(AssertionError, match="Name a PEM file with both in YELLOWCART_CERTFILE"):
        serve("--demo", "--certfile", str(broken))
