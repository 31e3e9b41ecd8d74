"""What the bench follows is a chain as the follower takes it, however long it is."""

from bench.sync import follow
from ledger_sync.queries import Queries
from node.storage.engines import open_engine
from tests.common.story import CENTRE, Story

DAY = 86_400


def test_a_story_of_many_days_is_followed_to_its_end(tmp_path):
    story = Story.begin()
    story.enrol(CENTRE)
    story.mine()
    story.mine(timestamp=story.start + 3 * DAY)
    story.grant(CENTRE, story.heads[CENTRE].public_key.key_id, 4)
    story.mine()
    database = tmp_path / "ledger.db"
    follow(story, database)
    cursor = Queries(open_engine(database, readonly=True)).cursor()
    assert cursor.next_block == story.chain.head() + 1
