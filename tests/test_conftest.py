"""The guard that keeps every other test on this machine."""

import socket

import pytest


@pytest.mark.parametrize("attempt", [
    lambda: socket.create_connection(("93.184.216.34", 80), timeout=1),
    lambda: socket.getaddrinfo("huggingface.co", 443),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("8.8.8.8", 53)),
    lambda: socket.socket().connect_ex(("192.168.0.1", 80)),
    lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 80)),
])
def test_leaving_this_machine_is_refused_and_noted(attempt, no_network):
    with pytest.raises(ConnectionRefusedError):
        attempt()
    assert len(no_network) == 1
    no_network.clear()


def test_this_machine_may_be_reached(no_network):
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, server.getsockname()[1]), timeout=5).close()
    assert no_network == []
