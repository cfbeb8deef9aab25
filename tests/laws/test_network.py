"""The tests talk to this machine alone."""

import socket

import pytest
import requests
from pytest_socket import SocketConnectBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")
def test_no_test_reaches_another_host() -> None:
    with socket.socket() as made, pytest.raises(SocketConnectBlockedError):
        made.connect(("192.0.2.1", 80))
    with pytest.raises(SocketConnectBlockedError):
        requests.get("http://192.0.2.1/", timeout=1)
