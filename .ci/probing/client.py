"""An HTTP client that sends a path exactly as given, and signs for API Gateway if the stack requires it."""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import posixpath
import time
import urllib.parse

from .assumptions import NotHeld

# A factor for all waiting times, which the tests of the probe make small.
PATIENCE = float(os.environ.get("PROBE_PATIENCE", 1))


def pause(seconds):
    time.sleep(seconds * PATIENCE)


class Response:
    def __init__(self, asked, status, headers, body):
        self.asked, self.status, self.body = asked, status, body
        self.headers = {name.lower(): value for name, value in headers}

    def expect(self, *statuses):
        if self.status not in statuses:
            raise NotHeld(f"{self.asked}: {self.status}, not {' or '.join(map(str, statuses))}: {self.body[:200]!r}")
        return self

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise NotHeld(f"{self.asked}: {self.status} is not JSON: {self.body[:200]!r}") from None


class Api:
    """One deployed API, or the local stack's."""

    def __init__(
        self, url, credentials=None, region="us-east-1", api_key=None, prefix="probe", remember=lambda key: None
    ):
        self.url = urllib.parse.urlsplit(url.rstrip("/"))
        self.credentials, self.region, self.api_key = credentials, region, api_key
        self.prefix, self.remember = prefix, remember

    def key(self, name):
        """A unique key, which is cleaned up."""
        key = f"{self.prefix}/{name}"
        self.remember(key)
        return key

    def send(self, method, path, body=b"", headers=None, seconds=0, timeout=120, signed_as=None):
        """Sends a request; `path` is below the stage, encoded. `seconds` is how long the body takes."""
        path, _, query = f"{self.url.path}{path}".partition("?")
        headers = {"Host": self.url.netloc, "Content-Length": str(len(body)), **(headers or {})}
        if self.api_key:
            headers["x-api-key"] = self.api_key
        if self.credentials:
            headers.update(self.signature(signed_as or method, path, query, body))
        secure = self.url.scheme == "https"
        connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(
            self.url.netloc, timeout=timeout
        )
        target = path + (f"?{query}" if query else "")
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            step = max(1, len(body) // 20) if seconds else 1 << 20
            try:
                for start in range(0, len(body), step):
                    connection.send(body[start : start + step])
                    pause(seconds / 20)
            except (BrokenPipeError, ConnectionResetError):
                pass  # The response was sent before the body was read: 413.
            response = connection.getresponse()
            return Response(f"{method} {target[:120]}", response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def put(self, key, body, **options):
        return self.send("PUT", f"/images/{encoded(key)}", body, **options)

    def original(self, key, **options):
        return self.get(f"/originals/{encoded(key)}", **options)

    def delete(self, key):
        return self.send("DELETE", f"/images/{encoded(key)}")

    def signature(self, method, path, query, body):
        """AWS Signature Version 4 (IAM guide, "Create a signed AWS API request")."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        signed = {"host": self.url.netloc, "x-amz-date": now}
        if self.credentials.get("token"):
            signed["x-amz-security-token"] = self.credentials["token"]
        names = ";".join(sorted(signed))
        # For every service except S3 the path is normalized, as by SDKs, and encoded again.
        canonical = posixpath.normpath(path).replace("//", "/") + ("/" if path.endswith("/") and path != "/" else "")
        parameters = "&".join(sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part))
        request = "\n".join(
            [
                method,
                urllib.parse.quote(canonical, safe="/-_.~"),
                parameters,
                "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
                names,
                hashlib.sha256(body).hexdigest(),
            ]
        )
        scope = f"{now[:8]}/{self.region}/execute-api/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self.credentials['secret']}".encode()
        for part in [*scope.split("/"), text]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        del signed["host"]
        credential = f"Credential={self.credentials['id']}/{scope}"
        signed["Authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"
        return signed


def encoded(key):
    """Encodes every byte except unreserved ones and `/`."""
    return urllib.parse.quote(key, safe="/-_.~")


def eventually(what, seconds, look):
    """Polls `look` until its result is true, and returns it."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise NotHeld(f"{what}: not within {seconds} s")
        pause(min(2, seconds / 20))
