"""An object store on this machine: moto's server of S3, and the faults that a test asks of it."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",  # no search for credentials in the network
}
_STATUS = {
    "SlowDown": "503 Slow Down",
    "InternalError": "500 Internal Error",
    "AccessDenied": "403 Forbidden",
}


@dataclass
class Fault:
    """An answer to requests of a `method` with `part` in their path: `times` of them, after `after` others.

    `kind` is an error code of S3; or "silence", which ends with the test; or "cut", half of the answer.
    """

    method: str
    part: str
    kind: str
    times: int = 1_000_000
    after: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Count a request; return whether it receives this."""
        if self.method != method or self.part not in path:
            return False
        self.after -= 1
        if self.after >= 0 or not self.times:
            return False
        self.times -= 1
        return True


@dataclass
class ObjectStore:
    """The server, with a client that no fault reaches, and the `environment` of those who use it."""

    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self):
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._silence = threading.Event()
        self._asking = threading.Lock()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        self.environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL": self.endpoint}
        self.client = boto3.client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1", **_credentials(ENVIRONMENT)
        )
        self.client.meta.events.register("before-send.s3", _without_faults)

    def close(self) -> None:
        self.forget()
        self._server.shutdown()
        self._server.server_close()

    def forget(self) -> None:
        """Leave the faults and the requests of a test behind."""
        self._silence.set()
        self._silence = threading.Event()
        self.faults.clear()
        self.requests.clear()

    def asked(self, method: str, part: str = "") -> list[str]:
        """The paths of the requests of a method."""
        return [path for asked, path in self.requests if asked == method and part in path]

    def upload(self, folder: Path, bucket: str, prefix: str) -> None:
        """Put the files of a folder below a prefix."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(bucket, f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def put(self, bucket: str, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """The contents by the names that follow the prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [told["Key"] for page in pages for told in page.get("Contents", ())]
        return {
            key.removeprefix(prefix).lstrip("/"): self.client.get_object(Bucket=bucket, Key=key)[
                "Body"
            ].read()
            for key in keys
        }

    def _answer(self, environ, start_response):
        if "test-client" in environ.get("HTTP_X_OF", ""):
            return self._moto(environ, start_response)
        method = environ["REQUEST_METHOD"]
        path = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        with self._asking:
            self.requests.append((method, path))
            fault = next((one for one in self.faults if one.strikes(method, path)), None)
        if fault is None:
            return self._moto(environ, start_response)
        if fault.kind == "silence":
            self._silence.wait()
            start_response("503 Too Late", [("Content-Length", "0")])
            return []
        if fault.kind == "cut":
            whole = b"".join(self._moto(environ, start_response))
            return [whole[: len(whole) // 2]]
        body = f"<Error><Code>{fault.kind}</Code><Message>{escape(_STATUS[fault.kind])}</Message></Error>"
        start_response(
            _STATUS[fault.kind], [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        )
        return [body.encode()]


def _credentials(environment: dict[str, str]) -> dict[str, str]:
    return {
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }


def _without_faults(request, **_about) -> None:
    request.headers["X-Of"] = "test-client"
