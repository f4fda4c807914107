"""Asks batchd one thing through its socket, and prints the answer. Nothing but Python's own library is needed.

Usage: application.py PROMPT
"""

import http.client
import json
import os
import socket
import sys
import time
import uuid

SOCKET = os.environ.get("BATCHD_SOCKET", "/run/batchd/batchd.sock")
MODEL = os.environ.get("MODEL", "gemini-2.5-flash")
RETRYABLE = (429, 500, 503, 507)


class Batchd(http.client.HTTPConnection):
    """HTTP over the Unix socket. batchd doesn't care for the host's name."""

    def __init__(self, path):
        super().__init__("batchd", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(prompt):
    """The finished request. With an Idempotency-Key the same call may be made again and again: it is one request."""
    body = json.dumps({"model": MODEL, "request": {"contents": [{"parts": [{"text": prompt}]}]}})
    # A program that may end before the answer is there keeps its key, or makes it of what it knows ("invoice-4711").
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4()), "Prefer": "wait=60"}
    while True:
        connection = Batchd(SOCKET)
        try:
            connection.request("POST", "/v1/requests", body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (ConnectionError, FileNotFoundError, http.client.HTTPException, TimeoutError) as error:
            print(f"batchd doesn't answer ({error}); once more", file=sys.stderr)
            time.sleep(1)
            continue
        finally:
            connection.close()
        if answer.status == 200:
            return json.loads(text)
        if answer.status in RETRYABLE:
            time.sleep(int(answer.headers.get("Retry-After", "1")))
        elif answer.status != 202:  # 202: accepted, and not finished yet
            sys.exit(f"batchd refuses it: {answer.status} {text.decode()}")


if len(sys.argv) != 2:
    sys.exit(__doc__)
request = ask(sys.argv[1])
if request["state"] != "succeeded":
    sys.exit(f"{request['state']}: {request.get('error')}")
print(request["response"]["candidates"][0]["content"]["parts"][0]["text"], flush=True)
