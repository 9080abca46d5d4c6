"""What S3 does, category by category, asked of a running stack with boto3: object read and write, multipart, copy,
list, conditional, versioning, presigned. What is not as S3 documents it is in LIMITS, with the reason; anything else
that fails, and a limit that no longer holds, ends with status 1.

    table.py    with AWS_ENDPOINT_URL and credentials in the environment
"""

import base64
import datetime
import hashlib
import http.client
import sys
import time
import urllib.parse
import uuid

import boto3
import botocore.config
import botocore.exceptions

MB = 1 << 20
# One retry, because a request that is refused before its body is read closes the connection.
s3 = boto3.client("s3", config=botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 2}))
CHECKS = []

# Checks that fail, and why that is acceptable for this stack.
LIMITS = {
    "object: tags are stored": "no tags here; x-amz-tagging is refused rather than lost",
    "object: encryption with a customer's key": "refused: nothing in the template uses SSE-C",
    "object: restored from an archive": "refused: one storage class",
    "object: renamed": "directory buckets only",
    "list: uploads are rolled up at a delimiter": "refused: the functions and the API list parts, not uploads",
    "copy: tags are copied": "no tags here",
    "versioning: MFA delete": "refused: needs a device of AWS IAM",
}


def check(category):
    def add(function):
        CHECKS.append((f"{category}: {function.__doc__}", function))
        return function

    return add


def code_of(call, *arguments, **parameters):
    try:
        call(*arguments, **parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


class Bucket:
    def __init__(self, versioned=False):
        self.name = f"table-{uuid.uuid4().hex}"
        s3.create_bucket(Bucket=self.name)
        if versioned:
            self.version("Enabled")

    def version(self, status):
        s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": status})

    def __getattr__(self, operation):
        call = getattr(s3, operation)
        return lambda **parameters: call(Bucket=self.name, **parameters)

    def put(self, key, body=b"body", **parameters):
        return self.put_object(Key=key, Body=body, **parameters)

    def read(self, key, **parameters):
        return self.get_object(Key=key, **parameters)["Body"].read()

    def fails(self, operation, **parameters):
        return code_of(getattr(self, operation), **parameters)

    def keys(self, **parameters):
        return [entry["Key"] for entry in self.list_objects_v2(**parameters).get("Contents", [])]

    def drop(self):
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=self.name)
        for page in pages:
            for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
                s3.delete_object(Bucket=self.name, Key=entry["Key"], VersionId=entry["VersionId"])
        s3.delete_bucket(Bucket=self.name)


# ---------------------------------------------------------------- object


