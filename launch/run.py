"""`make run`: databases, migrations, sandbox, first catalogue, web, workers, ticker; one supervisor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import psycopg

from config import Config, ConfigError
from launch import embedded, settings
from launch.ports import answers
from launch.say import Problem, colour, step, warn
from launch.setup import ROOT
from launch.supervise import Process, Supervisor, hurry_on_signals, stop_on_signals

#: one worker process each
QUEUES = ("inbound", "fulfilment", "email", "catalog", "pictures", "webhooks", "channels", "sync")
RUN_ENV = settings.VAR / "run.env"  # how other commands reach the running shop's databases


def run_shop() -> int:
    """Start everything and stay until Ctrl-C or SIGTERM; returns the exit status."""
    os.chdir(ROOT)
    env = settings.read_settings()
    settings.set_defaults(env)
    sandbox = settings.is_sandbox(env)
    if sandbox:
        settings.use_sandbox(env)
    settings.keep_secrets(env, settings.VAR / "secrets.env")
    check_settings(env)
    held = settings.lock(settings.VAR / "run.lock")
    if held is None:
        raise Problem("The shop of this directory is already running: stop it first (Ctrl-C where it runs).")
    stop_on_signals()
    supervisor = Supervisor(settings.VAR)  # ends what a killed launcher left behind; then ports are looked at
    try:
        settings.check_ports(env, sandbox)
        start_databases(supervisor, env)
        settings.write_private(RUN_ENV, env)
        prepare(supervisor, env, sandbox)
        start_shop(supervisor, env)
        print(welcome(env, sandbox), flush=True)
        supervisor.watch()
    except KeyboardInterrupt:
        print(flush=True)
    finally:
        hurry_on_signals(supervisor)
        if supervisor.batches:
            step("Stopping")
        supervisor.stop()
        RUN_ENV.unlink(missing_ok=True)
        held.close()
    step("Everything has stopped")
    return 0


def check_settings(env: Mapping[str, str]) -> None:
    """Every wrong or missing setting at once, before anything is started. Raises Problem."""
    problems = [
        f"{missing} is missing ({given} is set: set both, or neither to trade in the sandbox)"
        for given, missing in (settings.PROVIDER_KEYS, settings.PROVIDER_KEYS[::-1])
        if env.get(given) and not env.get(missing)
    ]
    # The embedded servers' addresses are known only after they have started.
    trial = {"DATABASE_URL": "postgresql+psycopg://", "REDIS_URL": "redis://", **env}
    try:
        Config.from_env(trial)
    except ConfigError as error:
        problems += error.problems
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise Problem(f"Settings need attention (.env, explained in .env.example):\n{lines}")


def start_databases(supervisor: Supervisor, env: dict[str, str]) -> None:
    """Start PostgreSQL and Redis unless their addresses were given."""
    if "DATABASE_URL" not in env:
        step("Starting PostgreSQL")
        env["DATABASE_URL"] = embedded.start_postgres(supervisor, settings.VAR / "postgres", "imprint")
    if "REDIS_URL" not in env:
        step("Starting Redis")
        env["REDIS_URL"] = embedded.start_redis(supervisor, settings.VAR / "redis")


def prepare(supervisor: Supervisor, env: dict[str, str], sandbox: bool) -> None:
    """Sandbox, migrations, first rows, first catalogue; all safe to repeat."""
    if sandbox:
        step("Starting the sandbox")
        supervisor.start(python("sandbox", env, "-m", "sandbox"))
    step("Bringing the database up to date")
    update_database(env)
    if sandbox:
        supervisor.wait_until(lambda: answers(int(env["SANDBOX_PORT"])), "sandbox")
    if catalogue_is_empty(env["DATABASE_URL"]):
        step("Reading the catalogue from Printify" + (" (the sandbox's)" if sandbox else ""))
        if flask_status(env, "sync", "printify"):
            warn("The first sync did not finish; the shop tries again by itself. Admin → Catalogue shows why.")
        else:
            flask_status(env, "sync", "pictures")


def start_shop(supervisor: Supervisor, env: dict[str, str]) -> None:
    step("Starting the shop")
    supervisor.start(Process("web", web_command(), env=env))
    supervisor.wait_until(lambda: answers(int(env["PORT"]), env["HOST"]), "web")
    workers = [python(f"worker {queue}", env, "-m", "jobs.worker", queue) for queue in QUEUES]
    supervisor.start(*workers, python("ticker", env, "-m", "jobs.ticker"))


def web_command() -> tuple[str, ...]:
    """The WSGI server, told by HOST, PORT and WEB_PROCESSES; docs/decisions says why this one."""
    return (sys.executable, "-m", "serve")


def python(name: str, env: Mapping[str, str], *arguments: str) -> Process:
    return Process(name, (sys.executable, *arguments), env=env, grace=10.0)


def flask_status(env: Mapping[str, str], *arguments: str) -> int:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    return subprocess.run(command, env=env, cwd=ROOT).returncode


def update_database(env: Mapping[str, str]) -> None:
    """Migrations and first rows; silent. Raises Problem with the output when it fails."""
    command = [sys.executable, "-m", "launch.database"]
    done = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Problem(f"{done.stdout.rstrip()}\nThe database could not be brought up to date; the message is above.")


def run_flask(arguments: list[str]) -> int:
    """`make flask`: a flask command with the settings of the running shop."""
    env = settings.read_settings()
    running = settings.read_env_file(RUN_ENV)
    if "DATABASE_URL" not in env and not running:
        raise Problem("The shop is not running here: `make run` in another terminal, or set DATABASE_URL.")
    return flask_status({**env, **running}, *arguments)


def catalogue_is_empty(database_url: str) -> bool:
    with psycopg.connect(database_url.replace("+psycopg", "", 1)) as connection:
        return connection.execute("SELECT 1 FROM products LIMIT 1").fetchone() is None


def welcome(env: Mapping[str, str], sandbox: bool) -> str:
    """The block with every address and the first admin sign-in."""
    rows = [("Shop", env["PUBLIC_URL"]), ("Admin", f"{env['PUBLIC_URL']}/admin")]
    rows += [("", f"{env['ADMIN_EMAIL']} / {env['ADMIN_PASSWORD']}  (kept in var/secrets.env)")]
    if sandbox:
        address = f"http://127.0.0.1:{env['SANDBOX_PORT']}"
        rows += [("Mailbox", f"{address}/mailbox"), ("Sandbox", f"{address}/control")]
    line = colour("─" * 78, "grey")
    body = "\n".join(f"  {colour(name.ljust(9), 'bold')}{text}" for name, text in rows)
    test_mode = "_test_" in env["STRIPE_SECRET_KEY"][:8]
    money = "Stripe in test mode, real parcels" if test_mode else "real money, real parcels"
    mode = "Sandbox: play money, play parcels." if sandbox else f"Real providers: {money}."
    return f"\n{line}\n  {colour('Imprint is running.', 'green')} {mode} Ctrl-C stops it.\n\n{body}\n{line}\n"
