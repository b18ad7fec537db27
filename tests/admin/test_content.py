"""Content: pages, menus, announcements and the home page, as the merchant changes them and visitors see them."""

from __future__ import annotations

import contextvars
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import delete, select

from shop.content.html import clean_page
from shop.content.models import ContentPage, HomePage, MenuItem
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from shop.workflows import turn_announcements
from tests.admin.conftest import Staff, counting
from tests.admin.test_settings import form_of
from tests.catalog_reading.goods import stock


@pytest.fixture
def visitor(app: Flask) -> Iterator[Callable[[str], str]]:
    """Read a page as somebody who passes by, half a second later."""
    client: FlaskClient = app.test_client()

    def read(path: str) -> str:
        profile.forget()
        answer = contextvars.Context().run(client.get, path)  # a `g` of its own
        db.session.remove()
        return unescape(answer.text) if answer.status_code == 200 else f"{answer.status_code} {answer.location}"

    yield read


def page_id(slug: str) -> int:
    found = db.session.execute(select(ContentPage.id).where(ContentPage.slug == slug)).scalar_one()
    db.session.remove()
    return int(found)


def fill(staff: Staff, url: str, **changes: str) -> dict[str, str]:
    """The form at `url` with changes, as a browser would send it."""
    text = staff.get(url).text
    data = {**form_of(text), **selects(text), **changes}
    data.pop("csrf_token", None)
    return data


def selects(text: str) -> dict[str, str]:
    found = {}
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def edit(staff: Staff, url: str, **changes: str) -> Any:
    return staff.post(url.partition("?")[0], fill(staff, url, **changes))


NEW = {"title": "Our studio", "slug": "", "html": "One\n\nTwo", "status": "published", "legal": "", "in_footer": "1"}


# -- pages


def test_a_new_page_is_seen_within_a_second_and_stands_in_the_footer(
    staff: Staff, visitor: Callable[[str], str]
) -> None:
    assert "404" in visitor("/pages/our-studio")
    assert staff.post("/admin/content/pages", NEW).status_code == 303
    page = visitor("/pages/our-studio")
    assert "<p>One</p>\n<p>Two</p>" in page
    assert 'href="/pages/our-studio"' in visitor("/")


def test_a_draft_is_seen_by_staff_with_the_link_alone(staff: Staff, app: Flask, visitor: Callable[[str], str]) -> None:
    staff.post("/admin/content/pages", {**NEW, "status": "draft"})
    assert "404" in visitor("/pages/our-studio")
    editor = staff.get(f"/admin/content/pages/{page_id('our-studio')}").text
    link = unescape(re.search(r'href="(/preview/pages/[^"]+)"', editor)[1])  # type: ignore[index]
    seen = staff.get(link)
    assert "<p>One</p>" in seen.text
    assert seen.headers["Cache-Control"] == "no-store"
    assert app.test_client().get(link).status_code == 404
    assert staff.get(link.partition("?")[0]).status_code == 404
    assert staff.get(link.replace(f"/{page_id('our-studio')}?", "/1?")).status_code == 404
    assert staff.get(link + "x").status_code == 404


def test_an_old_address_leads_to_the_new_one_also_after_two_renames(
    staff: Staff, visitor: Callable[[str], str]
) -> None:
    url = f"/admin/content/pages/{page_id('about')}"
    assert edit(staff, url, slug="studio").status_code == 303
    assert edit(staff, url, slug="atelier").status_code == 303
    assert visitor("/pages/about") == "301 /pages/atelier"
    assert visitor("/pages/studio") == "301 /pages/atelier"
    assert edit(staff, url, slug="about").status_code == 303
    assert "About us" in visitor("/pages/about")
    assert visitor("/pages/atelier") == "301 /pages/about"


def test_a_new_page_takes_over_an_old_address(staff: Staff, visitor: Callable[[str], str]) -> None:
    edit(staff, f"/admin/content/pages/{page_id('about')}", slug="studio")
    staff.post("/admin/content/pages", {**NEW, "slug": "about"})
    assert "<p>One</p>" in visitor("/pages/about")


