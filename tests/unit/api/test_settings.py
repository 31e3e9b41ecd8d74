"""Settings come from one file, say what is wrong with it, and have no unsafe default."""

import pytest

from api.settings import load_settings
from node.errors import ConfigInvalid
from tests.common.keyfiles import write_private

TOML = """
chain_url = "http://127.0.0.1:8545/"
deployment = "deployment.json"
data_dir = "data"
host = "127.0.0.1"
port = 8601
public_url = "http://127.0.0.1:8601"
authorities = ["Ledger.example.gov.cn", "127.0.0.1:8601"]
relay_key = "relay.json"
password_file = "password"

[[departments]]
code = "11130900MB0000001M"
custody = "own"
department_key = "keys/department.pem"
log_key = "keys/log.pem"

[[departments.sources]]
entry = "302001/1"
url = "sqlite:///people.db"
table = "person"
columns = {XM = "name"}
key = "id"
"""
FILES = ["deployment.json", "relay.json", "password", "keys/department.pem", "keys/log.pem"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "keys").mkdir()
    for name in FILES:
        write_private(tmp_path / name, b"secret\nsecond line\n")
    (tmp_path / "node.toml").write_text(TOML)
    return tmp_path


class TestLoadSettings:
    def test_reads_paths_relative_to_the_file(self, folder):
        settings = load_settings(folder / "node.toml")
        assert settings.deployment == folder / "deployment.json"
        assert settings.departments[0].log_key == folder / "keys/log.pem"
        assert settings.chain_url == "http://127.0.0.1:8545"
        assert settings.authorities == ["ledger.example.gov.cn", "127.0.0.1:8601"]

    def test_takes_the_first_line_of_the_password_file(self, folder):
        assert load_settings(folder / "node.toml").password == b"secret"

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
    def test_refuses_a_password_file_that_others_can_open(self, folder, mode):
        settings = load_settings(folder / "node.toml")
        (folder / "password").chmod(mode)
        with pytest.raises(ConfigInvalid, match="chmod 600") as refused:
            _ = settings.password
        assert "secret" not in str(refused.value)
        (folder / "password").chmod(0o400)
        assert settings.password == b"secret"

    def test_shows_no_source_s_password(self, folder):
        file = folder / "node.toml"
        text = TOML.replace("sqlite:///people.db", "postgresql://reader:geheim@db/people")
        file.write_text(text)
        settings = load_settings(file)
        assert "geheim" in settings.departments[0].sources[0].url
        assert "geheim" not in repr(settings) + str(settings)

    def test_lets_the_environment_win(self, folder, monkeypatch):
        monkeypatch.setenv("SHARELEDGER_PORT", "9000")
        monkeypatch.setenv("SHARELEDGER_LIMITS__PAGE_ROWS", "50")
        settings = load_settings(folder / "node.toml")
        assert (settings.port, settings.limits.page_rows) == (9000, 50)

    @pytest.mark.parametrize("name", FILES)
    def test_names_a_file_that_is_missing(self, folder, name):
        (folder / name).unlink()
        with pytest.raises(ConfigInvalid, match=name):
            load_settings(folder / "node.toml")

    def test_names_settings_that_are_missing_or_unknown(self, folder):
        text = TOML.replace('host = "127.0.0.1"\n', 'hots = "127.0.0.1"\n')
        (folder / "node.toml").write_text(text)
        with pytest.raises(ConfigInvalid) as refused:
            load_settings(folder / "node.toml")
        assert "host：没有填写" in str(refused.value)
        assert "hots：没有这一项" in str(refused.value)

    def test_refuses_a_department_listed_twice(self, folder):
        department = TOML[TOML.index("[[departments]]") : TOML.index("[[departments.sources]]")]
        (folder / "node.toml").write_text(TOML + department)
        with pytest.raises(ConfigInvalid, match="twice"):
            load_settings(folder / "node.toml")

    def test_refuses_figures_on_the_port_of_the_node(self, folder):
        (folder / "node.toml").write_text(TOML + "[metrics]\nport = 8601\n")
        with pytest.raises(ConfigInvalid, match="要各用一个端口"):
            load_settings(folder / "node.toml")

    def test_names_a_file_that_is_no_toml(self, folder):
        (folder / "node.toml").write_text("port = ")
        with pytest.raises(ConfigInvalid, match=r"node\.toml 读不出 / cannot be read"):
            load_settings(folder / "node.toml")
