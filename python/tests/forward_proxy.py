"""An HTTP proxy for tests, as companies have them."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import urllib.parse


class ForwardProxy:
    """Forwards to `target` whatever host it is asked for, and remembers what it was asked."""

    def __init__(self, target: str) -> None:
        parts = urllib.parse.urlsplit(target)
        address = (parts.hostname or "", parts.port or 0)
        asked: list[tuple[str, str | None]] = []
        self.asked = asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline()
                self.close_connection = True
                if not self.raw_requestline or not self.parse_request():
                    return
                asked.append((f"{self.command} {self.path}", self.headers.get("Proxy-Authorization")))
                with socket.create_connection(address) as server:
                    if self.command == "CONNECT":
                        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                    else:
                        server.sendall(self._head() + self.rfile.read(int(self.headers.get("Content-Length", 0))))
                    self._pass_on(server)

            def _head(self) -> bytes:
                parts = urllib.parse.urlsplit(self.path)
                path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
                kept = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
                return f"{self.command} {path} HTTP/1.1\r\n{kept}Connection: close\r\n\r\n".encode()

            def _pass_on(self, server: socket.socket) -> None:
                thread = threading.Thread(target=_copy, args=(self.connection, server), daemon=True)
                thread.start()
                _copy(server, self.connection)
                thread.join(10)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ForwardProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
