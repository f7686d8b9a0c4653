"""Models on this machine: pulled once, hashed, checked on every load, never fetched in passing."""

from __future__ import annotations

import lzma
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from octavo.api.model_files import (
    RECORD_FILE,
    ModelRecord,
    differences,
    file_sums,
    identity,
    read_record,
    sha256,
    write_record,
)
from octavo.index.encoders.encoder import ModelError

_REVISION = re.compile(r"(?!.*\.\.)[\w.-]+(/[\w.-]+)*")  # a branch, a tag, a commit, refs/pr/1
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model directory whose files were checked. `identity` names it and all its bytes."""

    directory: Path
    identity: str


class ModelStore:
    """A folder of models: `<organisation>--<name>/<revision>/`, each with its record."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def directory(self, name: str, revision: str) -> Path:
        """Where a hub name is kept, there or not. Raises ModelError for what is no hub name."""
        if not _HUB_NAME.fullmatch(name) or not _REVISION.fullmatch(revision) or ".." in name:
            raise ModelError(
                f"model {name!r}, revision {revision!r}: neither a folder on this machine nor a "
                "hub name of the form organisation/name"
            )
        return self._root / name.replace("/", "--") / revision.replace("/", "--")

    def installed(
        self,
        name: str,
        revision: str = "main",
        files: Sequence[str] | None = None,
        wanted_by: str = "PROFILE",
    ) -> InstalledModel:
        """A model by hub name, or a folder of the user's own, every file hashed now. `files` are
        the patterns of those that a profile uses (empty: all of the hub's; None: whatever was
        pulled): they make the identity.

        Raises ModelError that says which file is missing or changed, and how to bring it.
        """
        own = Path(name).expanduser()
        if _is_path(name) and own.is_dir():
            return InstalledModel(own, identity(own.name, file_sums(own)))
        if _is_path(name) and own.is_file():  # one file: a GGUF
            return InstalledModel(own, identity(own.name, {own.name: sha256(own)}))
        directory = self.directory(name, revision)
        record = read_record(directory)
        if record is None or not (files is None or record.covers(files)):
            raise ModelError(
                f"model {name} (revision {revision}) is not on this machine: it should be in "
                f"{directory}. Bring it with: octavo models pull {wanted_by}; or, without a "
                f"network, on a machine that has it: octavo models bundle {wanted_by} -o "
                "models.tar, and here: octavo models unpack models.tar"
            )
        wrong = differences(directory, record)
        if (record.name, record.revision) != (name, revision):
            wrong.append(f"{directory} holds {record.name}, revision {record.revision}")
        if wrong:
            raise ModelError(
                f"model {name}: {'; '.join(wrong)}. Bring it again: octavo models pull "
                f"{wanted_by} --again"
            )
        used = record.matching(files or ())
        return InstalledModel(directory, identity(f"{name}@{record.commit[:12]}", used))

    def pull(
        self, name: str, revision: str, files: Sequence[str], hub: str, again: bool = False
    ) -> ModelRecord:
        """Fetches a model from the hub, unless it is here; the one place that uses the network.

        Two profiles may use different files of one model: what was asked for before is fetched,
        too. The hub's own sha256 of large files is compared with what arrived. Raises ModelError.
        """
        directory = self.directory(name, revision)
        record = read_record(directory)
        if record and record.covers(files) and not again and not differences(directory, record):
            return record
        wanted = list(files)
        if record is not None and wanted:
            wanted = sorted({*wanted, *record.patterns}) if record.patterns else []
        part = directory.with_name(directory.name + ".part")
        if again:
            shutil.rmtree(part, ignore_errors=True)
        commit = _download(name, revision, wanted, hub, part)
        shutil.rmtree(part / ".cache", ignore_errors=True)
        sums = file_sums(part)
        if not sums:
            raise ModelError(f"model {name}: the hub has no file that matches {wanted}")
        size = sum((part / f).stat().st_size for f in sums)
        record = ModelRecord(name, revision, commit, wanted, sums, size)
        write_record(part, record)
        shutil.rmtree(directory, ignore_errors=True)
        part.rename(directory)
        return record

    def records(self) -> list[tuple[Path, ModelRecord]]:
        """Every model that was pulled, with its folder."""
        models = []
        for file in sorted(self._root.glob(f"*/*/{RECORD_FILE}")):
            record = read_record(file.parent)
            if record is not None:
                models.append((file.parent, record))
        return models

    def bundle(self, models: Iterable[tuple[str, str]], out: Path) -> list[ModelRecord]:
        """One tar archive of models (name, revision) for a machine without a network, each
        checked before it goes in. Raises ModelError for one that is missing or changed."""
        chosen = []
        for name, revision in models:
            self.installed(name, revision)
            directory = self.directory(name, revision)
            record = read_record(directory)
            if record is not None:
                chosen.append((directory, record))
        part = out.with_name(out.name + ".part")
        with tarfile.open(part, "w") as archive:
            for directory, _ in chosen:
                archive.add(directory, str(directory.relative_to(self._root)))
        part.replace(out)
        return [record for _, record in chosen]

    def unpack(self, archive: Path) -> list[ModelRecord]:
        """Models of a bundle into this library; each is checked before it counts as there.

        Raises ModelError for an archive that is none, or holds anything else than models.
        """
        landing = self._root / ".unpacking"
        shutil.rmtree(landing, ignore_errors=True)
        landing.mkdir(parents=True)
        try:
            try:
                with tarfile.open(archive) as opened:
                    _extract(opened, landing)
            except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
                raise ModelError(f"{archive} is not a bundle of models: {error}") from None
            records = ModelStore(landing).records()
            if not records:
                raise ModelError(f"{archive} holds no model")
            for directory, record in records:
                wrong = differences(directory, record)
                if ModelStore(landing).directory(record.name, record.revision) != directory:
                    wrong.append("its folder is that of another model")
                if wrong:
                    raise ModelError(f"{archive}: model {record.name}: {'; '.join(wrong)}")
                home = self.directory(record.name, record.revision)
                shutil.rmtree(home, ignore_errors=True)
                home.parent.mkdir(parents=True, exist_ok=True)
                directory.rename(home)
            return [record for _, record in records]
        finally:
            shutil.rmtree(landing, ignore_errors=True)