def test_each_text_has_its_languages_and_falls_back(staff: Staff, visitor: Callable[[str], str]) -> None:
    url = f"/admin/content/pages/{page_id('about')}"
    assert edit(staff, f"{url}?lang=fr", title="À propos", html="<p>Bonjour</p>").status_code == 303
    assert "Bonjour" not in visitor("/pages/about")
    with transaction() as session:
        from shop.tenancy.models import StoreProfile

        session.execute(select(StoreProfile)).scalar_one().locale = "fr"
        profile.touch_settings(session)
    assert "Bonjour" in visitor("/pages/about")
    assert "<h1>Shipping</h1>" in visitor("/pages/shipping")
    assert db.session.execute(select(ContentPage.title).where(ContentPage.slug == "about")).scalar_one() == "About us"


@pytest.mark.parametrize(
    ("hostile", "kept"),
    [
        ("<script>alert(1)</script><p>Hi</p>", "<p>Hi</p>"),
        ('<p onclick="x()" style="color:red">Hi</p>', "<p>Hi</p>"),
        ('<a href="javascript:alert(1)">Hi</a>', '<a rel="noopener">Hi</a>'),
        ('<img src=x onerror="alert(1)">Hi', "Hi"),
        ('<iframe src="https://evil.example"></iframe><svg onload=x()></svg>Hi<b>', "Hi<b></b>"),
        ('<a href="/contact">us</a>', '<a href="/contact" rel="noopener">us</a>'),
        ("a < b & c", "a &lt; b &amp; c"),
    ],
)
def test_rich_text_is_harmless(hostile: str, kept: str) -> None:
    assert clean_page(hostile).removeprefix("<p>").removesuffix("</p>") == kept.removeprefix("<p>").removesuffix("</p>")


def test_a_hostile_page_reaches_visitors_without_its_script(staff: Staff, visitor: Callable[[str], str]) -> None:
    staff.post(
        "/admin/content/pages", {**NEW, "title": "<b>x</b>", "slug": "x", "html": "<script>alert(7)</script><p>Hi</p>"}
    )
    assert "alert(7)" not in visitor("/pages/x")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "title is missing"),
        ({"title": "x" * 201}, "too long"),
        ({"title": "\x00"}, "title is missing"),
        ({"slug": "About Us"}, "small letters"),
        ({"slug": "about"}, "already"),
        ({"title": "日本"}, "small letters"),
        ({"status": "secret"}, "choose one"),
        ({"legal": "nonsense"}, "choose one"),
        ({"legal": "privacy"}, "is the page for that already"),
        ({"seo_description": "x" * 401}, "too long"),
        ({"html": "x" * 60_001}, "too long"),
    ],
)
def test_bad_input_is_told_beside_its_field(staff: Staff, changes: dict[str, str], said: str) -> None:
    answer = staff.post("/admin/content/pages", {**NEW, **changes})
    assert answer.status_code == 422
    assert said in answer.text
    assert "error-summary" in answer.text


def test_the_second_of_two_sees_what_changed_and_loses_nothing(staff: Staff) -> None:
    url = f"/admin/content/pages/{page_id('about')}"
    mine = fill(staff, url, title="Mine", seo_title="Also mine")
    assert edit(staff, url, title="Theirs").status_code == 303
    answer = staff.post(url, mine)
    assert answer.status_code == 409
    assert "Theirs" in answer.text and 'value="Mine"' in answer.text and "Also mine" in answer.text
    again = {**form_of(answer.text), **selects(answer.text)}
    again.pop("csrf_token")
    assert staff.post(url, again).status_code == 303
    assert db.session.execute(select(ContentPage.title).where(ContentPage.slug == "about")).scalar_one() == "Mine"


