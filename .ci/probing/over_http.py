"""What can be settled over HTTP alone, against a deployed stack or the local one."""

import json
import os
import pathlib
import re
import struct
import zlib

from .assumptions import Assumptions, NotHeld, NotSettled
from .client import encoded, eventually

ROOT = pathlib.Path(__file__).parent.parent.parent
TEMPLATE = ROOT / "infra/infra.yaml"
IMAGE = (ROOT / "photos/coffee.png").read_bytes()
MAX_BODY = 10 * 1024 * 1024
over_http = Assumptions()


def png(side):
    """A small image that is in no cache."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + os.urandom(3 * side) for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def differs(what, seen, expected):
    if seen != expected:
        raise NotHeld(f"{what} is {seen!r:.150}, not {expected!r:.150}")


# ---------------------------------------------------------------------------------------------------------------- keys
KEYS = {
    "a space": "a b",
    "a percent sign": "100%",
    "an escaped letter": "%41",
    "a question mark": "a?b",
    "a number sign": "a#b",
    "é": "é",
    "an emoji": "🦀",
    "two slashes": "a//b",
    "a control character": "a\x01b",
    "quotes": 'it\'s "it"',
    "a backslash": "a\\b",
    "an ampersand and an equals sign": "a&b=c",
    "a semicolon": "a;b",
    "dots": "a..b/.c",
    "a dollar sign": "$x ${y} #set($z)",
    "a tilde and a star": "~*",
}


def key_survives(name):
    def test(api):
        key, bytes_ = api.key(f"keys/{name}"), os.urandom(32)
        differs("the key of the answer", api.put(key, bytes_).expect(201).json().get("key"), key)
        differs("what is read back", api.original(key).expect(200).body, bytes_)
        api.delete(key).expect(204)
        api.original(key).expect(404)
        return "stored, read, deleted"

    return test


for described, name in KEYS.items():
    over_http.add(
        f"{described} in a key survives PUT, GET and DELETE",
        "crates/local/api-gateway: the reading of path parameters",
        key_survives(name),
    )


@over_http(
    "a plus in a key is refused with a message, or works; it never becomes another key",
    "infra/infra.yaml: PUT /images/{key+}, S3's 403",
)
def plus(api):
    key, other = api.key("keys/plus+sign"), api.key("keys/plus sign")
    before = os.urandom(32)
    api.put(other, before).expect(201)
    seen = []
    for path in (encoded(key), encoded(key).replace("%2B", "+")):
        response = api.send("PUT", f"/images/{path}", os.urandom(32)).expect(201, 400)
        if response.status == 201:
            differs(f"the key of the answer to {path}", response.json().get("key"), key)
            api.original(key).expect(200)
        elif "+" not in response.json().get("message", "") and "plus" not in response.json().get("message", ""):
            raise NotHeld(f"the message does not say why: {response.body!r}")
        seen.append(str(response.status))
    differs("the key with a space", api.original(other).expect(200).body, before)
    return "%2B: {}, +: {}".format(*seen)


@over_http(
    "dots in a key lead to no other image; the key is kept, or refused",
    "crates/functions/records: href, and infra/infra.yaml: PUT /images/{key+}",
)
def dots(api):
    other, bytes_ = api.key("keys/b"), os.urandom(32)
    api.put(other, bytes_).expect(201)
    seen = []
    for name in ("keys/a/../b", "keys/./b", "keys/a//../b"):
        key, path = api.key(name), encoded(f"{api.prefix}/{name}").replace("/", "%2F")
        response = api.send("PUT", f"/images/{path}", os.urandom(16)).expect(201, 400, 403, 404)
        if response.status == 201:
            differs("the key of the answer", response.json().get("key"), key)
            differs("the length of what is read back", len(api.get(f"/originals/{path}").expect(200).body), 16)
        seen.append(str(response.status))
        api.send("DELETE", f"/images/{path}").expect(204, 400, 403, 404)
    differs("the key without dots", api.original(other).expect(200).body, bytes_)
    return ", ".join(seen)


@over_http("?list-type=2 in a key cannot list the bucket", "infra/infra.yaml: the URIs of the integrations with S3")
def no_list(api):
    for path in ("%3Flist-type=2", f"{api.prefix}%3Flist-type%3D2", "%3Flist-type=2&prefix=", "%2F%3Flist-type=2"):
        response = api.get(f"/originals/{path}")
        if response.status < 400 or b"ListBucketResult" in response.body or response.status >= 500:
            raise NotHeld(f"{path}: {response.status} {response.body[:100]!r}")
    return "4xx"


# -------------------------------------------------------------------------------------------------------------- bodies
def body_survives(size, content_type):
    def test(api):
        key, bytes_ = api.key(f"bodies/{size}{content_type.replace('/', '-')}"), os.urandom(size)
        headers = {"Content-Type": content_type} if content_type else {}
        response = api.put(key, bytes_, headers=headers)
        if size > MAX_BODY:
            # API Gateway's own 413 can't be given a body or headers.
            response.expect(413)
            api.original(key).expect(404)
            return "413"
        response.expect(201)
        half = size // 2
        if size == 0:
            back = api.original(key).expect(200).body
        else:
            back = b"".join(
                api.original(key, headers={"Range": span}).expect(206).body
                for span in (f"bytes=0-{half - 1}", f"bytes={half}-")
            )
        if back != bytes_:
            raise NotHeld(f"{len(back)} bytes, and not those that were sent")
        return "byte for byte"

    return test


for size in (0, MAX_BODY, MAX_BODY + 1):
    for content_type in ("", "image/jpeg", "application/json"):
        over_http.add(
            f"PUT of {size:,} bytes {f'as {content_type}' if content_type else 'without Content-Type'}"
            + (" is 413" if size > MAX_BODY else " survives"),
            "infra/infra.yaml: contentHandling and x-amazon-apigateway-binary-media-types",
            body_survives(size, content_type),
        )


@over_http(
    "an upload without Content-Type is stored as application/json",
    "docs/fidelity.md, and what GET /originals says of the type",
)
def no_content_type(api):
    key = api.key("bodies/untyped")
    api.put(key, IMAGE).expect(201)
    seen = api.original(key).expect(200).headers.get("content-type", "")
    differs("Content-Type", seen, "application/json")
    return seen


@over_http("a PUT whose body takes 60 s is stored", "infra/infra.yaml: the timeout of PUT; web: the size of parts")
def slow(api):
    key, bytes_ = api.key("bodies/slow"), os.urandom(200_000)
    api.put(key, bytes_, seconds=60).expect(201)
    differs("what is read back", api.original(key).expect(200).body, bytes_)
    return "201"


# --------------------------------------------------------------------------------------------------------- conditional
@over_http("whatever Accept says, bytes stay bytes", "infra/infra.yaml: x-amazon-apigateway-binary-media-types")
def accept(api):
    key = api.key("reads/accept")
    api.put(key, IMAGE, headers={"Content-Type": "image/png"}).expect(201)
    for value in ("", "*/*", "image/avif,image/webp,*/*;q=0.8", "application/json", "text/html", "image/png"):
        headers = {"Accept": value} if value else {}
        differs(f"the body for Accept {value!r}", api.original(key, headers=headers).expect(200).body, IMAGE)
        head = api.send("HEAD", f"/originals/{encoded(key)}", headers=headers).expect(200)
        differs("HEAD's body", head.body, b"")
    return "200"


def conditional(header):
    def test(api):
        key = api.key("reads/conditional")
        api.put(key, IMAGE).expect(201)
        tag = api.original(key).expect(200).headers.get("etag", "")
        for method in ("GET", "HEAD"):
            path = f"/originals/{encoded(key)}"
            unchanged = api.send(method, path, headers={header: tag}).expect(304)
            differs("a 304's body", unchanged.body, b"")
            api.send(method, path, headers={header: '"another"'}).expect(200)
        return "304"

    return test


def ranges(header):
    def test(api):
        key, bytes_ = api.key("reads/range"), os.urandom(1000)
        api.put(key, bytes_).expect(201)
        part = api.original(key, headers={header: "bytes=10-19"}).expect(206)
        differs("the part", part.body, bytes_[10:20])
        differs("Content-Range", part.headers.get("content-range"), "bytes 10-19/1000")
        api.original(key, headers={header: "bytes=5000-"}).expect(416)
        return "206, 416"

    return test


def content_type(header):
    def test(api):
        key = api.key("reads/content-type")
        api.put(key, IMAGE, headers={header: "image/x-probe"}).expect(201)
        differs("Content-Type", api.original(key).expect(200).headers.get("content-type"), "image/x-probe")
        return "image/x-probe"

    return test


# HTTP/2 has only names in lower case, and clients of HTTP/1.1 send both.
for name, test in (("If-None-Match", conditional), ("Range", ranges), ("Content-Type", content_type)):
    for spelling in (name, name.lower()):
        over_http.add(f"the header {spelling} is found", f"infra/infra.yaml: the mappings of {name}", test(spelling))


@over_http("a header that is not ASCII is no failure", "infra/infra.yaml: the mapped headers of GET and PUT")
def not_ascii(api):
    key, seen = api.key("reads/not-ascii"), []
    api.put(key, IMAGE).expect(201)
    for header in ("If-None-Match", "Range", "X-Probe"):
        response = api.original(key, headers={header: '"\u00e9"'})
        if response.status >= 500:
            raise NotHeld(f"{header}: {response.status} {response.body[:100]!r}")
        seen.append(str(response.status))
    return ", ".join(seen)


@over_http("X-HTTP-Method-Override overrides the method", "crates/local/api-gateway: the method of a request")
def override(api):
    key = api.key("reads/override")
    api.put(key, IMAGE).expect(201)
    # It is not documented whether the signature is over the method that is sent or over the other.
    for signed_as in ("GET", "DELETE"):
        header = {"X-HTTP-Method-Override": "DELETE"}
        response = api.get(f"/images/{encoded(key)}", headers=header, signed_as=signed_as).expect(204, 403)
        if response.status == 204:
            return f"a GET deleted, signed as {signed_as}"
    raise NotHeld(f"403: {response.body[:100]!r}")


# --------------------------------------------------------------------------------------------------------------- lists
@over_http(
    "every list and every error is JSON, whatever Accept says",
    "infra/infra.yaml: integrations of the lists, gateway responses",
)
def json_bodies(api):
    for value in ("*/*", "text/html", "application/octet-stream"):
        headers = {"Accept": value}
        differs(
            "images",
            isinstance(api.get("/images?limit=1", headers=headers).expect(200).json().get("images"), list),
            True,
        )
        for path in ("/images?limit=0", f"/images/{api.prefix}/there-is-no-such-image"):
            differs(
                "a message",
                isinstance(api.get(path, headers=headers).expect(400, 404).json().get("message"), str),
                True,
            )
    return "JSON"


@over_http("a long or malformed next is refused, and breaks nothing", "infra/infra.yaml: the pattern of next")
def long_next(api):
    for token in ("x", "i1.", "~" * 100, "a" * 1_700, "a" * 3_700, "Aa0-_.~" * 900, "%22" * 400, "i1." + "~7E" * 1_200):
        response = api.get(f"/images?next={token}")
        if response.status not in (400, 413, 414, 431):
            raise NotHeld(f"next of {len(token)} characters ({token[:20]}…): {response.status} {response.body[:100]!r}")
    return "4xx"


# -------------------------------------------------------------------------------------------------------------- images
@over_http("an upload gets its thumbnails and labels", "the events' way: infra/infra.yaml, topic to functions")
def done(api):
    key = api.key("images/coffee.png")
    api.put(key, IMAGE, headers={"Content-Type": "image/png"}).expect(201)

    def settled():
        response = api.get(f"/images/{encoded(key)}").expect(200, 404)
        record = response.json() if response.status == 200 else {}
        parts = [record.get(part, {}).get("status") for part in ("analysis", "thumbnails")]
        if "failed" in parts:
            raise NotHeld(json.dumps(record)[:300])
        return parts == ["done", "done"] and record

    record = eventually("both parts of the record are done", 300, settled)
    item = record["thumbnails"]["items"][0]
    thumbnail = api.get("/" + item["href"]).expect(200)
    differs("the thumbnail's size", len(thumbnail.body), item["bytes"])
    return f"{len(record['analysis']['labels'])} labels"


# ----------------------------------------------------------------------------------------------------------- multipart
@over_http(
    "a multipart upload is created, resumed, completed, and completed again", "infra/infra.yaml: /uploads/{key+}"
)
def multipart(api):
    key = api.key("images/multipart.bin")
    path, parts = f"/uploads/{encoded(key)}", [os.urandom(5_242_880), os.urandom(1_000)]
    created = api.send("POST", path, headers={"Content-Type": "image/png"}).expect(201).json()
    differs("the key", created.get("key"), key)
    upload = f"uploadId={encoded(created['uploadId'])}"
    tags = []
    for number, part in enumerate(parts, 1):
        stored = api.send("PUT", f"{path}?{upload}&part={number}", part).expect(200)
        differs("the part", stored.json().get("part"), number)
        tags.append(stored.headers.get("etag", ""))
    listed = api.get(f"{path}?{upload}").expect(200).json()["parts"]
    differs("the parts", [(part["part"], part["bytes"]) for part in listed], [(1, 5_242_880), (2, 1_000)])
    complete = json.dumps({"parts": [{"part": number, "etag": tag} for number, tag in enumerate(tags, 1)]}).encode()
    for _ in range(2):
        response = api.send("PATCH", f"{path}?{upload}", complete, headers={"Content-Type": "application/json"}).expect(
            200
        )
        differs("the key", response.json().get("key"), key)
    tail = api.original(key, headers={"Range": "bytes=5242870-"}).expect(206)
    differs("the end", tail.body, parts[0][-10:] + parts[1])
    return "twice 200"


@over_http(
    "a part too small is 400, an upload that is gone 404",
    "infra/infra.yaml: PATCH and PUT /uploads/{key+}, S3's errors",
)
def multipart_errors(api):
    key = api.key("images/small-parts.bin")
    path = f"/uploads/{encoded(key)}"
    upload = "uploadId=" + encoded(api.send("POST", path).expect(201).json()["uploadId"])
    parts = []
    for number in (1, 2):
        stored = api.send("PUT", f"{path}?{upload}&part={number}", os.urandom(1000)).expect(200)
        parts.append({"part": number, "etag": stored.headers.get("etag", "")})
    complete = json.dumps({"parts": parts}).encode()
    api.send("PATCH", f"{path}?{upload}", complete, headers={"Content-Type": "application/json"}).expect(400)
    api.send("DELETE", f"{path}?{upload}").expect(204)
    for method in ("GET", "PUT", "PATCH"):
        query = f"{upload}&part=1" if method == "PUT" else upload
        body = complete if method == "PATCH" else b"x" if method == "PUT" else b""
        api.send(method, f"{path}?{query}", body, headers={"Content-Type": "application/json"} if body else {}).expect(
            404
        )
    return "400, 404"


# ---------------------------------------------------------------------------------------------------------------- page
def content_security_policy():
    """The header as the template maps it, without the quotes that API Gateway strips."""
    written = re.search(r"header\.Content-Security-Policy:\s+\"'((?:[^\"\\]|\\\n)*)'\"", TEMPLATE.read_text())
    return re.sub(r"\\\n *", "", written.group(1))


@over_http("the gallery page has its Content-Security-Policy byte for byte", "infra/infra.yaml: GET /")
def page(api):
    written = content_security_policy()
    response = api.get("/")
    if response.status == 404:
        raise NotSettled("the stack has no gallery page")
    response.expect(200)
    differs("Content-Security-Policy", response.headers.get("content-security-policy"), written)
    differs("Content-Type", response.headers.get("content-type", "").split(";")[0], "text/html")
    return written
