"""No test needs a network: tests/conftest.py refuses it, this machine excepted."""

import socket
from urllib.request import urlopen

import pytest


def ask_an_address() -> None:
    socket.create_connection(("192.0.2.1", 80), timeout=0.1)


def ask_a_name() -> None:
    urlopen("http://example.org", timeout=0.1)


def send_a_packet() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
        packets.sendto(b"", ("192.0.2.1", 9))


@pytest.mark.parametrize("ask", [ask_an_address, ask_a_name, send_a_packet])
def test_a_test_that_asks_another_machine_fails(ask):
    with pytest.raises(pytest.fail.Exception, match="no test may need a network"):
        ask()


def test_this_machine_may_be_asked():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
