"""The embedded PostgreSQL: where its cluster can live, how it is made, its address, and how to see that it answers."""

import hashlib
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engine.storage.embedded.account import Account, unprivileged_account
from engine.storage.embedded.binaries import postgres_installation
from engine.storage.embedded.folder import Credentials, ServerFolder, write_private
from engine.storage.embedded.process import ServerProcess
from engine.storage.errors import EmbeddedServerError

SHARED_PLACE = Path("/var/lib/ticktree")
"""Where what an unprivileged account must reach goes when it can not reach our own folders."""

_USER = "ticktree"
_DATABASE = "postgres"
_SOCKET_PATH_LIMIT = 75
"""Longest folder of a Unix socket, in bytes: the name in it takes another 20 or so."""
_INITDB_TIMEOUT_S = 120.0
_PROBE_TIMEOUT_S = 0.5
_PROTOCOL_3 = 196608


def prepare_postgres(data_folder: Path) -> ServerProcess:
    """A PostgreSQL server that keeps its cluster in ``data_folder/postgres/cluster``, made when there is none.

    PostgreSQL refuses root: then it runs as an unprivileged account. What that account can not reach (a cluster below
    /root, binaries in a virtual environment there) goes to ``/var/lib/ticktree``, and ``notes`` says so.
    """
    account = unprivileged_account()
    folder = ServerFolder(data_folder.resolve() / "postgres", orphan_signal=signal.SIGINT)
    try:
        installation = _reachable_installation(account)
        cluster, notes = _reachable_cluster(folder.path, account)
        credentials = _make_cluster(folder, cluster, installation, account)
        return ServerProcess(
            name="postgres",
            argv=_command(installation, cluster, credentials),
            environment=_environment(),
            working_folder=cluster,
            folder=folder,
            url=f"postgresql://{_USER}:{credentials.password}@127.0.0.1:{credentials.port}/ticktree",
            probe=lambda: _answers(credentials.port),
            stop_signal=signal.SIGINT,  # "fast": sessions are ended, what was committed is written
            stop_budget_s=20.0,
            account=account,
            notes=(*folder.notes, *notes),
        )
    except BaseException:
        folder.release()
        raise


def _command(installation: Path, cluster: Path, credentials: Credentials) -> tuple[str, ...]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(credentials.port),
        "unix_socket_directories": str(cluster) if len(os.fsencode(cluster)) <= _SOCKET_PATH_LIMIT else "",
        "max_connections": "60",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return (str(installation / "bin" / "postgres"), "-D", str(cluster / "data"), *options)


def _environment() -> Mapping[str, str]:
    return {"PATH": os.defpath, "TZ": "UTC", "LC_ALL": "C"}


# -- the cluster


def _make_cluster(folder: ServerFolder, cluster: Path, installation: Path, account: Account | None) -> Credentials:
    """Runs initdb beside the final place and renames: a broken attempt never passes for a cluster."""
    exists = (cluster / "data").exists()
    if exists and not (folder.path / "credentials.json").exists():
        raise EmbeddedServerError(
            f"{folder.path}/credentials.json is missing, and with it the password of {cluster}: restore it."
        )
    credentials = folder.credentials()
    if not exists:
        fresh = cluster / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        _initialise(fresh, cluster, installation, credentials, account)
        fresh.rename(cluster / "data")
    return credentials


