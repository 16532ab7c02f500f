"""The pages of accounts: users, one user, one's own account and its API keys."""

from __future__ import annotations

import httpx
from playwright.async_api import Browser, Page, expect

from tests.console.conftest import picture, serious_faults, sign_in
from tests.console.reading import reading
from tests.console.walk import walk
from tests.fixtures.api import ADMIN, log_in

ADA = {"email": "ada@example.com", "password": "analytical engine", "full_name": "Ada Lovelace"}
NEXT_PASSWORD = "difference engine"


async def test_an_admin_opens_finds_and_changes_an_account(
    page: Page, api_url: str, admin: httpx.Client
) -> None:
    await page.get_by_role("link", name="Users", exact=True).click()
    await page.get_by_role("heading", name="Users").wait_for()
    await page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("E-mail").fill(ADA["email"])
    await dialog.get_by_label("Name").fill(ADA["full_name"])
    await dialog.get_by_label("New password").fill("password123")
    await dialog.get_by_role("button", name="Open account").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("easy to guess")
    await picture(page, "accounts-new")
    await dialog.get_by_label("New password").fill(ADA["password"])
    await dialog.get_by_role("button", name="Open account").click()
    await expect(page.get_by_role("heading", name=ADA["email"])).to_be_visible()

    form = page.get_by_role("region", name="Account", exact=True)
    await form.get_by_label("Role").select_option("viewer")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The account is changed.")).to_be_visible()
    limits = page.get_by_role("region", name="Limits")
    await limits.get_by_label("Jobs that wait").fill("12")
    await limits.get_by_role("button", name="Save").click()
    await expect(limits.get_by_text("Now in force: 12", exact=True)).to_be_visible()
    reset = page.get_by_role("region", name="Set password")
    await reset.get_by_label("New password").fill(NEXT_PASSWORD)
    await reset.get_by_role("button", name="Set password").click()
    await expect(page.get_by_text("The password is set.")).to_be_visible()
    await picture(page, "accounts-one")
    with log_in(api_url, {"username": ADA["email"], "password": NEXT_PASSWORD}) as ada:
        assert ada.get("/users/me").json()["role"] == "viewer"

    await page.get_by_role("link", name="Users", exact=True).click()
    await page.get_by_label("Address or name").fill("love")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{api_url}/dashboard/users?search=love")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(1)
    await rows.get_by_role("button", name="Deactivate").click()
    await expect(rows).to_contain_text("deactivated")
    await page.reload()
    await expect(rows).to_have_count(1)
    assert admin.get("/users", params={"search": "ada"}).json()["items"][0]["is_active"] is False
    await rows.get_by_role("button", name="Activate").click()
    await expect(rows.get_by_text("active", exact=True)).to_be_visible()


async def test_a_key_is_made_shown_once_and_revoked(page: Page, api_url: str, admin: httpx.Client) -> None:
    await page.get_by_title(ADMIN["username"]).click()
    await page.get_by_role("button", name="New API key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("nightly import")
    await dialog.get_by_role("combobox", name="May").select_option("some")
    await expect(dialog.get_by_role("button", name="Make key")).to_be_disabled()
    await dialog.get_by_label("jobs:read").check()
    await dialog.get_by_label("Only with these plugins").fill("adder")
    await picture(page, "accounts-new-key")
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Make key").click()
    key = (await dialog.locator("pre").inner_text()).strip()
    [made] = admin.get("/api-keys").json()["items"]
    assert (made["permissions"], made["plugins"]) == (["jobs:read"], ["adder"])
    me = httpx.get(f"{api_url}/api/v1/users/me", headers={"X-API-Key": key})
    assert me.json()["permissions"] == {"jobs:read": "all"}
    await page.get_by_role("button", name="I have it").click()
    row = page.get_by_role("row", name="nightly import")
    await expect(row).to_contain_text("valid")
    assert key not in await page.content()
    await row.get_by_role("button", name="Revoke").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(row).to_contain_text("revoked")
    assert admin.get("/api-keys").json()["items"][0]["revoked_at"] is not None


async def test_a_password_is_changed_and_ends_the_login(
    browser: Browser, api_url: str, admin: httpx.Client
) -> None:
    admin.post("/users", json=ADA).raise_for_status()
    async with reading(browser) as context:
        page = await context.new_page()
        await sign_in(page, api_url, credentials={"username": ADA["email"], "password": ADA["password"]})
        await expect(page.get_by_role("link", name="Users", exact=True)).to_have_count(0)
        await page.goto(f"{api_url}/dashboard/profile")
        form = page.get_by_role("region", name="Change password")
        await form.get_by_label("Present password").fill("a guess")
        await form.get_by_label("New password").fill(NEXT_PASSWORD)
        await form.get_by_role("button", name="Change password").click()
        await expect(form.get_by_role("alert")).to_contain_text("password is wrong")
        await form.get_by_label("Present password").fill(ADA["password"])
        await form.get_by_role("button", name="Change password").click()
        await expect(page.get_by_text("Your password is changed")).to_be_visible()
        await page.get_by_label("E-mail").fill(ADA["email"])
        await page.get_by_label("Password").fill(NEXT_PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="My account")).to_be_visible()


async def test_how_accounts_look(browser: Browser, api_url: str, admin: httpx.Client, locale: str) -> None:
    ada = admin.post("/users", json=ADA).raise_for_status().json()
    admin.post("/api-keys", json={"name": "nightly", "permissions": ["jobs:read", "jobs:change"]})
    pages = {"users": "users", "user": f"users/{ada['id']}", "profile": "profile"}
    await walk(browser, api_url, pages, locale=locale)
