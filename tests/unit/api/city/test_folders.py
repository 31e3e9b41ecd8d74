"""A node's settings are written from the city's file; what somebody changed is not overwritten."""

from __future__ import annotations

import tomllib

import pytest

from api.city import plan as plans
from api.city.folders import places, settings_of, write_settings
from api.settings import Settings
from node.errors import Conflict


@pytest.fixture
def plan():
    values = tomllib.loads(plans.example())
    source = {
        "entry": "a/1",
        "url": "sqlite:///x",
        "table": "t",
        "key": "id",
        "columns": {"A": "a"},
    }
    values["departments"][3]["sources"] = [source]
    values["nodes"][1] |= {"limits": {"workers": 2}, "public_url": "https://police.example"}
    return plans.parse_plan(values, "city.toml")


class TestSettings:
    def test_are_those_a_node_starts_with(self, plan):
        read = [Settings(**settings_of(plan, node)) for node in plan.nodes]
        assert [len(each.departments) for each in read] == [3, 1, 1]
        assert [each.custody for each in read[0].departments] == ["own", "hosted", "hosted"]
        police = read[1]
        assert police.limits.workers == 2
        assert police.authorities == ["police.example"]
        assert police.departments[0].sources[0].table == "t"

    def test_name_the_first_node_to_all_others(self, plan):
        peers = [settings_of(plan, node).get("peers") for node in plan.nodes]
        first = {"11130900MB0000001M": "http://127.0.0.1:8601"}
        assert peers == [None, first, first]

    def test_name_keys_that_stand_with_the_node(self, plan, tmp_path):
        where = places(plan, tmp_path)
        for node in plan.nodes:
            own = settings_of(plan, node)
            named = [own["relay_key"], *(each["log_key"] for each in own["departments"])]
            files = {place.file for place in where.values()}
            assert {tmp_path / node.name / name for name in named} <= files


def test_every_key_has_somebody_who_holds_it(plan, tmp_path):
    where = places(plan, tmp_path)
    whose = [place.whose for place in where.values()]
    assert all(whose)
    head = plan.founding.departments[0].head
    assert where["data-head"].whose.endswith(f"{head.post} {head.name}")


class TestFile:
    def test_is_replaced_while_it_is_as_it_was_written(self, tmp_path):
        path = tmp_path / "data" / "node.toml"
        assert write_settings(path, {"port": 1})
        assert not write_settings(path, {"port": 1})
        assert write_settings(path, {"port": 2})
        assert tomllib.loads(path.read_text("utf-8")) == {"port": 2}
        assert path.stat().st_mode & 0o777 == 0o600

    def test_changed_by_hand_is_kept_while_it_says_the_same(self, plan, tmp_path):
        path, wanted = tmp_path / "node.toml", settings_of(plan, plan.nodes[0])
        write_settings(path, wanted)
        path.write_text(path.read_text("utf-8") + "\n[limits]\nworkers = 8\n", "utf-8")
        before = path.read_bytes()
        assert not write_settings(path, wanted)
        assert path.read_bytes() == before

    def test_changed_by_hand_to_something_else_is_refused(self, plan, tmp_path):
        path, wanted = tmp_path / "node.toml", settings_of(plan, plan.nodes[0])
        write_settings(path, wanted)
        path.write_text(path.read_text("utf-8").replace("8601", "9999"), "utf-8")
        with pytest.raises(Conflict, match="port、public_url、authorities"):
            write_settings(path, wanted)
        assert "9999" in path.read_text("utf-8")

    def test_is_not_written_in_a_dry_run(self, tmp_path):
        assert write_settings(tmp_path / "node.toml", {"port": 1}, dry=True)
        assert list(tmp_path.iterdir()) == []
