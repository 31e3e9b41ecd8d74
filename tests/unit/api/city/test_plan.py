"""A city's file: the example works as it stands, and what does not fit together is named."""

from __future__ import annotations

import tomllib

import pytest

from api.city import plan as plans
from node.errors import ConfigInvalid, MalformedDocument


def parsed(**changes):
    """Read the example with members of the whole file changed."""
    return plans.parse_plan({**tomllib.loads(plans.example()), **changes}, "city.toml")


def with_department(index, **changes):
    listed = tomllib.loads(plans.example())["departments"]
    listed[index] = {**listed[index], **changes}
    return parsed(departments=listed)


class TestExample:
    def test_serves_every_department_once(self):
        plan = parsed()
        served = [code for node in plan.nodes for code in node.departments]
        assert sorted(served) == sorted(each.code for each in plan.founding.departments)

    def test_begins_today(self):
        assert "2026-01-01" not in plans.example()
        assert parsed().founding.valid_from < parsed().founding.valid_until

    def test_names_every_key_once(self):
        names = parsed().founding.key_names()
        assert {"root", "data-head", "police-log", "education-ZHSX-open"} <= names.keys()
        assert set(names.values()) == {"sign", "log", "unwrap"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"chain": {"prot": 8545}}, "chain.prot"),
            ({"nodes": []}, "nodes"),
            ({"validUntil": "2019-01-01"}, "validUntil"),
            ({"chain": {"url": "ftp://x"}}, "chain.url"),
            ({"keys": {"folder": "police"}}, "目录重名"),
            ({"chain": {"prot": 8545}}, "没有这一项，请核对拼写"),
        ],
    )
    def test_name_the_member(self, changes, said):
        with pytest.raises((ConfigInvalid, MalformedDocument)) as refused:
            parsed(**changes)
        assert said in refused.value.message

    def test_a_department_without_a_node(self):
        nodes = tomllib.loads(plans.example())["nodes"][:2]
        with pytest.raises(ConfigInvalid, match="11130900MB00000052 没有节点服务"):
            parsed(nodes=nodes)

    def test_a_host_whose_node_is_another(self):
        with pytest.raises(ConfigInvalid, match="不在同一个节点"):
            with_department(3, host="11130900MB0000001M")

    def test_a_department_that_is_named_by_its_place_from_one(self):
        with pytest.raises(
            ConfigInvalid,
            match=r"departments\.2\.screenning（第 2 个部门的 screenning）：没有这一项",
        ):
            with_department(1, screenning=False)

    def test_a_code_that_is_none(self):
        with pytest.raises(ConfigInvalid, match=r"departments\.2\.parent.*18 位统一社会信用代码"):
            with_department(1, parent="1113")

    def test_a_code_written_twice(self):
        with pytest.raises(ConfigInvalid, match=r"11130900MB0000004Y .*写了不止一次"):
            with_department(1, code="11130900MB0000004Y")

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"port": 8601}, "端口 8601 不能既给 节点 data，又给 节点 police"),
            ({"port": 8601, "host": "::"}, "又给 节点 police"),
            ({"port": 8545}, "端口 8545 不能既给 内嵌链"),
            ({"metrics": {"port": 8603}}, r"节点 police 的指标（\[nodes\.metrics\] port）"),
        ],
    )
    def test_two_that_listen_on_one_port(self, changes, said):
        nodes = tomllib.loads(plans.example())["nodes"]
        with pytest.raises(ConfigInvalid, match=said):
            parsed(nodes=[nodes[0], {**nodes[1], **changes}, nodes[2]])

    def test_one_port_at_two_addresses_is_fine(self):
        nodes = tomllib.loads(plans.example())["nodes"]
        there = {**nodes[1], "port": nodes[0]["port"], "host": "127.0.0.2"}
        assert parsed(nodes=[nodes[0], there, nodes[2]]).nodes[1].host == "127.0.0.2"

    def test_a_department_served_twice(self):
        nodes = tomllib.loads(plans.example())["nodes"]
        again = [*nodes[2]["departments"], *nodes[1]["departments"]]
        with pytest.raises(ConfigInvalid, match=r"4Y 在 \[\[nodes\]\] 里写了不止一次"):
            parsed(nodes=[*nodes[:2], {**nodes[2], "departments": again}])

    def test_a_remote_node_of_the_embedded_chain(self):
        nodes = tomllib.loads(plans.example())["nodes"]
        with pytest.raises(ConfigInvalid, match="须写 url"):
            parsed(nodes=[*nodes[:2], {**nodes[2], "remote": True}])

    @pytest.mark.parametrize(
        ("index", "changes", "said"),
        [
            (0, {"mayEnrol": False}, "mayEnrol = true"),
            (1, {"competent": "11130900MB0000003U"}, "写在它前面"),
            (
                1,
                {"parent": "11130900MB0000009X"},
                r"departments\.2\.parent（第 2 个部门的上级）：上级应是主管部门",
            ),
            (1, {"id": "data"}, "同名"),
        ],
    )
    def test_departments_that_contradict_each_other(self, index, changes, said):
        with pytest.raises(MalformedDocument, match=said):
            with_department(index, **changes)

    def test_roles_of_a_department_that_is_not_there(self):
        officer = {"id": "x", "name": "甲", "post": "员", "grantedBy": ["11130900MB00000065"]}
        place = r"第 2 个部门的第 1 个人员的另授角色的部门）：文件里没有这个部门"
        with pytest.raises(MalformedDocument, match=place):
            with_department(1, officers=[officer])

    def test_a_file_that_is_no_toml(self, tmp_path):
        (tmp_path / "city.toml").write_bytes(b"\xff = ")
        with pytest.raises(ConfigInvalid, match="读不出"):
            plans.load_plan(tmp_path / "city.toml")
