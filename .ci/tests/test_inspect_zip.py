"""`.ci/inspect-zip`, with zips of programs that the C compiler makes."""

import pathlib
import platform
import random
import subprocess
import tempfile
import unittest
import zipfile

COMMAND = pathlib.Path(__file__).parent.parent / "inspect-zip"
HERE, ELSEWHERE = ("arm64", "x86_64") if platform.machine() == "aarch64" else ("x86_64", "arm64")


class InspectZip(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        source = pathlib.Path(cls.folder.name) / "main.c"
        source.write_text('#include <stdio.h>\nint main(void) { return puts("") < 0; }\n')
        program = source.with_suffix("")
        subprocess.run(["cc", "-o", program, source], check=True)
        cls.program = program.read_bytes()
        subprocess.run(
            ["cc", "-static", "-nostdlib", "-Wl,--entry=main", "-fno-builtin", "-o", program, "-x", "c", "-"],
            input=b"int main(void) { for (;;) {} }",
            check=True,
        )
        cls.without_glibc = program.read_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def inspect(self, *entries, architecture=HERE):
        path = pathlib.Path(self.folder.name) / "function.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, mode, content in entries:
                entry = zipfile.ZipInfo(name)
                entry.external_attr = (0o100000 | mode) << 16
                entry.create_system = 3
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
        ran = subprocess.run([COMMAND, architecture, path], capture_output=True, text=True)
        return ran.returncode == 0, ran.stdout + ran.stderr

    def refused(self, why, *entries, **options):
        passed, output = self.inspect(*entries, **options)
        self.assertFalse(passed, output)
        self.assertIn(why, output)

    def test_one_executable_bootstrap_passes(self):
        passed, output = self.inspect(("bootstrap", 0o755, self.program))
        # A program of this machine may need a newer glibc than Lambda's; then it must say so.
        self.assertTrue(passed or "Lambda has 2.34" in output, output)
        self.assertIn("glibc 2.", output)

    def test_other_contents_are_refused(self):
        self.refused("not just bootstrap", ("bootstrap", 0o755, self.program), ("x", 0o755, b""))
        self.refused("not just bootstrap", ("bin/bootstrap", 0o755, self.program))
        self.refused("not everybody may run it", ("bootstrap", 0o644, self.program))
        self.refused("not a 64-bit executable", ("bootstrap", 0o755, b"#!/bin/sh\n"))
        self.refused(", not for ", ("bootstrap", 0o755, self.program), architecture=ELSEWHERE)
        self.refused("needs no glibc", ("bootstrap", 0o755, self.without_glibc))

    def test_a_newer_glibc_than_lambdas_is_refused(self):
        newest = max(version for version in (b"2.2.5", b"2.17", b"2.34") if b"GLIBC_" + version in self.program)
        newer = self.program.replace(b"GLIBC_" + newest, b"GLIBC_9.99"[: 6 + len(newest)].ljust(6 + len(newest), b"9"))
        self.refused("Lambda has 2.34", ("bootstrap", 0o755, newer))

    def test_a_large_one_is_refused(self):
        noise = random.Random(1).randbytes(6_100_000)
        passed, output = self.inspect(("bootstrap", 0o755, self.program + noise))
        self.assertFalse(passed)
        self.assertTrue("more than 6000000" in output or "Lambda has 2.34" in output, output)


if __name__ == "__main__":
    unittest.main()
