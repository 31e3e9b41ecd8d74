"""What an operator reads: a word and an advice for every alarm, every setting and no secret."""

from __future__ import annotations

from pathlib import Path

from api.operating.health import ALARM_WORDS, shown_settings
from api.operating.monitor import ALARMS
from api.settings import DepartmentSettings, Settings, SourceSettings

SECRET = "hunter2"  # noqa: S105 - of nobody
SOURCE = SourceSettings(
    entry="30300101/06001",
    url=f"postgresql://reader:{SECRET}@db/people",
    table="person",
    columns={"XM": "name"},
    key="id",
)
DEPARTMENT = DepartmentSettings(
    code="11130900MB0000001M",
    custody="own",
    department_key=Path("department.pem"),
    log_key=Path("log.pem"),
    sources=[SOURCE],
)
SETTINGS = Settings(
    chain_url="http://127.0.0.1:8545",
    deployment=Path("deployment.json"),
    data_dir=Path("data"),
    host="127.0.0.1",
    port=8601,
    public_url="http://127.0.0.1:8601",
    authorities=["127.0.0.1:8601"],
    relay_key=Path("relay.json"),
    password_file=Path("password"),
    departments=[DEPARTMENT],
)


def test_every_alarm_has_words_and_an_advice_in_both_languages():
    assert ALARM_WORDS.keys() == set(ALARMS)
    assert all(all((*words, *advice)) for words, advice in ALARM_WORDS.values())


class TestSettings:
    def test_every_one_is_shown(self):
        shown = dict(shown_settings(SETTINGS))
        assert shown["chain_url"] == "http://127.0.0.1:8545"
        assert shown["departments[0].sources[0].columns.XM"] == "name"
        assert shown["limits.page_rows"] == "1000"
        tops = {name.split(".")[0].split("[")[0] for name in shown}
        assert tops == Settings.model_fields.keys() - {"peers"}  # there are none

    def test_what_holds_a_secret_is_not(self):
        shown = dict(shown_settings(SETTINGS))
        assert shown["departments[0].sources[0].url"] == "••••"
        assert not any(SECRET in value for value in shown.values())