@check("object")
def _(bucket):
    "written, read, measured and deleted"
    bucket.put("k", b"hello")
    got = bucket.get_object(Key="k")
    assert (got["Body"].read(), got["ContentLength"]) == (b"hello", 5)
    assert got["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert bucket.head_object(Key="k")["ContentLength"] == 5
    bucket.delete_object(Key="k")
    assert bucket.fails("get_object", Key="k") == "NoSuchKey"
    assert bucket.fails("head_object", Key="k") == "404"
    bucket.delete_object(Key="k")


@check("object")
def _(bucket):
    "empty"
    bucket.put("k", b"")
    assert bucket.read("k") == b""


@check("object")
def _(bucket):
    "metadata and headers"
    headers = {
        "CacheControl": "no-cache",
        "ContentDisposition": "attachment",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "image/png",
        "Metadata": {"a": "b", "name": "value with spaces"},
    }
    bucket.put("k", **headers)
    got = bucket.head_object(Key="k")
    assert all(got[name] == value for name, value in headers.items())
    bucket.put("k")
    assert bucket.head_object(Key="k")["Metadata"] == {}


@check("object")
def _(bucket):
    "metadata of more than 2 KB are refused"
    assert bucket.fails("put_object", Key="k", Metadata={"a": "x" * 2048}) == "MetadataTooLarge"


@check("object")
def _(bucket):
    "headers of the response are chosen by the request"
    bucket.put("k")
    got = bucket.get_object(
        Key="k", ResponseContentType="foo/bar", ResponseCacheControl="no-store", ResponseContentLanguage="esperanto"
    )
    assert (got["ContentType"], got["CacheControl"], got["ContentLanguage"]) == ("foo/bar", "no-store", "esperanto")


@check("object")
def _(bucket):
    "ranges"
    bucket.put("k", b"0123456789")
    for asked, expected in [("0-3", b"0123"), ("4-", b"456789"), ("-3", b"789"), ("8-100", b"89")]:
        got = bucket.get_object(Key="k", Range=f"bytes={asked}")
        assert got["Body"].read() == expected, asked
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert bucket.fails("get_object", Key="k", Range="bytes=10-20") == "InvalidRange"
    bucket.put("empty", b"")
    assert bucket.fails("get_object", Key="empty", Range="bytes=0-1") == "InvalidRange"


@check("object")
def _(bucket):
    "odd keys"
    keys = [" ", "a b", "a+b", "a%20b", "ü/日本", "🐈", "a//b", "/a", "a/", "../a", "'\"<>&", "a\tb", "a\rb", "x" * 1024]
    for key in keys:
        bucket.put(key, key.encode())
    assert sorted(bucket.keys()) == sorted(keys)
    for key in keys:
        assert bucket.read(key) == key.encode(), key
    deleted = bucket.delete_objects(Delete={"Objects": [{"Key": key} for key in keys]})
    assert "Errors" not in deleted and len(deleted["Deleted"]) == len(keys)
    assert bucket.keys() == []
    assert bucket.fails("put_object", Key="x" * 1025) == "KeyTooLongError"


@check("object")
def _(bucket):
    "a control character in a key, which deleting by XML refuses before it deletes"
    bucket.put("a\x01b")
    bucket.put("innocent")
    objects = {"Objects": [{"Key": "innocent"}, {"Key": "a\x01b"}]}
    assert bucket.fails("delete_objects", Delete=objects) == "MalformedXML"
    assert bucket.keys() == ["a\x01b", "innocent"]


@check("object")
def _(bucket):
    "a wrong MD5 is refused, a right one not"
    right = base64.b64encode(hashlib.md5(b"body").digest()).decode()
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    bucket.put("k", ContentMD5=right)
    assert bucket.fails("put_object", Key="k", Body=b"body", ContentMD5=wrong) == "BadDigest"
    assert bucket.fails("put_object", Key="k", Body=b"body", ContentMD5="no") == "InvalidDigest"


@check("object")
def _(bucket):
    "checksums of five algorithms"
    for algorithm in ["SHA1", "SHA256", "CRC32"]:
        put = bucket.put("k", ChecksumAlgorithm=algorithm)
        name = f"Checksum{algorithm}"
        assert bucket.head_object(Key="k", ChecksumMode="ENABLED")[name] == put[name]
        assert bucket.fails("put_object", Key="k", Body=b"body", **{name: "AAAA"}) in ("BadDigest", "InvalidRequest")


@check("object")
def _(bucket):
    "tags are stored"
    bucket.put("k")
    assert bucket.get_object_tagging(Key="k")["TagSet"] == []
    bucket.put_object_tagging(Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})


@check("object")
def _(bucket):
    "a public-read ACL is refused"
    assert bucket.fails("put_object", Key="k", ACL="public-read") == "AccessControlListNotSupported"


@check("object")
def _(bucket):
    "encryption with a customer's key"
    bucket.put("k", SSECustomerAlgorithm="AES256", SSECustomerKey=b"0" * 32)


@check("object")
def _(bucket):
    "restored from an archive"
    bucket.put("k", StorageClass="GLACIER")


@check("object")
def _(bucket):
    "renamed"
    bucket.put("a")
    bucket.rename_object(Key="b", RenameSource="a")


@check("object")
def _(bucket):
    "attributes"
    bucket.put("k")
    got = bucket.get_object_attributes(Key="k", ObjectAttributes=["ETag", "ObjectSize", "StorageClass", "Checksum"])
    assert got["ObjectSize"] == 4 and got["StorageClass"] == "STANDARD" and got["Checksum"]


@check("object")
def _(bucket):
    "a bucket that holds something is not deleted"
    bucket.put("k")
    assert bucket.fails("delete_bucket") == "BucketNotEmpty"


@check("object")
def _(bucket):
    "another owner's bucket"
    assert bucket.fails("put_object", Key="k", ExpectedBucketOwner="210987654321") == "AccessDenied"


# ---------------------------------------------------------------- multipart


