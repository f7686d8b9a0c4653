"""Old Office files (.doc, .xls, .ppt), converted by LibreOffice where it is installed.

It runs with a profile of its own that allows no macros and no links, within limits of time and
memory, and what it writes goes through the readers of the new formats.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted, Maker
from octavo.ingest.office.docx import make_docx
from octavo.ingest.office.pptx import make_pptx
from octavo.ingest.office.xlsx import make_xlsx
from octavo.ingest.worker import limited_command

_PROGRAMS = ("soffice", "libreoffice")
_SECONDS = 90  # under the 120 s that a page may take, so that this message is the one that is seen
_MEMORY = 4 << 30
#: By which it asks to be started again: with a new profile it does, once.
_RESTART = (81, 79)
_STARTS = 3
#: No macros, no content from elsewhere, and a proxy that is not there for what asks all the same.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"
 xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop
 oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop><prop
 oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop><prop
 oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop><prop
 oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link"
 oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link"
 oor:op="fuse"><value>1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetProxyType"
 oor:op="fuse"><value>1</value></prop><prop oor:name="ooInetHTTPProxyName" oor:op="fuse"><value
>127.0.0.1</value></prop><prop oor:name="ooInetHTTPProxyPort" oor:op="fuse"><value>9</value></prop
><prop oor:name="ooInetHTTPSProxyName" oor:op="fuse"><value>127.0.0.1</value></prop><prop
 oor:name="ooInetHTTPSProxyPort" oor:op="fuse"><value>9</value></prop></item>
</oor:items>
"""


@dataclass(frozen=True, slots=True)
class _OldFormat:
    """What a user calls it, its suffix, and that of the new format."""

    noun: str
    suffix: str
    to: str


def make_doc(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError where LibreOffice is missing, fails or takes too long."""
    return _converted(data, bounds, _OldFormat("a Word file", ".doc", ".docx"), make_docx)


def make_xls(data: bytes, bounds: FileLimits) -> Converted:
    """Raises as `make_doc`."""
    return _converted(data, bounds, _OldFormat("an Excel file", ".xls", ".xlsx"), make_xlsx)


def make_ppt(data: bytes, bounds: FileLimits) -> Converted:
    """Raises as `make_doc`."""
    old = _OldFormat("a PowerPoint file", ".ppt", ".pptx")
    return _converted(data, bounds, old, make_pptx)


def find_libreoffice() -> str:
    """The program, or empty where there is none on the PATH. The one behind the start script,
    where it can be found: that one cannot be outlived by it."""
    script = next(filter(None, map(shutil.which, _PROGRAMS)), "")
    program = Path(os.path.realpath(script)).with_name("soffice.bin") if script else Path()
    return str(program) if script and program.is_file() else script


def _converted(data: bytes, bounds: FileLimits, old: _OldFormat, make: Maker) -> Converted:
    program = find_libreoffice()
    if not program:
        raise DocumentError(
            f"is {old.noun} of the old format ({old.suffix}), which LibreOffice reads: install it "
            f"(soffice on the PATH), or save the file as {old.to} or PDF"
        )
    start = time.strftime("%Y-%m-%dT%H:%M", time.gmtime())
    with tempfile.TemporaryDirectory(prefix="octavo-") as folder:
        place = Path(folder)
        (place / f"document{old.suffix}").write_bytes(data)
        output = _run(program, place, old.suffix, old.to)
        bounds.check_unpacked(output.stat().st_size)
        converted = make(output.read_bytes(), bounds)
    # Of a file without a date it is that of the conversion.
    dated = converted.metadata.get("creationDate", "")
    old_date = {"creationDate": dated if dated[:16] < start else ""}
    return replace(converted, metadata=converted.metadata | old_date)


def _run(program: str, place: Path, suffix: str, to: str) -> Path:
    """The file that the program wrote. Raises DocumentError where it wrote none in time."""
    profile = place / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
    command = [
        program, f"-env:UserInstallation={(place / 'profile').as_uri()}", "--headless",
        "--norestore", "--nolockcheck", "--nodefault", "--convert-to", to.removeprefix("."),
        "--outdir", str(place / "out"), str(place / f"document{suffix}"),
    ]  # fmt: skip
    limited = [sys.executable, "-I", "-S", limited_command.__file__, str(_SECONDS), str(_MEMORY)]
    code, start = _RESTART[0], time.monotonic()
    for _ in range(_STARTS):
        if code in _RESTART:
            left = _SECONDS - (time.monotonic() - start)
            code = _exit_code(command if sys.platform == "win32" else [*limited, *command],
                              place, left)  # fmt: skip
    output = place / "out" / f"document{to}"
    if not output.is_file():
        lines = (place / "said").read_text(encoding="utf-8", errors="replace").split("\n")
        why = next((x.strip()[:200] for x in reversed(lines) if x.strip()), "")
        raise DocumentError(
            f"could not be converted by LibreOffice (exit code {code})"
            + (f": {why}" if why else "")
        )
    return output


def _exit_code(command: list[str], place: Path, seconds: float) -> int:
    """Runs the program; what it says goes to `said`. Raises DocumentError where it takes longer."""
    with (place / "said").open("ab") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=place,
            env=_environment(place),
            start_new_session=True,
        )
        try:
            return process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            raise DocumentError(f"took LibreOffice over {_SECONDS} s to convert") from None
        finally:
            _end(process)


def _environment(place: Path) -> dict[str, str]:
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
    proxy = dict.fromkeys(("http_proxy", "https_proxy", "ftp_proxy"), "http://127.0.0.1:9")
    own = {"HOME": str(place), "TMPDIR": str(place), "LANG": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp"}
    return {k: os.environ[k] for k in kept if k in os.environ} | proxy | own


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends it and what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