def test_legal_texts_are_asked_for_until_they_are_written(staff: Staff) -> None:
    page = staff.get("/admin/content").text
    assert "not yet written" not in page, "a shop begins with a page for each"
    assert "still the words that came with the shop" in page
    with transaction() as session:
        session.execute(delete(ContentPage).where(ContentPage.slug == "imprint"))
    assert "Imprint: not yet written" in staff.get("/admin/content").text
    values = fill(staff, "/admin/content/pages/new?legal=imprint", html="<p>Fern & Fable, 12 Mill Lane</p>")
    assert staff.post("/admin/content/pages", values).status_code == 303
    assert "Imprint: not yet written" not in staff.get("/admin/content").text
    edit(staff, f"/admin/content/pages/{page_id('terms')}", html="<p>Ours</p>")
    assert "Terms, " not in staff.get("/admin/content").text


def test_pages_move_and_are_deleted(staff: Staff, visitor: Callable[[str], str]) -> None:
    def order() -> list[str]:
        return re.findall(r"/pages/([a-z-]+)</span>", staff.get("/admin/content").text)

    assert order()[:2] == ["about", "shipping"]
    staff.press(f"/admin/content/pages/{page_id('shipping')}/move", {"to": "up"})
    assert order()[:2] == ["shipping", "about"]
    gone = page_id("about")
    assert "is deleted" in staff.press(f"/admin/content/pages/{gone}/delete")
    assert "404" in visitor("/pages/about")
    assert staff.post(f"/admin/content/pages/{gone}/delete").status_code == 404
    assert visitor("/").count("<h1") == 1


def test_the_list_asks_the_same_for_any_number_of_pages(staff: Staff) -> None:
    def cost() -> int:
        with counting() as seen:
            staff.get("/admin/content")
        return len(seen)

    staff.get("/admin/content")
    few = cost()
    with transaction() as session:
        for n in range(30):
            session.add(ContentPage(slug=f"p{n}", title=f"P{n}", html="<p>x</p>", translations={}))
    assert cost() == few


# -- menus


def test_a_menu_that_nobody_made_makes_itself_and_can_be_made_ones_own(
    staff: Staff, visitor: Callable[[str], str]
) -> None:
    before = nav(visitor("/"))
    assert before == ["Wild Places", "Night Sky", "Botanical", "Type & Words", "Retro Waves"]
    assert "5 items" in staff.press("/admin/content/menus/header/own")
    assert "yours already" in staff.press("/admin/content/menus/header/own")
    assert nav(visitor("/")) == before
    ids = [i for (i,) in db.session.execute(select(MenuItem.id).order_by(MenuItem.position))]
    staff.press(f"/admin/content/menu-items/{ids[2]}/move", {"to": "up"})
    staff.press(f"/admin/content/menu-items/{ids[4]}/delete")
    assert nav(visitor("/")) == ["Wild Places", "Botanical", "Night Sky", "Type & Words"]
    assert "makes itself again" in staff.press("/admin/content/menus/header/usual")
    assert nav(visitor("/")) == before


def nav(page: str) -> list[str]:
    part = page[page.index('class="site-nav"') :]
    return re.findall(r"<a [^>]*>([^<]+)</a>", part[: part.index("</nav>")])


def test_items_lead_to_pages_products_and_addresses_and_stand_below_each_other(
    staff: Staff, visitor: Callable[[str], str]
) -> None:
    stock("Quiet Fox Tee", slug="quiet-fox-tee")
    add = "/admin/content/menus/header/items"
    staff.press(add, {"target": "/collections/botanical", "title": "Leaves"})
    first = db.session.execute(select(MenuItem.id)).scalar_one()
    staff.press(add, {"target": "/products/quiet-fox-tee", "parent": str(first)})
    staff.press(add, {"target": "/pages/about"})
    staff.press(add, {"target": "https://example.org/", "title": "Friends"})
    page = visitor("/")
    assert nav(page) == ["Leaves", "Quiet Fox Tee", "About us", "Friends"]
    assert '<details class="submenu"' in page
    edit(staff, f"/admin/content/pages/{page_id('about')}", slug="studio")
    assert 'href="/pages/studio"' in visitor("/")