def upload(bucket, key, sizes, **parameters):
    upload_id = bucket.create_multipart_upload(Key=key, **parameters)["UploadId"]
    parts = []
    for number, size in enumerate(sizes, 1):
        body = bytes([64 + number]) * size
        part = bucket.upload_part(Key=key, UploadId=upload_id, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    return upload_id, parts


def complete(bucket, key, upload_id, parts):
    return bucket.complete_multipart_upload(Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts})


@check("multipart")
def _(bucket):
    "parts become an object, whose parts can be read"
    upload_id, parts = upload(bucket, "k", [5 * MB, 5 * MB, 3], ContentType="image/png", Metadata={"a": "b"})
    done = complete(bucket, "k", upload_id, parts)
    assert done["ETag"].endswith('-3"')
    got = bucket.get_object(Key="k")
    assert got["Body"].read() == b"A" * 5 * MB + b"B" * 5 * MB + b"CCC"
    assert (got["ContentType"], got["Metadata"]) == ("image/png", {"a": "b"})
    part = bucket.get_object(Key="k", PartNumber=3)
    assert (part["Body"].read(), part["PartsCount"]) == (b"CCC", 3)
    assert bucket.fails("get_object", Key="k", PartNumber=4) in ("InvalidPart", "InvalidPartNumber", "416")


@check("multipart")
def _(bucket):
    "completing twice is the same"
    upload_id, parts = upload(bucket, "k", [3])
    first = complete(bucket, "k", upload_id, parts)
    assert complete(bucket, "k", upload_id, parts)["ETag"] == first["ETag"]


@check("multipart")
def _(bucket):
    "what cannot be completed"
    upload_id, parts = upload(bucket, "k", [3, 3])
    assert code_of(complete, bucket, "k", upload_id, parts) == "EntityTooSmall"
    assert code_of(complete, bucket, "k", upload_id, parts[::-1]) == "InvalidPartOrder"
    wrong = [{"PartNumber": 1, "ETag": '"x"'}]
    assert code_of(complete, bucket, "k", upload_id, wrong) == "InvalidPart"
    assert code_of(complete, bucket, "k", "no-such-upload", parts) == "NoSuchUpload"
    assert code_of(complete, bucket, "k", upload_id, []) in ("MalformedXML", "InvalidRequest")


@check("multipart")
def _(bucket):
    "parts are replaced, listed in pages, and aborted"
    upload_id, _ = upload(bucket, "k", [5, 6, 7])
    bucket.upload_part(Key="k", UploadId=upload_id, PartNumber=2, Body=b"replaced")
    page = bucket.list_parts(Key="k", UploadId=upload_id, MaxParts=2)
    assert [part["Size"] for part in page["Parts"]] == [5, 8] and page["IsTruncated"]
    page = bucket.list_parts(Key="k", UploadId=upload_id, PartNumberMarker=page["NextPartNumberMarker"])
    assert [part["PartNumber"] for part in page["Parts"]] == [3]
    assert bucket.list_multipart_uploads()["Uploads"][0]["UploadId"] == upload_id
    bucket.abort_multipart_upload(Key="k", UploadId=upload_id)
    assert bucket.fails("list_parts", Key="k", UploadId=upload_id) == "NoSuchUpload"
    assert "Uploads" not in bucket.list_multipart_uploads()


@check("multipart")
def _(bucket):
    "parts are copied by range"
    bucket.put("source", bytes(range(256)) * 40960)
    upload_id = bucket.create_multipart_upload(Key="k")["UploadId"]
    source = {"Bucket": bucket.name, "Key": "source"}
    parts = []
    for number, asked in enumerate(["0-5242879", "5242880-10485759"], 1):
        part = bucket.upload_part_copy(
            Key="k", UploadId=upload_id, PartNumber=number, CopySource=source, CopySourceRange=f"bytes={asked}"
        )
        parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
    complete(bucket, "k", upload_id, parts)
    assert bucket.read("k") == bucket.read("source")
    assert (
        bucket.fails(
            "upload_part_copy", Key="k", UploadId=upload_id, PartNumber=1, CopySource=source, CopySourceRange="bytes=0-99999999"
        )
        is not None
    )


# ---------------------------------------------------------------- copy


