"""An identity provider that does not answer keeps nobody waiting, and no place."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api.http.identity import AT_ONCE, OF_ONE, SILENT_SECONDS, IdentityProvider
from api.settings import OidcSettings
from node.errors import Overloaded, PeerUnavailable
from node.office.readersessions import Attempt
from tests.common.fakes import FixedClock

ISSUER = "https://sso.example"
DESCRIPTION = {
    "issuer": ISSUER,
    **{f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token")},
    "jwks_uri": f"{ISSUER}/keys",
}
ATTEMPT = Attempt("cookie", "state", "nonce", "v" * 43, "/")


def provider(answer, clock):
    settings = OidcSettings.model_construct(issuer=ISSUER, client_id="c")
    transport = httpx.MockTransport(answer)
    return IdentityProvider(settings, b"secret", clock=clock, transport=transport)


def test_is_not_asked_again_for_a_while_after_it_was_silent():
    asked, clock = [], FixedClock(1_000.0)

    def silence(request):
        asked.append(request.url.path)
        raise httpx.ConnectTimeout("")

    silent = provider(silence, clock)
    for _ in range(3):
        with pytest.raises(PeerUnavailable, match="没有应答") as refused:
            silent.address(ATTEMPT, "https://node/back", "10.0.0.1")
    assert f"请过 {SILENT_SECONDS} 秒再试" in str(refused.value)
    assert len(asked) == 1
    clock.now += SILENT_SECONDS
    with pytest.raises(PeerUnavailable):
        silent.address(ATTEMPT, "https://node/back", "10.0.0.1")
    assert len(asked) == 2


def test_what_a_stranger_hands_in_silences_nobody():
    clock = FixedClock(1_000.0)

    def swallow(request):
        if request.method == "GET":
            return httpx.Response(200, json=DESCRIPTION)
        raise httpx.ReadTimeout("")

    swallowing = provider(swallow, clock)
    with pytest.raises(PeerUnavailable):
        swallowing.who("' OR 1=1", ATTEMPT, "https://node/back", "10.0.0.1")
    assert swallowing.address(ATTEMPT, "https://node/back", "10.0.0.2").startswith(ISSUER)


def test_strangers_at_one_address_leave_places_to_others():
    held, release = threading.Semaphore(0), threading.Event()

    def slow(_request):
        held.release()
        assert release.wait(30)
        return httpx.Response(200, json=DESCRIPTION)

    asked = provider(slow, FixedClock(1_000.0))

    def ask(address):
        return asked.address(ATTEMPT, "https://node/back", address)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        going = [pool.submit(ask, "10.0.0.1") for _ in range(OF_ONE)]
        for _ in going:
            assert held.acquire(timeout=30)
        with pytest.raises(Overloaded, match="登录的人太多"):
            ask("10.0.0.1")
        going += [pool.submit(ask, f"10.0.0.{2 + n}") for n in range(AT_ONCE - OF_ONE)]
        for _ in range(AT_ONCE - OF_ONE):
            assert held.acquire(timeout=30)
        with pytest.raises(Overloaded):
            ask("10.0.9.9")
        release.set()
        assert all(each.result().startswith(f"{ISSUER}/authorization?") for each in going)
    assert ask("10.0.0.1").startswith(ISSUER)
    assert not asked._talking