def test_an_item_whose_target_is_gone_is_not_shown_and_the_panel_says_so(
    staff: Staff, visitor: Callable[[str], str]
) -> None:
    staff.press("/admin/content/menus/header/items", {"target": "/pages/about"})
    staff.press("/admin/content/menus/header/items", {"target": "/contact", "title": "Write to us"})
    staff.press(f"/admin/content/pages/{page_id('about')}/delete")
    assert nav(visitor("/")) == ["Write to us"]
    assert "No longer there" in staff.get("/admin/content/menus/header").text


def test_legal_texts_stand_in_the_footer_whatever_its_menu(staff: Staff, visitor: Callable[[str], str]) -> None:
    staff.press("/admin/content/menus/footer/items", {"target": "/pages/terms", "title": "Small print"})
    page = visitor("/")
    footer = page[page.index("site-footer") :]
    assert footer.count('href="/pages/terms"') == 1
    assert 'href="/pages/privacy"' in footer
    assert 'href="/pages/about"' not in footer


def test_an_items_title_has_its_languages(staff: Staff) -> None:
    staff.press("/admin/content/menus/header/items", {"target": "/contact", "title": "Write"})
    item = db.session.execute(select(MenuItem.id)).scalar_one()
    assert edit(staff, f"/admin/content/menu-items/{item}?lang=fr", title="Écrire").status_code == 303
    db.session.remove()
    assert db.session.execute(select(MenuItem.translations)).scalar_one() == {"fr": {"title": "Écrire"}}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"target": ""}, "is missing"),
        ({"target": "/collections/nowhere"}, "There is no collection"),
        ({"target": "/products/nothing"}, "There is no product"),
        ({"target": "javascript:alert(1)", "title": "x"}, "Write a path"),
        ({"target": "//evil.example", "title": "x"}, "Write a path"),
        ({"target": "/\\evil.example", "title": "x"}, "Write a path"),
        ({"target": "/admin/orders", "title": "x"}, "cannot open the panel"),
        ({"target": "/contact"}, "Write a title"),
        ({"target": "/contact", "title": "x", "parent": "99"}, "first level"),
        ({"target": "/contact", "title": "x", "parent": "x"}, "first level"),
        ({"target": "/contact", "title": "x" * 121}, "too long"),
    ],
)
def test_bad_menu_items_are_refused(staff: Staff, values: dict[str, str], said: str) -> None:
    answer = staff.post("/admin/content/menus/header/items", values)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_menu_has_two_levels_and_no_circles(staff: Staff) -> None:
    add = "/admin/content/menus/header/items"
    staff.press(add, {"target": "/contact", "title": "A"})
    first = db.session.execute(select(MenuItem.id)).scalar_one()
    staff.press(add, {"target": "/search", "title": "B", "parent": str(first)})
    second = db.session.execute(select(MenuItem.id).order_by(MenuItem.id.desc()).limit(1)).scalar_one()
    assert staff.post(add, {"target": "/search", "title": "C", "parent": str(second)}).status_code == 422
    assert edit(staff, f"/admin/content/menu-items/{first}", parent=str(first)).status_code == 422
    staff.press(add, {"target": "/search", "title": "D"})
    last = db.session.execute(select(MenuItem.id).order_by(MenuItem.id.desc()).limit(1)).scalar_one()
    assert edit(staff, f"/admin/content/menu-items/{first}", parent=str(last)).status_code == 422


# -- announcements

SALE = {"text": "Free shipping <today>", "url": "/search", "tone": "accent", "is_on": "1"}


def test_an_announcement_stands_above_every_page(staff: Staff, visitor: Callable[[str], str]) -> None:
    assert 'class="announcement' not in visitor("/")
    assert staff.post("/admin/content/announcements", SALE).status_code == 303
    page = visitor("/pages/about")
    assert 'class="announcement accent"' in page
    assert '<a href="/search">Free shipping <today></a>' in page  # unescaped by the visitor's eyes


