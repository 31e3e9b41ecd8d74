"""The deployment file: read back as written, written whole, and nothing else taken for one."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.chain.deployment import DeployedContract, Deployment
from node.errors import ConfigInvalid
from tests.common.fakes import FakeChain


@pytest.fixture(scope="module")
def deployment():
    found = FakeChain().deployment
    verifier = DeployedContract(b"\5" * 20, b"\6" * 32, 1)
    return replace(found, contracts={"Sm2Verifier": verifier, **found.contracts})


def changed(deployment, path, value):
    members = orjson.loads(deployment.render())
    inner = members
    for name in path[:-1]:
        inner = inner[name]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["chainId", "contracts", "genesisHash", "rootKey", "address"]), inner
        )
    ),
    max_leaves=8,
)


class TestFile:
    def test_is_read_back_as_written(self, deployment, tmp_path):
        deployment.save(tmp_path / "deployment.json")
        assert Deployment.load(tmp_path / "deployment.json") == deployment

    def test_leaves_nothing_else_behind(self, deployment, tmp_path):
        deployment.save(tmp_path / "deployment.json")
        deployment.save(tmp_path / "deployment.json")
        assert [path.name for path in tmp_path.iterdir()] == ["deployment.json"]

    def test_that_is_missing_is_named(self, tmp_path):
        with pytest.raises(ConfigInvalid, match=r"nowhere\.json"):
            Deployment.load(tmp_path / "nowhere.json")

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("chainId",), ...),
            (("chainId",), "x"),
            (("genesisHash",), "ab"),
            (("genesisHash",), None),
            (("rootKey",), "00" * 64),
            (("rootKey",), "zz"),
            (("contracts",), []),
            (("contracts", "AccessAnchors"), ...),
            (("contracts", "AccessAnchors"), None),
            (("contracts", "AccessAnchors", "address"), "ab"),
            (("contracts", "AccessAnchors", "address"), 7),
            (("contracts", "AccessAnchors", "codeHash"), "AB" * 32),
            (("contracts", "AccessAnchors", "block"), "first"),
        ],
    )
    def test_with_a_member_that_is_missing_or_wrong_is_none(self, deployment, path, value):
        with pytest.raises(ConfigInvalid, match="not a deployment file"):
            Deployment.parse(changed(deployment, path, value))

    @given(st.binary(max_size=60) | JSON.map(orjson.dumps))
    def test_of_anything_else_is_none(self, content):
        with pytest.raises(ConfigInvalid):
            Deployment.parse(content)
