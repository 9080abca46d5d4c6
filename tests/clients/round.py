"""A round of each S3 client against a running stack: files with odd names and one of 20 MB go up, are listed, copied,
moved, synchronized, come down unchanged, and are deleted.

    round.py [CLIENT...]    with AWS_ENDPOINT_URL and credentials in the environment

Clients: aws1 and aws2 (AWS CLI), rclone, s3cmd, sdk-js, boto3. A client that is not installed is an error, unless
SKIP_MISSING is set.
"""

import filecmp
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import boto3

HERE = pathlib.Path(__file__).parent
BIG = 20 << 20
NAMES = [
    "plain.txt",
    "deep/er/file",
    "with space.txt",
    "plus+sign.txt",
    "percent%20twice%2520.txt",
    "ünïcødé 日本.txt",
    "cat 🐈.jpg",
    "quote'double\".txt",
    "amp&lt<gt>.xml",
    "semi;colon=eq,comma",
    "tilde~star*(paren)!",
    "at@colon:dollar$",
    "question?hash#",
    "[bracket]{brace}^|`",
    ".hidden",
    "trailing.",
]


def client_binaries():
    return {
        "aws1": os.environ.get("AWS_CLI_1", "aws"),
        "aws2": os.environ.get("AWS_CLI_2", "/usr/bin/aws"),
        "rclone": "rclone",
        "s3cmd": "s3cmd",
        "sdk-js": "node",
        "boto3": sys.executable,
    }


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    if done.returncode:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def make_files(folder):
    """Files an hour old: S3's times are in whole seconds, and a file newer than its object would be sent again."""
    generator = random.Random(1)
    hour_ago = time.time() - 3600
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * generator.randint(1, 100))
    (folder / "big file+.bin").write_bytes(generator.randbytes(BIG))
    for name in files(folder):
        os.utime(folder / name, (hour_ago, hour_ago))


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def assert_same(first, second):
    assert files(first) == files(second), f"{files(first)}\n{files(second)}"
    for name in files(first):
        assert filecmp.cmp(first / name, second / name, shallow=False), name


class Round:
    """What a client has to do; the result is checked with boto3."""

    def __init__(self, name, binary, folder):
        self.binary = binary
        self.up = folder / "up"
        self.down = folder / "down"
        self.folder = folder
        self.a, self.b = f"round-{name}-a", f"round-{name}-b"
        self.s3 = boto3.client("s3")
        for bucket in (self.a, self.b):
            self.s3.create_bucket(Bucket=bucket)

    def keys(self, bucket):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def expect(self, bucket, keys):
        assert self.keys(bucket) == sorted(keys), f"{bucket}: {self.keys(bucket)}\n{sorted(keys)}"

    def play(self):
        everything = files(self.up)
        self.upload()
        self.expect(self.a, everything)
        self.download()
        assert_same(self.up, self.down)
        shutil.rmtree(self.down)
        self.nothing_to_sync()
        # Copied on the server, large objects in parts.
        self.copy("big file+.bin", "copy of big+.bin")
        self.copy("ünïcødé 日本.txt", "copy+ü.txt")
        self.expect(self.b, ["copy of big+.bin", "copy+ü.txt"])
        assert self.content(self.b, "copy of big+.bin") == (self.up / "big file+.bin").read_bytes()
        assert self.content(self.b, "copy+ü.txt") == (self.up / "ünïcødé 日本.txt").read_bytes()
        self.move("big file+.bin", "moved.bin")
        self.expect(self.a, [name for name in everything if name != "big file+.bin"])
        assert self.content(self.b, "moved.bin") == (self.up / "big file+.bin").read_bytes()
        self.remove(self.a)
        self.expect(self.a, [])
        self.remove(self.b)
        self.expect(self.b, [])

    def content(self, bucket, key):
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def clean(self):
        for bucket in (self.a, self.b):
            for key in self.keys(bucket):
                self.s3.delete_object(Bucket=bucket, Key=key)
            self.s3.delete_bucket(Bucket=bucket)


class AwsCli(Round):
    def aws(self, *arguments):
        # CLI 2 supports AWS_ENDPOINT_URL since 2.13; Debian 12 has 2.9.
        return run(self.binary, "--endpoint-url", os.environ["AWS_ENDPOINT_URL"], "s3", *arguments)

    def upload(self):
        self.aws("cp", "--recursive", "--no-progress", str(self.up), f"s3://{self.a}")

    def download(self):
        self.aws("sync", "--no-progress", f"s3://{self.a}", str(self.down))

    def nothing_to_sync(self):
        # The files are older than the objects, and of their size.
        printed = self.aws("sync", str(self.up), f"s3://{self.a}")
        assert printed == "", f"sync transferred again: {printed}"

    def copy(self, name, to):
        self.aws("cp", "--no-progress", f"s3://{self.a}/{name}", f"s3://{self.b}/{to}")

    def move(self, name, to):
        self.aws("mv", "--no-progress", f"s3://{self.a}/{name}", f"s3://{self.b}/{to}")

    def remove(self, bucket):
        self.aws("rm", "--recursive", f"s3://{bucket}")