def test_an_announcement_comes_and_goes_at_its_hours(staff: Staff, visitor: Callable[[str], str]) -> None:
    now = clock.now()
    hours = {
        "starts_at": f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "ends_at": f"{now + timedelta(hours=4):%Y-%m-%dT%H:%M}",
    }
    staff.post("/admin/content/announcements", {**SALE, **hours})
    assert "Planned" in staff.get("/admin/content/announcements").text
    assert "Free shipping" not in visitor("/")
    assert turn_announcements.run() is False
    clock.fix(now + timedelta(hours=3))
    assert turn_announcements.run() is True
    assert turn_announcements.run() is False
    assert "Free shipping" in visitor("/")
    clock.fix(now + timedelta(hours=5))
    assert turn_announcements.run() is True
    assert "Free shipping" not in visitor("/")


def test_the_newest_announcement_that_is_on_is_shown(staff: Staff, visitor: Callable[[str], str]) -> None:
    staff.post("/admin/content/announcements", SALE)
    staff.post("/admin/content/announcements", {**SALE, "text": "Holiday"})
    assert "Holiday" in visitor("/") and "Free shipping" not in visitor("/")
    staff.press("/admin/content/announcements/2/delete")
    assert "Free shipping" in visitor("/")
    assert edit(staff, "/admin/content/announcements/1", is_on="").status_code == 303
    assert "Free shipping" not in visitor("/")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": ""}, "is missing"),
        ({"text": "x" * 301}, "too long"),
        ({"url": "javascript:x"}, "Write a path"),
        ({"tone": "loud"}, "choose one"),
        ({"starts_at": "tomorrow"}, "write a day"),
        ({"starts_at": "9999-01-01T00:00"}, "too far away"),
        ({"starts_at": "2027-01-02T00:00", "ends_at": "2027-01-01T00:00"}, "end before it begins"),
    ],
)
def test_bad_announcements_are_refused(staff: Staff, changes: dict[str, str], said: str) -> None:
    answer = staff.post("/admin/content/announcements", {**SALE, **changes})
    assert answer.status_code == 422
    assert said in answer.text


# -- home


def png(size: tuple[int, int] = (900, 600)) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", size, "#224455").save(out, "PNG")
    out.seek(0)
    return out


def test_what_is_changed_is_a_draft_until_it_is_published(
    staff: Staff, app: Flask, visitor: Callable[[str], str]
) -> None:
    before = visitor("/")
    hero = "/admin/content/home/sections/s1"
    assert edit(staff, hero, title="Soft things", action="Look", link="/search").status_code == 303
    assert visitor("/") == before
    link = unescape(re.search(r'href="(/preview/home[^"]+)"', staff.get("/admin/content/home").text)[1])  # type: ignore[index]
    assert "Soft things" in staff.get(link).text
    assert staff.get(link).headers["Cache-Control"] == "no-store"
    assert app.test_client().get(link).status_code == 404
    assert "Published" in staff.press("/admin/content/home/publish")
    assert "<h1>Soft things</h1>" in visitor("/")
    assert "no draft" in staff.press("/admin/content/home/publish")


def test_a_draft_can_be_discarded(staff: Staff, visitor: Callable[[str], str]) -> None:
    before = visitor("/")
    staff.press("/admin/content/home/sections/s1/remove")
    assert "as it was" in staff.press("/admin/content/home/discard")
    staff.press("/admin/content/home/publish")
    assert visitor("/") == before


def test_sections_are_added_moved_hidden_and_removed(staff: Staff, visitor: Callable[[str], str]) -> None:
    def order() -> list[str]:
        return re.findall(r'sections/(s\d+)">', staff.get("/admin/content/home").text)

    assert order() == ["s1", "s2", "s3", "s4", "s5", "s6"]
    staff.press("/admin/content/home/sections", {"kind": "testimonials"})
    staff.press("/admin/content/home/sections/s7/move", {"to": "up"})
    staff.press("/admin/content/home/sections/s2/remove")
    staff.press("/admin/content/home/sections/s1/hide", {"hidden": "1"})
    assert order() == ["s1", "s3", "s4", "s5", "s7", "s6"]
    edit(staff, "/admin/content/home/sections/s7", quote_1="I wear it <daily>", name_1="Ada")
    staff.press("/admin/content/home/publish")
    page = visitor("/")
    assert "I wear it <daily>" in page
    assert 'class="hero' not in page
    assert page.count("<h1") == 1
    assert 'class="promises"' not in page


