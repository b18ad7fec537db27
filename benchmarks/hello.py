"""The yardstick: the least that Flask can do. Served exactly as the shop is."""

from __future__ import annotations

from flask import Flask

app = Flask("hello", static_folder=None, template_folder=None)


@app.get("/")
def hello() -> str:
    return "hello"