@check("copy")
def _(bucket):
    "metadata are kept or replaced"
    bucket.put("a b+ü", b"x", ContentType="image/png", Metadata={"a": "b"})
    source = {"Bucket": bucket.name, "Key": "a b+ü"}
    bucket.copy_object(Key="kept", CopySource=source)
    got = bucket.get_object(Key="kept")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"x", "image/png", {"a": "b"})
    bucket.copy_object(Key="replaced", CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "d"})
    assert bucket.head_object(Key="replaced")["Metadata"] == {"c": "d"}
    assert bucket.fails("copy_object", Key="a b+ü", CopySource=source) == "InvalidRequest"
    bucket.copy_object(Key="a b+ü", CopySource=source, MetadataDirective="REPLACE")


@check("copy")
def _(bucket):
    "between buckets, and of what is not there"
    other = Bucket()
    other.put("k", b"x")
    bucket.copy_object(Key="k", CopySource={"Bucket": other.name, "Key": "k"})
    assert bucket.read("k") == b"x"
    other.drop()
    assert bucket.fails("copy_object", Key="k", CopySource={"Bucket": bucket.name, "Key": "no"}) == "NoSuchKey"
    assert bucket.fails("copy_object", Key="k", CopySource={"Bucket": other.name, "Key": "k"}) == "NoSuchBucket"


@check("copy")
def _(bucket):
    "conditions on the source"
    etag = bucket.put("a")["ETag"]
    source = {"Bucket": bucket.name, "Key": "a"}
    bucket.copy_object(Key="b", CopySource=source, CopySourceIfMatch=etag)
    for condition in [{"CopySourceIfMatch": '"x"'}, {"CopySourceIfNoneMatch": etag}]:
        assert bucket.fails("copy_object", Key="b", CopySource=source, **condition) == "PreconditionFailed"


@check("copy")
def _(bucket):
    "tags are copied"
    bucket.put("a", Tagging="x=y")


# ---------------------------------------------------------------- list


