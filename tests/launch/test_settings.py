"""What the processes are told: sandbox or real providers, kept secrets, ports."""

from __future__ import annotations

import socket
import stat
from dataclasses import fields
from pathlib import Path

import pytest

from config import Config
from launch import run, settings
from launch.say import Problem

ROOT = Path(__file__).parent.parent.parent


def ready(**given: str) -> dict[str, str]:
    env = dict(given)
    settings.set_defaults(env)
    return env


def test_without_provider_keys_everything_points_at_the_sandbox() -> None:
    env = ready(PORT="8100", SANDBOX_PORT="8110", SANDBOX_SMTP_PORT="8125")
    assert settings.is_sandbox(env)
    settings.use_sandbox(env)
    assert env["PRINTIFY_BASE_URL"] == "http://127.0.0.1:8110/printify"
    assert env["STRIPE_BASE_URL"] == "http://127.0.0.1:8110/stripe"
    assert env["SANDBOX_SHOP_URL"] == "http://127.0.0.1:8100"
    assert (env["SMTP_HOST"], env["SMTP_PORT"]) == ("127.0.0.1", "8125")


def test_a_named_mail_server_is_kept_in_the_sandbox() -> None:
    env = ready(SMTP_HOST="mail.example", SMTP_PORT="587")
    settings.use_sandbox(env)
    assert (env["SMTP_HOST"], env["SMTP_PORT"]) == ("mail.example", "587")


@pytest.mark.parametrize("name", settings.PROVIDER_KEYS)
def test_one_provider_key_alone_is_refused_rather_than_mixed_with_play_money(name: str) -> None:
    env = ready(**{name: "key"})
    assert not settings.is_sandbox(env)
    with pytest.raises(Problem, match="set both, or neither"):
        run.check_settings(env)


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(Problem) as problem:
        run.check_settings(ready(EMAIL_PROVIDER="pigeon", DB_POOL_SIZE="many"))
    assert "EMAIL_PROVIDER" in str(problem.value)
    assert "DB_POOL_SIZE" in str(problem.value)


def test_secrets_are_made_once_kept_and_readable_by_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secrets.env"
    first: dict[str, str] = {}
    settings.keep_secrets(first, path)
    second: dict[str, str] = {"ADMIN_PASSWORD": "my own"}
    settings.keep_secrets(second, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(first) == set(settings.SECRETS)
    assert second == {**first, "ADMIN_PASSWORD": "my own"}
    assert len(first["SECRET_KEY"]) >= 32


def test_a_secret_that_came_later_joins_the_kept_ones(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    settings.write_private(path, {"SECRET_KEY": "kept" * 10})
    env: dict[str, str] = {}
    settings.keep_secrets(env, path)
    assert env["SECRET_KEY"] == "kept" * 10
    assert settings.read_env_file(path) == env


def test_the_environment_overrides_the_file_and_empty_means_not_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nSTRIPE_SECRET_KEY=\nSTORE_NAME='Fern & Fable'\n")
    env = settings.read_settings(tmp_path, {"PORT": "9001", "REDIS_URL": ""})
    assert env == {"PORT": "9001", "STORE_NAME": "Fern & Fable"}


@pytest.mark.parametrize("value", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_named(value: str) -> None:
    with pytest.raises(Problem, match=r"SANDBOX_PORT is .*between 1 and 65535"):
        ready(SANDBOX_PORT=value)


def test_a_busy_port_gives_one_line_with_the_way_out() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(Problem, match=f"Port {port} .* PORT={port + 100} make run"):
            settings.check_ports(ready(PORT=str(port)), sandbox=False)


def test_a_second_launcher_finds_the_directory_taken(tmp_path: Path) -> None:
    held = settings.lock(tmp_path / "run.lock")
    assert held
    assert settings.lock(tmp_path / "run.lock") is None
    held.close()
    again = settings.lock(tmp_path / "run.lock")
    assert again
    again.close()


def test_every_setting_is_explained_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = {line.split("=")[0] for line in example.splitlines() if "=" in line and not line.startswith("#")}
    wanted = {field.name.upper() for field in fields(Config)} - {"FLASK", "TESTING"}
    assert wanted - named == set()
