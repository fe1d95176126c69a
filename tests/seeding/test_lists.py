"""The folder of lists: nothing outside it is read, and what providers publish is fetched with a bound."""

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.providers.base import Advice, ProviderError
from engine.seeding import ListFolder, lists


class Publisher(BaseHTTPRequestHandler):
    """Answers what the path says: a status, or a list."""

    def do_GET(self) -> None:
        status = int(self.path.strip("/"))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        self.end_headers()
        self.wfile.write(b"header\n" * 1_000)

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        pass


@pytest.fixture
def publisher() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_list_is_fetched_whole_and_kept_by_its_name(tmp_path: Path, publisher: str) -> None:
    folder = ListFolder(tmp_path / "masters", {"dhan": f"{publisher}/200"})
    name = folder.fetched_name("dhan", 1_795_000_000_000_000_000)
    assert name == "fetched-dhan-1795000000000.csv"
    assert folder.fetch("dhan", name) == 7_000
    assert folder.path(name).read_bytes() == b"header\n" * 1_000
    assert [path.name for path in (tmp_path / "masters").iterdir()] == [name]
    folder.discard(name)
    folder.discard(name)
    assert list((tmp_path / "masters").iterdir()) == []


@pytest.mark.parametrize(
    ("status", "advice"), [(404, Advice.FIX_REQUEST), (302, Advice.FIX_REQUEST), (503, Advice.RETRY)]
)
def test_a_refusal_is_told_and_leaves_nothing(tmp_path: Path, publisher: str, status: int, advice: Advice) -> None:
    folder = ListFolder(tmp_path, {"dhan": f"{publisher}/{status}"})
    with pytest.raises(ProviderError, match=f"answered {status}") as raised:
        folder.fetch("dhan", "fetched-dhan-1.csv")
    assert raised.value.advice is advice
    assert list(tmp_path.iterdir()) == []


def test_a_provider_that_is_away_is_asked_again_and_one_that_never_ends_is_not(
    tmp_path: Path, publisher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProviderError, match="can not be had") as raised:
        ListFolder(tmp_path, {"dhan": "http://127.0.0.1:1/"}).fetch("dhan", "fetched-dhan-1.csv")
    assert raised.value.advice is Advice.RETRY
    monkeypatch.setattr(lists, "LARGEST_BYTES", 1_000)
    with pytest.raises(ProviderError, match="more than 1,000 bytes") as raised:
        ListFolder(tmp_path, {"dhan": f"{publisher}/200"}).fetch("dhan", "fetched-dhan-1.csv")
    assert raised.value.advice is Advice.FIX_REQUEST
    assert list(tmp_path.iterdir()) == []


def test_copies_of_jobs_that_never_ended_are_deleted_after_two_days(tmp_path: Path, publisher: str) -> None:
    for name, age_days in (("fetched-dhan-1.csv", 3), ("fetched-dhan-2.csv", 1), ("mine.csv", 9)):
        (tmp_path / name).touch()
        then_s = time.time() - age_days * 86_400
        os.utime(tmp_path / name, (then_s, then_s))
    ListFolder(tmp_path, {"dhan": f"{publisher}/200"}).fetch("dhan", "fetched-dhan-3.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fetched-dhan-2.csv", "fetched-dhan-3.csv", "mine.csv"]


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "", ".hidden", "a/b", "a\x00b", "x" * 101, "a\n"])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.csv").touch()
    with pytest.raises(ProviderError, match="named as a file is"):
        ListFolder(tmp_path / "masters", {}).laid(name)


def test_what_was_laid_there_has_its_size_and_stays(tmp_path: Path) -> None:
    folder = ListFolder(tmp_path, {})
    (tmp_path / "list.csv").write_text("12345")
    assert folder.laid("list.csv") == 5
    folder.discard("list.csv")
    assert folder.laid("list.csv") == 5
    for name, content in (("empty.csv", ""), ("gone.csv", None)):
        if content is not None:
            (tmp_path / name).write_text(content)
        with pytest.raises(ProviderError, match=name):
            folder.laid(name)
    with pytest.raises(ProviderError, match="nobody knows where kite publishes"):
        folder.fetched_name("kite", 0)
