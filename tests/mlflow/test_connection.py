"""Every way in which a server can be wrong is one line, soon."""

import http.server
import os
import threading

import mlflow
import pytest

from seatrial.errors import InputError, ServiceError
from seatrial_mlflow.connection import connected


@pytest.fixture
def stranger():
    """A web server that is not MLflow; answers every request with the status that it is given."""

    class Stranger(http.server.BaseHTTPRequestHandler):
        status = 200

        def do_POST(self):
            self.send_response(self.status)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def do_GET(self):
            self.do_POST()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Stranger, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (200, "not in a valid JSON format"),
        (401, "error code 401"),
        (403, "error code 403"),
        (404, "error code 404"),
        (500, "too many 500 error responses"),
    ],
)
def test_a_server_that_is_not_mlflow_or_refuses_is_one_line(stranger, monkeypatch, status, message):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    handler, uri = stranger
    handler.status = status
    with pytest.raises(ServiceError, match=message) as caught, connected(uri):
        pass
    assert uri in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("uri", ["localhost:5000", "ftp://somewhere"])
def test_an_address_that_is_none_is_one_line(uri):
    with pytest.raises(InputError, match="expected an address like http://127.0.0.1:5000"), connected(uri):
        pass


def test_what_the_program_had_chosen_is_as_it_was_afterwards(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with connected(server) as client:
        assert client.search_experiments()
        assert mlflow.get_tracking_uri() == server
    assert mlflow.get_tracking_uri() == os.environ["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:9"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    assert mlflow.get_tracking_uri() == server
