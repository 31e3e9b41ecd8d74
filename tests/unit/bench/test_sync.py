"""What the bench follows is a chain as the follower takes it, however long it is."""

from bench.sync import follow
from tests.common.story import CENTRE, Story

DAY = 86_400


def test_a_story_of_many_days_is_followed_to_its_end(tmp_path):
    story = Story.begin()
    story.enrol(CENTRE)
    story.mine()
    story.mine(timestamp=story.start + 3 * DAY)
    story.grant(CENTRE, story.heads[CENTRE].public_key.key_id, 4)
    story.mine()
    seconds, processor = follow(story, tmp_path / "ledger.db")
    assert seconds > 0 < processor