@check("list")
def _(bucket):
    "prefixes, delimiters and pages of both versions"
    keys = ["a", "b/1", "b/2", "b/c/3", "d", "ü", "日"]
    for key in keys:
        bucket.put(key)
    assert bucket.keys() == sorted(keys, key=str.encode)
    page = bucket.list_objects_v2(Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["b/"]
    page = bucket.list_objects_v2(Prefix="b/", Delimiter="/")
    assert [entry["Key"] for entry in page["Contents"]] == ["b/1", "b/2"]
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["b/c/"]
    for name in ["list_objects", "list_objects_v2"]:
        pages = s3.get_paginator(name).paginate(
            Bucket=bucket.name, Delimiter="/", PaginationConfig={"PageSize": 2}
        )
        found = [e["Key"] for p in pages for e in p.get("Contents", [])]
        assert found == ["a", "d", "ü", "日"], name
    assert bucket.keys(StartAfter="b/2") == ["b/c/3", "d", "ü", "日"]
    assert bucket.list_objects_v2(MaxKeys=0)["KeyCount"] == 0
    assert bucket.fails("list_objects_v2", ContinuationToken="no token") == "InvalidArgument"
    assert bucket.fails("list_objects", MaxKeys=-1) == "InvalidArgument"


@check("list")
def _(bucket):
    "owners are listed if asked for"
    bucket.put("k")
    assert "Owner" in bucket.list_objects()["Contents"][0]
    assert "Owner" not in bucket.list_objects_v2()["Contents"][0]
    assert "Owner" in bucket.list_objects_v2(FetchOwner=True)["Contents"][0]


@check("list")
def _(bucket):
    "uploads are rolled up at a delimiter"
    bucket.create_multipart_upload(Key="a/b")
    page = bucket.list_multipart_uploads(Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["a/"]


# ---------------------------------------------------------------- conditional


@check("conditional")
def _(bucket):
    "reads"
    etag = bucket.put("k")["ETag"]
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    for condition, expected in [
        ({"IfMatch": etag}, None),
        ({"IfMatch": '"x"'}, "PreconditionFailed"),
        ({"IfNoneMatch": etag}, "304"),
        ({"IfNoneMatch": '"x"'}, None),
        ({"IfModifiedSince": now - hour}, None),
        ({"IfModifiedSince": now}, "304"),
        ({"IfUnmodifiedSince": now}, None),
        ({"IfUnmodifiedSince": now - hour}, "PreconditionFailed"),
        ({"IfMatch": etag, "IfUnmodifiedSince": now - hour}, None),
        ({"IfNoneMatch": etag, "IfModifiedSince": now - hour}, "304"),
    ]:
        assert bucket.fails("get_object", Key="k", **condition) == expected, condition


@check("conditional")
def _(bucket):
    "writes"
    assert bucket.fails("put_object", Key="k", IfMatch='"x"') == "NoSuchKey"
    etag = bucket.put("k", IfNoneMatch="*")["ETag"]
    assert bucket.fails("put_object", Key="k", IfNoneMatch="*") == "PreconditionFailed"
    assert bucket.fails("put_object", Key="k", IfMatch='"x"') == "PreconditionFailed"
    bucket.put("k", b"new", IfMatch=etag)
    upload_id, parts = upload(bucket, "k", [3])
    assert (
        bucket.fails(
            "complete_multipart_upload", Key="k", UploadId=upload_id, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
        )
        == "PreconditionFailed"
    )


@check("conditional")
def _(bucket):
    "deletes"
    etag = bucket.put("k")["ETag"]
    assert bucket.fails("delete_object", Key="k", IfMatch='"x"') == "PreconditionFailed"
    bucket.delete_object(Key="k", IfMatch=etag)


# ---------------------------------------------------------------- versioning


@check("versioning")
def _(bucket):
    "versions are read, listed and deleted"
    assert "Status" not in bucket.get_bucket_versioning()
    bucket.put("k", b"0")
    bucket.version("Enabled")
    ids = [bucket.put("k", body)["VersionId"] for body in [b"1", b"2"]]
    assert [bucket.read("k", VersionId=i) for i in ["null", *ids]] == [b"0", b"1", b"2"]
    listed = bucket.list_object_versions()["Versions"]
    assert [v["VersionId"] for v in listed] == [ids[1], ids[0], "null"]
    assert [v["IsLatest"] for v in listed] == [True, False, False]
    bucket.delete_object(Key="k", VersionId=ids[1])
    assert bucket.read("k") == b"1"
    assert bucket.fails("get_object", Key="k", VersionId=ids[1]) == "NoSuchVersion"
    assert bucket.fails("get_object", Key="k", VersionId="x") == "InvalidArgument"


@check("versioning")
def _(bucket):
    "delete markers"
    bucket.version("Enabled")
    bucket.put("k", b"1")
    marker = bucket.delete_object(Key="k")
    assert marker["DeleteMarker"]
    assert bucket.fails("get_object", Key="k") == "NoSuchKey"
    assert bucket.fails("get_object", Key="k", VersionId=marker["VersionId"]) == "MethodNotAllowed"
    assert bucket.keys() == []
    gone = bucket.delete_object(Key="k", VersionId=marker["VersionId"])
    assert gone["DeleteMarker"] and bucket.read("k") == b"1"
    deleted = bucket.delete_objects(Delete={"Objects": [{"Key": "k"}]})["Deleted"][0]
    assert deleted["DeleteMarker"] and deleted["DeleteMarkerVersionId"]
    assert bucket.fails("delete_bucket") == "BucketNotEmpty"


@check("versioning")
def _(bucket):
    "suspended"
    bucket.version("Enabled")
    kept = bucket.put("k", b"1")["VersionId"]
    bucket.version("Suspended")
    bucket.put("k", b"2")
    bucket.put("k", b"3")
    assert len(bucket.list_object_versions()["Versions"]) == 2
    marker = bucket.delete_object(Key="k")
    assert marker["VersionId"] == "null" and marker["DeleteMarker"]
    assert bucket.read("k", VersionId=kept) == b"1"
    assert bucket.fails("get_object", Key="k", VersionId="null") == "MethodNotAllowed"


@check("versioning")
def _(bucket):
    "an old version is copied over the new one; uploads in parts are versions"
    bucket.version("Enabled")
    first = bucket.put("k", b"1")["VersionId"]
    bucket.put("k", b"2")
    done = bucket.copy_object(Key="k", CopySource={"Bucket": bucket.name, "Key": "k", "VersionId": first})
    assert done["CopySourceVersionId"] == first and done["VersionId"] and bucket.read("k") == b"1"
    upload_id, parts = upload(bucket, "k", [3])
    assert complete(bucket, "k", upload_id, parts)["VersionId"]
    assert len(bucket.list_object_versions()["Versions"]) == 4


@check("versioning")
def _(bucket):
    "listed in pages, rolled up"
    bucket.version("Enabled")
    for key in ["a", "b/1", "b/2", "c"]:
        for _ in range(3):
            bucket.put(key)
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket.name, PaginationConfig={"PageSize": 2}
    )
    assert sum(len(page["Versions"]) for page in pages) == 12
    page = bucket.list_object_versions(Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["b/"] and len(page["Versions"]) == 6


@check("versioning")
def _(bucket):
    "MFA delete"
    bucket.put_bucket_versioning(
        VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"}, MFA="serial 123456"
    )


# ---------------------------------------------------------------- presigned


def fetch(url, method="GET", body=None, headers=None):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request(method, f"{parts.path}?{parts.query}", body, headers or {})
    response = connection.getresponse()
    return response.status, response.read()


def presigned(bucket, operation, expires=60, **parameters):
    signer = boto3.client("s3", config=botocore.config.Config(signature_version="s3v4"))
    return signer.generate_presigned_url(operation, {"Bucket": bucket.name, **parameters}, expires)


@check("presigned")
def _(bucket):
    "an object is written and read by URL"
    assert fetch(presigned(bucket, "put_object", Key="k +ü"), "PUT", b"by URL")[0] == 200
    assert fetch(presigned(bucket, "get_object", Key="k +ü")) == (200, b"by URL")
    version = presigned(bucket, "get_object", Key="k +ü", ResponseContentType="a/b")
    assert fetch(version) == (200, b"by URL")
    assert fetch(presigned(bucket, "delete_object", Key="k +ü"), "DELETE")[0] == 204


@check("presigned")
def _(bucket):
    "URLs that are over, changed, or too long-lived"
    bucket.put("k")
    short = presigned(bucket, "get_object", expires=1, Key="k")
    time.sleep(2.1)
    assert fetch(short)[0] == 403
    url = presigned(bucket, "get_object", Key="k")
    assert fetch(url.replace("/k?", "/l?"))[0] == 403
    assert fetch(url, "PUT", b"x")[0] == 403
    assert fetch(url, headers={"x-amz-acl": "private"})[0] == 403
    status, body = fetch(presigned(bucket, "get_object", expires=604801, Key="k"))
    assert status == 400 and b"AuthorizationQueryParametersError" in body


def post(bucket, key, body, **policy):
    form = boto3.client("s3").generate_presigned_post(bucket.name, "up/${filename}", ExpiresIn=60, **policy)
    fields = form["fields"] | {"key": key}
    lines = []
    for name, value in fields.items():
        lines.append(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    lines.append(b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + body + b"\r\n--b--\r\n")
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(form["url"]).netloc)
    connection.request(
        "POST", f"/{bucket.name}", b"".join(lines), {"Content-Type": "multipart/form-data; boundary=b"}
    )
    response = connection.getresponse()
    return response.status, response.read()


@check("presigned")
def _(bucket):
    "forms are held to their policy"
    conditions = [["content-length-range", 1, 10]]
    assert post(bucket, "up/k", b"hello", Conditions=conditions)[0] == 204
    assert bucket.read("up/k") == b"hello"
    status, body = post(bucket, "down/k", b"hello", Conditions=conditions)
    assert status == 403 and b"AccessDenied" in body, body
    status, body = post(bucket, "up/k", b"more than ten bytes", Conditions=conditions)
    assert status == 400 and b"EntityTooLarge" in body, body


def main():
    began = time.monotonic()
    unexpected = passed = 0
    for name, function in CHECKS:
        bucket = Bucket()
        try:
            function(bucket)
            failure = None
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
        bucket.drop()
        limit = LIMITS.get(name)
        if failure is None and limit is None:
            passed += 1
        elif failure and limit:
            print(f"limit   {name}: {limit}")
        else:
            unexpected += 1
            print(f"FAILED  {name}: {failure or 'a limit that no longer holds'}")
    elapsed = time.monotonic() - began
    print(f"table    {passed} as S3, {len(CHECKS) - passed - unexpected} limits, {unexpected} failed, {elapsed:.1f} s")
    sys.exit(unexpected > 0)


main()