class Rclone(Round):
    def rclone(self, *arguments):
        config = {
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_LOCAL_TYPE": "s3",
            "RCLONE_CONFIG_LOCAL_PROVIDER": "Other",
            "RCLONE_CONFIG_LOCAL_ENV_AUTH": "true",
            "RCLONE_CONFIG_LOCAL_REGION": os.environ["AWS_REGION"],
            "RCLONE_CONFIG_LOCAL_ENDPOINT": os.environ["AWS_ENDPOINT_URL"],
            # In parts, as rclone does from 200 MB.
            "RCLONE_S3_UPLOAD_CUTOFF": "8M",
            "RCLONE_S3_COPY_CUTOFF": "8M",
        }
        return run(self.binary, "--retries=1", *arguments, env=os.environ | config)

    def upload(self):
        self.rclone("sync", str(self.up), f"LOCAL:{self.a}")

    def download(self):
        self.rclone("copy", f"LOCAL:{self.a}", str(self.down))

    def nothing_to_sync(self):
        self.rclone("check", "--download", str(self.up), f"LOCAL:{self.a}")

    def copy(self, name, to):
        self.rclone("copyto", f"LOCAL:{self.a}/{name}", f"LOCAL:{self.b}/{to}")

    def move(self, name, to):
        self.rclone("moveto", f"LOCAL:{self.a}/{name}", f"LOCAL:{self.b}/{to}")

    def remove(self, bucket):
        self.rclone("delete", f"LOCAL:{bucket}")


class S3cmd(Round):
    def s3cmd(self, *arguments):
        host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
        # No region is configured: the first response names it.
        return run(
            self.binary,
            f"--config={os.devnull}",
            "--no-ssl",
            f"--host={host}",
            f"--host-bucket={host}",
            f"--access_key={os.environ['AWS_ACCESS_KEY_ID']}",
            f"--secret_key={os.environ['AWS_SECRET_ACCESS_KEY']}",
            "--no-progress",
            *arguments,
        )

    def upload(self):
        self.s3cmd("put", "--recursive", f"{self.up}/", f"s3://{self.a}/")
        self.s3cmd("info", f"s3://{self.a}")
        self.s3cmd("info", f"s3://{self.a}/plain.txt")

    def download(self):
        self.down.mkdir()
        self.s3cmd("get", "--recursive", f"s3://{self.a}/", f"{self.down}/")

    def nothing_to_sync(self):
        assert "upload:" not in self.s3cmd("sync", f"{self.up}/", f"s3://{self.a}/")

    def copy(self, name, to):
        self.s3cmd("cp", f"s3://{self.a}/{name}", f"s3://{self.b}/{to}")

    def move(self, name, to):
        self.s3cmd("mv", f"s3://{self.a}/{name}", f"s3://{self.b}/{to}")

    def remove(self, bucket):
        self.s3cmd("del", "--recursive", "--force", f"s3://{bucket}")


class Boto3(Round):
    def upload(self):
        for name in files(self.up):
            self.s3.upload_file(str(self.up / name), self.a, name)

    def download(self):
        for key in self.keys(self.a):
            path = self.down / key
            path.parent.mkdir(parents=True, exist_ok=True)
            self.s3.download_file(self.a, key, str(path))

    def nothing_to_sync(self):
        pass

    def copy(self, name, to):
        self.s3.copy({"Bucket": self.a, "Key": name}, self.b, to)

    def move(self, name, to):
        self.copy(name, to)
        self.s3.delete_object(Bucket=self.a, Key=name)

    def remove(self, bucket):
        keys = [{"Key": key} for key in self.keys(bucket)]
        done = self.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
        assert "Errors" not in done, done


class SdkJs(Round):
    def js(self, *arguments):
        return run(self.binary, str(HERE / "sdk-js.mjs"), *arguments)

    def upload(self):
        self.js("upload", str(self.up), self.a)

    def download(self):
        self.js("download", self.a, str(self.down))

    def nothing_to_sync(self):
        self.js("presign", self.a)

    def copy(self, name, to):
        self.js("copy", self.a, name, self.b, to)

    def move(self, name, to):
        self.js("copy", self.a, name, self.b, to)
        self.js("delete", self.a, name)

    def remove(self, bucket):
        self.js("empty", bucket)


ROUNDS = {
    "aws1": AwsCli,
    "aws2": AwsCli,
    "rclone": Rclone,
    "s3cmd": S3cmd,
    "sdk-js": SdkJs,
    "boto3": Boto3,
}


def main():
    failed = 0
    binaries = client_binaries()
    for name in sys.argv[1:] or ROUNDS:
        if not shutil.which(binaries[name]):
            print(f"{name:8} NOT INSTALLED")
            failed += "SKIP_MISSING" not in os.environ
            continue
        folder = pathlib.Path(tempfile.mkdtemp(prefix="round-"))
        make_files(folder / "up")
        began = time.monotonic()
        player = ROUNDS[name](name, binaries[name], folder)
        try:
            player.play()
            print(f"{name:8} ok, {len(NAMES) + 1} files, {time.monotonic() - began:.1f} s")
        except AssertionError as error:
            failed += 1
            print(f"{name:8} FAILED: {error}")
        finally:
            player.clean()
            shutil.rmtree(folder)
    sys.exit(failed > 0)


main()