def _initialise(
    fresh: Path, cluster: Path, installation: Path, credentials: Credentials, account: Account | None
) -> None:
    password_file = cluster / "password"
    owner = (account.uid, account.gid) if account else None
    write_private(password_file, credentials.password.encode(), owner=owner)
    command = [
        *(str(installation / "bin" / "initdb"), "-D", str(fresh), "--username", _USER),
        *("--auth", "scram-sha-256", "--pwfile", str(password_file)),
        *("--encoding", "UTF8", "--no-locale", "--no-instructions"),
    ]
    try:
        result = subprocess.run(  # noqa: S603
            command,
            env=dict(_environment()),
            cwd=cluster,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            capture_output=True,
            text=True,
            timeout=_INITDB_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedServerError(f"initdb could not make {cluster}: {error}.") from error
    finally:
        password_file.unlink(missing_ok=True)
    if result.returncode:
        complaint = " ".join(
            line.strip() for line in result.stderr.splitlines() if "error" in line.lower() or "FATAL" in line
        )
        raise EmbeddedServerError(f"initdb could not make {cluster}: {complaint or result.stderr[-300:].strip()}")


def _reachable_cluster(home: Path, account: Account | None) -> tuple[Path, tuple[str, ...]]:
    """The folder of the cluster: in our own, or, where its account can not go there, elsewhere with a link to it.

    A place elsewhere has a new name each time: whoever removes the data folder begins anew, without the password of before.
    """
    link = home / "cluster"
    if account:
        for ours in (home.parent, home):
            _let_pass(ours, account)
    if not link.is_symlink() and (account is None or account.can_reach(home)):
        _own(link, account)
        return link, ()
    if not link.is_symlink():
        link.symlink_to(_shared_folder() / f"cluster-{secrets.token_hex(6)}")
    elsewhere = link.readlink()
    _own(elsewhere, account)
    reason = f" as {account.name}, who can not enter {account.blocking(home)}" if account else ""
    return elsewhere, (f"PostgreSQL runs{reason}: its cluster is in {elsewhere}.",)


def _let_pass(folder: Path, account: Account) -> None:
    """Opens one of our own private folders for the account to go through, and for nobody else, nor to be listed."""
    status = folder.stat()
    if status.st_uid == os.geteuid() and not account.can_pass(folder):
        os.chown(folder, -1, account.gid)
        folder.chmod(0o710)


def _own(folder: Path, account: Account | None) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if account:
            os.chown(folder, account.uid, account.gid)
        folder.chmod(0o700)
    except OSError as error:
        raise EmbeddedServerError(f"The cluster's folder {folder} can not be used: {error.strerror}.") from error


def _shared_folder() -> Path:
    try:
        if not SHARED_PLACE.is_dir():
            SHARED_PLACE.mkdir(parents=True)
            SHARED_PLACE.chmod(0o711)  # whatever the umask
    except OSError as error:
        raise EmbeddedServerError(
            "PostgreSQL refuses to run as root, no other account can enter our folders, and "
            f"{SHARED_PLACE} can not be made ({error.strerror}): set TICKTREE_DATA_DIR to a folder outside /root."
        ) from error
    return SHARED_PLACE


# -- the binaries


def _reachable_installation(account: Account | None) -> Path:
    """The installation in the wheel, or its copy where the account can not enter the virtual environment."""
    installation = postgres_installation()
    if account is None or account.can_reach(installation / "bin" / "postgres"):
        return installation
    package = installation.parent
    mark = hashlib.sha256(f"{package} {installation.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = _shared_folder() / f"binaries-{mark}"
    if not copy.exists():
        _copy_installation(installation, copy)
    return copy / package.name / installation.name


def _copy_installation(installation: Path, target: Path) -> None:
    package = installation.parent
    fresh = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    try:
        for source in (installation, package.with_name(f"{package.name}.libs")):  # found by $ORIGIN/../../../
            if source.exists():
                leaves_out = shutil.ignore_patterns("include", "pgxs", "*.a")
                shutil.copytree(source, fresh / source.relative_to(package.parent), symlinks=True, ignore=leaves_out)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        fresh.rename(target)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if not target.exists():  # else another launcher was faster
            raise EmbeddedServerError(f"PostgreSQL's binaries can not be copied to {target}: {error}.") from error


# -- the probe


def _answers(port: int) -> bool:
    """Says hello as a client does: a server that starts up or shuts down answers with an error, a ready one asks who."""
    parameters = b"user\0" + _USER.encode() + b"\0database\0" + _DATABASE.encode() + b"\0\0"
    hello = struct.pack("!ii", len(parameters) + 8, _PROTOCOL_3) + parameters
    try:
        with socket.create_connection(("127.0.0.1", port), _PROBE_TIMEOUT_S) as connection:
            connection.sendall(hello)
            return connection.recv(1024).startswith(b"R")
    except OSError:
        return False