def _extract(archive: tarfile.TarFile, landing: Path) -> None:
    """Plain files inside `landing` and nothing else: no links, no devices, no way out. (Python's
    own filter for that came with 3.11.4.) Raises ModelError."""
    for member in archive:
        if member.isdir():
            continue
        path = PurePosixPath(member.name)
        stream = archive.extractfile(member) if member.isfile() else None
        if stream is None or path.is_absolute() or ".." in path.parts or "\\" in member.name:
            raise ModelError(f"the archive holds {member.name!r}, which is no file of a model")
        target = landing / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with stream, target.open("wb") as file:
            shutil.copyfileobj(stream, file)


def _is_path(name: str) -> bool:
    """A hub name is never taken for a folder that happens to stand in the working directory."""
    return name.startswith((".", "/", "~")) or "\\" in name or not _HUB_NAME.fullmatch(name)


def _download(name: str, revision: str, files: Sequence[str], hub: str, into: Path) -> str:
    """Files of a hub model into a folder; the commit that the revision stands for."""
    from huggingface_hub import HfApi, snapshot_download

    into.mkdir(parents=True, exist_ok=True)
    try:
        info = HfApi(endpoint=hub).model_info(name, revision=revision, files_metadata=True)
        commit = str(info.sha or "")
        snapshot_download(
            name,
            revision=commit or revision,
            local_dir=into,
            allow_patterns=list(files) or None,
            endpoint=hub,
        )
    except Exception as error:  # noqa: BLE001  the errors of its HTTP client, which changes
        raise ModelError(
            f"model {name} could not be pulled from {hub}: {error}. Expected: a model of that "
            "name, reachable from here (a gated one needs HF_TOKEN)"
        ) from None
    expected = {s.rfilename: s.lfs.sha256 for s in info.siblings or [] if s.lfs}
    for file, found in file_sums(into).items():
        if file in expected and expected[file] != found:
            (into / file).unlink()
            raise ModelError(
                f"model {name}: {file} arrived damaged (its sha256 is not the hub's); pull again"
            )
    return commit