def test_a_row_shows_one_collection(staff: Staff, visitor: Callable[[str], str]) -> None:
    stock("Fern Tee", slug="fern-tee", collection="botanical")
    stock("Fox Tee", slug="fox-tee")
    staff.press("/admin/content/home/sections", {"kind": "collection_row"})
    edit(staff, "/admin/content/home/sections/s7", collection="botanical", title="Leafy")
    for other in ("s4", "s6"):
        staff.press(f"/admin/content/home/sections/{other}/remove")
    staff.press("/admin/content/home/publish")
    page = visitor("/")
    assert "Leafy" in page and "Fern Tee" in page
    assert ">Fox Tee<" not in page


def test_a_picture_is_drawn_anew_in_every_size(staff: Staff, visitor: Callable[[str], str]) -> None:
    url = "/admin/content/home/sections/s1"
    data = {**fill(staff, url, picture_alt="A blue field"), "picture": (png(), "evil.html")}
    assert staff.post(url, data, content_type="multipart/form-data").status_code == 303
    staff.press("/admin/content/home/publish")
    page = visitor("/")
    assert 'alt="A blue field"' in page
    address = re.search(r"(/media/[0-9a-f/]+\.webp) 320w", page)
    assert address
    assert Image.open(io.BytesIO(staff.client.get(address[1]).data)).size == (320, 214)
    assert edit(staff, url, remove_picture="1").status_code == 303
    staff.press("/admin/content/home/publish")
    assert "A blue field" not in visitor("/")


@pytest.mark.parametrize(
    "raw",
    [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\ngarbage", b"0" * 1_950_000],
    ids=["empty", "svg", "broken", "big"],
)
def test_what_is_no_picture_is_refused(staff: Staff, raw: bytes) -> None:
    url = "/admin/content/home/sections/s1"
    data = {**fill(staff, url), "picture": (io.BytesIO(raw), "x.png")}
    answer = staff.post(url, data, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert db.session.execute(select(HomePage.draft)).scalar() is None


@pytest.mark.parametrize(
    ("section", "changes", "said"),
    [
        ("s1", {"title": "x" * 121}, "too long"),
        ("s1", {"link": "javascript:x"}, "Write a path"),
        ("s1", {"ground": "plaid"}, "choose one"),
        ("s3", {"count": "900"}, "from 2 to 12"),
        ("s5", {"html": "x" * 6001}, "too long"),
    ],
)
def test_bad_sections_are_refused(staff: Staff, section: str, changes: dict[str, str], said: str) -> None:
    answer = edit(staff, f"/admin/content/home/sections/{section}", **changes)
    assert answer.status_code == 422
    assert said in answer.text


def test_the_second_editor_of_a_section_loses_nothing(staff: Staff) -> None:
    url = "/admin/content/home/sections/s1"
    mine = fill(staff, url, title="Mine", text="Also mine")
    edit(staff, url, title="Theirs")
    answer = staff.post(url, mine)
    assert answer.status_code == 409
    assert "Theirs" in answer.text and 'value="Mine"' in answer.text and "Also mine" in answer.text


def test_a_section_somebody_removed_is_not_there(staff: Staff) -> None:
    staff.press("/admin/content/home/sections/s1/remove")
    assert staff.get("/admin/content/home/sections/s1").status_code == 404
    assert staff.post("/admin/content/home/sections/s1", {"title": "x"}).status_code == 404
    assert staff.post("/admin/content/home/sections", {"kind": "nonsense"}).status_code == 303


def test_support_may_look_at_all_of_it_and_change_none(staff_as: Callable[[str], Staff]) -> None:
    someone = staff_as("support")
    for path in ("", "/home", "/menus/header", "/announcements", "/home/sections/s1", f"/pages/{page_id('about')}"):
        answer = someone.get(f"/admin/content{path}")
        assert answer.status_code == 200
        assert "Save" not in answer.text and "Delete this page" not in answer.text
    assert someone.post("/admin/content/home/publish").status_code == 403
