"""The check names what was changed in a stored log: one edit of each kind, each found."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace

import orjson
import pytest
from alembic import command
from sqlalchemy import delete, select, text, update

from node.errors import ConfigInvalid, LogIncomplete, LogTampered, NotFound
from node.log import Committer, LogReader, check_log
from node.log.heads import sign_head
from node.log.logpairs import LogPair
from node.log.parts import pack_parts, unpack_parts
from node.log.tables import (
    batch,
    call,
    counter,
    entry,
    event,
    head,
    position,
    tile,
)
from node.log.tree import GrowingTree
from node.protocol.wire.merkle import leaf_hash
from node.storage.engines import open_engine
from node.storage.migrations import configuration
from tests.common.logs import (
    CODE,
    Clock,
    new_draft,
    new_identity,
)
from tests.common.trees import root_of

SIZE = 5000
"""More than one chunk of the check, and not a whole number of tiles."""


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture(scope="module")
def sound(tmp_path_factory, identity):
    path = tmp_path_factory.mktemp("log") / "log.db"
    engine = open_engine(path)
    committer = Committer(engine, [identity], clock=Clock())
    for start in range(0, SIZE, 250):
        committer.commit(
            [new_draft(identity, n, authorisation=n % 7) for n in range(start, start + 250)]
        )
    committer.close()
    engine.dispose()
    return path


@pytest.fixture
def engine(sound, tmp_path):
    path = shutil.copy(sound, tmp_path / "log.db")
    return open_engine(path)


def run(engine, statement):
    with engine.begin() as connection:
        connection.execute(statement)


def leaf_at(engine, index):
    with engine.begin() as connection:
        return connection.scalar(select(entry.c.leaf).where(entry.c.position == position(1, index)))


def edited(leaf, **members):
    return orjson.dumps({**orjson.loads(leaf), **members}, option=orjson.OPT_SORT_KEYS)


def set_leaf(engine, index, leaf):
    run(engine, update(entry).where(entry.c.position == position(1, index)).values(leaf=leaf))


def rehash(engine, identity):
    """Do what a thief with the disk but without the keys would: make the tree fit again."""
    with engine.begin() as connection:
        leaves = connection.scalars(select(entry.c.leaf).order_by(entry.c.position)).all()
        tree = GrowingTree(0, [])
        for leaf in leaves:
            tree.append(leaf_hash(leaf))
        for level, number, hashes in tree.changed():
            connection.execute(
                update(tile)
                .where(tile.c.level == level, tile.c.number == number)
                .values(hashes=hashes)
            )
        other = new_identity()
        thief = replace(identity, sm2=other.sm2, ed25519=other.ed25519)
        root = tree.edge().root
        note = sign_head(thief, tree.size, root)
        connection.execute(update(head).values(root=root, checkpoint=note))


def pair_of(identity, **valid):
    return LogPair(identity.sm2.public_key, identity.ed25519.public, **valid)


def half_of(identity, **valid):
    """Return the pair of a key whose document is not here."""
    return LogPair(identity.sm2.public_key, None, **valid)


def second_of(engine, index):
    return orjson.loads(leaf_at(engine, index))["at"] // 1000


def found(engine, identity, **known):
    with pytest.raises(LogTampered) as caught:
        check_log(engine, identity.log, **known)
    facts = caught.value.facts
    assert facts["department"] == CODE
    assert facts["log"] == identity.log.hex()
    return facts["what"], facts.get("index")


def incomplete(engine, identity, anchored):
    with pytest.raises(LogIncomplete, match=f"{anchored[-1][0]} entries are anchored") as caught:
        check_log(engine, identity.log, anchored=anchored)
    assert caught.value.code == "log-incomplete"
    return caught.value.facts["size"], caught.value.facts["anchored"]


class TestCopiedWithoutItsWal:
    """What the writer has not moved out of the -wal file is missing, and nobody tampered."""

    def copy(self, tmp_path, identity, moved, rest):
        path = tmp_path / "log.db"
        committer = Committer(open_engine(path), [identity], clock=Clock())
        for n in range(moved):
            committer.commit([new_draft(identity, n)])
        if moved:
            with sqlite3.connect(path) as connection:
                connection.execute("pragma wal_checkpoint(passive)")
        for n in range(moved, moved + rest):
            committer.commit([new_draft(identity, n)])
        root = LogReader(open_engine(path, readonly=True)).root_at(identity.log, moved + rest)
        copied = tmp_path / "copied.db"
        shutil.copy(path, copied)
        committer.close()
        return open_engine(copied, readonly=True), [(moved + rest, root)]

    def test_it_is_incomplete(self, tmp_path, identity):
        engine, anchored = self.copy(tmp_path, identity, 20, 7)
        assert incomplete(engine, identity, anchored) == (20, 27)

    def test_a_young_one_is_incomplete_too(self, tmp_path, identity):
        engine, anchored = self.copy(tmp_path, identity, 0, 7)
        assert incomplete(engine, identity, anchored) == (0, 7)

    def test_what_was_changed_in_the_part_that_is_there_is_still_named(self, tmp_path, identity):
        engine, anchored = self.copy(tmp_path, identity, 20, 7)
        run(open_engine(tmp_path / "copied.db"), update(head).values(at=1))
        assert found(engine, identity, anchored=anchored)[0] == "head"


class TestSound:
    def test_it_passes_with_all_that_is_known(self, engine, identity):
        reader = LogReader(engine)
        anchored = [(size, reader.root_at(identity.log, size)) for size in (1, 256, 4097, SIZE)]
        seen: list[int] = []
        checked = check_log(
            engine,
            identity.log,
            anchored=anchored,
            pairs=[pair_of(identity)],
            progress=seen.append,
        )
        assert (checked.department, checked.size) == (CODE, SIZE)
        assert checked.root == reader.head(identity.log).root
        assert seen == [4096, SIZE]

    def test_an_empty_log_passes(self, tmp_path, identity):
        engine = open_engine(tmp_path / "log.db")
        Committer(engine, [identity]).close()
        assert check_log(engine, identity.log).size == 0

    def test_an_unknown_log_is_not_found(self, engine):
        with pytest.raises(NotFound):
            check_log(engine, bytes(32))


class TestEditedLeaf:
    @pytest.mark.parametrize("index", [0, 255, 256, 4095, 4096, SIZE - 1])
    def test_one_changed_member_names_its_entry(self, engine, identity, index):
        set_leaf(engine, index, edited(leaf_at(engine, index), rows=999))
        assert found(engine, identity) == ("leaf", index)

    def test_one_changed_byte_names_its_entry(self, engine, identity):
        leaf = bytearray(leaf_at(engine, 1234))
        leaf[100] ^= 1
        set_leaf(engine, 1234, bytes(leaf))
        assert found(engine, identity) == ("leaf", 1234)

    def test_a_leaf_and_its_tiles_changed_together_are_found_by_the_next_call(
        self, engine, identity
    ):
        reader = LogReader(engine)
        anchored = [(SIZE, reader.root_at(identity.log, SIZE))]
        set_leaf(engine, 2000, edited(leaf_at(engine, 2000), rows=999))
        rehash(engine, identity)
        assert found(engine, identity) == ("leaf", 2000)
        assert found(engine, identity, anchored=anchored) == ("leaf", 2000)

    def test_the_last_call_rewritten_with_everything_is_found_by_its_anchor(self, engine, identity):
        reader = LogReader(engine)
        anchored = [(size, reader.root_at(identity.log, size)) for size in (4000, SIZE)]
        set_leaf(engine, SIZE - 1, edited(leaf_at(engine, SIZE - 1), rows=999))
        rehash(engine, identity)
        authorisation = (SIZE - 1) % 7
        hash_ = leaf_hash(leaf_at(engine, SIZE - 1))
        run(
            engine,
            update(counter)
            .where(counter.c.authorisation == authorisation)
            .values(last=hash_, rows=counter.c.rows + 998),
        )
        assert found(engine, identity) == ("batch", SIZE - 250)
        with engine.begin() as connection:
            note = connection.scalar(select(head.c.checkpoint))
            row = batch.c.position == position(1, SIZE - 250)
            connection.execute(update(batch).where(row).values(checkpoint=note))
        assert check_log(engine, identity.log).size == SIZE
        assert found(engine, identity, anchored=anchored) == ("anchor", 4000)
        assert found(engine, identity, pairs=[pair_of(identity)]) == ("checkpoint", None)

    def test_bytes_that_are_no_leaf_are_found_even_with_a_fitting_tree(self, engine, identity):
        set_leaf(engine, 300, b"nothing")
        rehash(engine, identity)
        assert found(engine, identity) == ("leaf", 300)

    def test_an_earlier_time_is_found(self, engine, identity):
        set_leaf(engine, 300, edited(leaf_at(engine, 300), at=1))
        rehash(engine, identity)
        assert found(engine, identity) == ("leaf", 300)


class TestOtherRows:
    def test_a_missing_entry_is_named(self, engine, identity):
        run(engine, delete(entry).where(entry.c.position == position(1, 4500)))
        assert found(engine, identity) == ("leaf", 4500)

    def test_a_missing_end_is_named(self, engine, identity):
        run(engine, delete(entry).where(entry.c.position >= position(1, SIZE - 5)))
        assert found(engine, identity) == ("leaf", SIZE - 5)

    @pytest.mark.parametrize("index", [700, SIZE - 1])
    def test_a_changed_tile_is_told_from_a_changed_leaf(self, engine, identity, index):
        number, within = divmod(index, 256)
        with engine.begin() as connection:
            row = (tile.c.level == 0) & (tile.c.number == number)
            hashes = bytearray(connection.scalar(select(tile.c.hashes).where(row)))
            hashes[within * 32] ^= 1
            connection.execute(update(tile).where(row).values(hashes=bytes(hashes)))
        assert found(engine, identity) == ("tile", index)

    def test_a_changed_upper_tile_is_found(self, engine, identity):
        run(engine, update(tile).where(tile.c.level == 1).values(hashes=bytes(32 * 19)))
        assert found(engine, identity) == ("tile", None)

    def test_a_missing_tile_is_found(self, engine, identity):
        run(engine, delete(tile).where(tile.c.level == 0, tile.c.number == 3))
        assert found(engine, identity) == ("tile", 768)

    def test_a_head_that_is_not_its_checkpoint_is_found(self, engine, identity):
        run(engine, update(head).values(size=SIZE - 1))
        assert found(engine, identity) == ("head", None)

    def test_a_head_of_another_department_is_found(self, engine, identity):
        run(engine, update(head).values(department=bytes(32)))
        assert found(engine, identity) == ("head", None)

    def test_a_log_cut_back_with_its_old_checkpoint_is_incomplete_and_never_sound(
        self, tmp_path, identity
    ):
        engine = open_engine(tmp_path / "log.db")
        committer = Committer(engine, [identity], clock=Clock())
        committer.commit([new_draft(identity, n) for n in range(10)])
        committer.close()
        anchored = [(10, LogReader(engine).root_at(identity.log, 10)), (11, bytes(32))]
        assert incomplete(engine, identity, anchored) == (10, 11)

    def test_a_counter_set_back_is_found(self, engine, identity):
        run(engine, update(counter).where(counter.c.authorisation == 3).values(count=1))
        assert found(engine, identity) == ("counter", None)

    @pytest.mark.parametrize("values", [{"calls": 1}, {"rows": 0}, {"day": 1}])
    def test_a_quota_given_back_is_found(self, engine, identity, values):
        run(engine, update(counter).where(counter.c.authorisation == 3).values(**values))
        assert found(engine, identity) == ("counter", None)

    def test_a_counter_that_has_opened_a_new_day_is_sound(self, engine, identity):
        opened = {"day": counter.c.day + 1, "calls": 0, "rows": 0}
        run(engine, update(counter).where(counter.c.authorisation == 3).values(**opened))
        assert check_log(engine, identity.log).size == SIZE

    def test_a_call_that_leads_to_another_entry_is_named(self, engine, identity):
        row = call.c.authorisation == 3321 % 7
        with engine.begin() as connection:
            first, others = connection.execute(select(call.c.index, call.c.others).where(row)).one()
            place = 8 * ((3321 - first) // 7 - 1)
            assert int.from_bytes(others[place : place + 8], "big") == 3321
            changed = others[:place] + (3322).to_bytes(8, "big") + others[place + 8 :]
            connection.execute(update(call).where(row).values(others=changed))
        assert found(engine, identity) == ("index", 3321)

    @pytest.mark.parametrize("answer", [b"another", None])
    def test_a_kept_answer_that_is_not_the_entry_s_is_named(self, engine, identity, answer):
        row = batch.c.position == position(1, 4250)
        with engine.begin() as connection:
            packed = connection.scalar(select(batch.c.answers).where(row))
            answers = unpack_parts(packed, 250)
            answers[71] = answer
            changed = {"answers": pack_parts(answers)}
            connection.execute(update(batch).where(row).values(**changed))
        assert found(engine, identity) == ("answer", 4321)

    @pytest.mark.parametrize("column", [batch.c.events, batch.c.calls])
    def test_what_the_indexes_do_not_have_yet_is_looked_for_in_the_batches(
        self, engine, identity, column
    ):
        row = batch.c.position == position(1, 4250)
        byte = 71 * 32 + 9 if column is batch.c.events else 71 * 16 + 15
        with engine.begin() as connection:
            assert connection.scalar(select(head.c.indexed)) == 4000
            known = bytearray(connection.scalar(select(column).where(row)))
            known[byte] ^= 1
            connection.execute(update(batch).where(row).values({column: bytes(known)}))
        assert found(engine, identity) == ("index", 4321)

    @pytest.mark.parametrize("events", [b"", bytes(31), bytes(32)])
    def test_a_batch_that_no_commit_wrote_is_found(self, engine, identity, events):
        run(
            engine, update(batch).where(batch.c.position == position(1, 4250)).values(events=events)
        )
        assert found(engine, identity)[0] == "index"
        with pytest.raises(LogTampered):
            Committer(engine, [identity])

    @pytest.mark.parametrize(
        "change", [{"checkpoint": b"\0"}, {"size": 4251}, {"size": 9999}, {"texts": bytes(32)}]
    )
    def test_what_is_kept_for_resends_is_its_commit_s(self, engine, identity, change):
        run(engine, update(batch).where(batch.c.position == position(1, 4250)).values(**change))
        assert found(engine, identity) == ("batch", 4250)

    def test_a_note_of_another_commit_is_found(self, engine, identity):
        with engine.begin() as connection:
            note = connection.scalar(select(batch.c.checkpoint).order_by(batch.c.position).limit(1))
            row = batch.c.position == position(1, 4250)
            connection.execute(update(batch).where(row).values(checkpoint=note))
        assert found(engine, identity) == ("batch", 4250)

    def sign_kept(self, engine, identity, signer):
        """Have another sign the tree of the row at 4250."""
        row = batch.c.position == position(1, 4250)
        root = LogReader(engine).root_at(identity.log, 4500)
        other = replace(identity, sm2=signer.sm2, ed25519=signer.ed25519)
        run(engine, update(batch).where(row).values(checkpoint=sign_head(other, 4500, root)))

    def test_a_kept_note_that_none_of_the_log_s_keys_signed_is_found(self, engine, identity):
        self.sign_kept(engine, identity, new_identity())
        assert check_log(engine, identity.log).size == SIZE
        assert found(engine, identity, pairs=[pair_of(identity)]) == ("batch", 4250)

    def test_a_kept_note_with_a_changed_signature_is_found(self, engine, identity):
        row = batch.c.position == position(1, 4250)
        with engine.begin() as connection:
            note = connection.scalar(select(batch.c.checkpoint).where(row))
            lines = note.split(b"\n")
            lines[-2] = (
                lines[-2][:-9] + (b"A" if lines[-2][-9:-8] != b"A" else b"B") + lines[-2][-8:]
            )
            connection.execute(update(batch).where(row).values(checkpoint=b"\n".join(lines)))
        assert found(engine, identity, pairs=[pair_of(identity)]) == ("batch", 4250)

    def test_a_kept_note_of_before_the_keys_were_replaced_holds(self, engine, identity):
        earlier, at = new_identity(), second_of(engine, 4499)
        self.sign_kept(engine, identity, earlier)
        pairs = [pair_of(identity), pair_of(earlier, valid_from=at - 9, revoked_at=at)]
        checked = check_log(engine, identity.log, pairs=pairs)
        assert (checked.size, checked.is_head_proven, checked.unverified) == (SIZE, True, 0)

    def test_a_kept_note_by_a_key_that_was_not_valid_then_is_found(self, engine, identity):
        earlier, at = new_identity(), second_of(engine, 4499)
        self.sign_kept(engine, identity, earlier)
        for times in ({"revoked_at": at - 1}, {"valid_until": at}, {"valid_from": at + 1}):
            pairs = [pair_of(identity), pair_of(earlier, **times)]
            assert found(engine, identity, pairs=pairs) == ("batch", 4250)

    def test_a_kept_note_by_a_key_whose_document_is_missing_is_not_verified(self, engine, identity):
        earlier, at = new_identity(), second_of(engine, 4499)
        self.sign_kept(engine, identity, earlier)
        checked = check_log(engine, identity.log, pairs=[pair_of(identity), half_of(earlier)])
        assert (checked.is_head_proven, checked.unverified) == (True, 1)
        revoked = [pair_of(identity), half_of(earlier, revoked_at=at - 1)]
        assert found(engine, identity, pairs=revoked) == ("batch", 4250)

    def sign_head_anew(self, engine, identity, signer):
        """Have another sign the head as it is; return the last entry's second and the anchor."""
        root = LogReader(engine).head(identity.log).root
        other = replace(identity, sm2=signer.sm2, ed25519=signer.ed25519)
        run(engine, update(head).values(checkpoint=sign_head(other, SIZE, root)))
        return second_of(engine, SIZE - 1), [(SIZE, root)]

    def test_a_head_by_a_key_that_was_not_valid_then_is_found(self, engine, identity):
        stolen = new_identity()
        at, anchored = self.sign_head_anew(engine, identity, stolen)
        for times in ({"revoked_at": at - 1}, {"valid_until": at}, {"valid_from": at + 1}):
            pairs = [pair_of(identity), pair_of(stolen, **times)]
            assert found(engine, identity, pairs=pairs) == ("checkpoint", None)
            assert found(engine, identity, pairs=pairs, anchored=anchored) == ("checkpoint", None)

    def test_a_head_dated_back_before_its_last_entry_is_found(self, engine, identity):
        stolen = new_identity()
        at, _ = self.sign_head_anew(engine, identity, stolen)
        run(engine, update(head).values(at=(at - 100) * 1000))
        pairs = [pair_of(identity), pair_of(stolen, revoked_at=at - 100)]
        assert found(engine, identity, pairs=pairs) == ("head", None)

    def test_a_head_by_a_key_revoked_since_is_proven_by_an_anchor_alone(self, engine, identity):
        """Its time is the writer's word, and who stole the key may have written it."""
        stolen = new_identity()
        at, anchored = self.sign_head_anew(engine, identity, stolen)
        pairs = [pair_of(identity), pair_of(stolen, revoked_at=at)]
        assert not check_log(engine, identity.log, pairs=pairs).is_head_proven
        assert check_log(engine, identity.log, pairs=pairs, anchored=anchored).is_head_proven

    def test_a_head_by_a_key_that_is_still_valid_holds(self, engine, identity):
        other = new_identity()
        self.sign_head_anew(engine, identity, other)
        pairs = [pair_of(identity), pair_of(other)]
        assert check_log(engine, identity.log, pairs=pairs).is_head_proven

    def test_a_head_by_a_key_whose_document_is_missing_is_not_verified(self, engine, identity):
        other = new_identity()
        self.sign_head_anew(engine, identity, other)
        checked = check_log(engine, identity.log, pairs=[pair_of(identity), half_of(other)])
        assert (checked.is_head_proven, checked.unverified) == (False, 1)
        unknown = [pair_of(identity), half_of(new_identity())]
        assert found(engine, identity, pairs=unknown) == ("checkpoint", None)

    def test_an_empty_log_of_before_the_keys_were_replaced_holds(self, tmp_path, identity):
        engine, earlier = open_engine(tmp_path / "empty.db"), new_identity()
        Committer(engine, [replace(identity, sm2=earlier.sm2, ed25519=earlier.ed25519)]).close()
        pairs = [pair_of(identity), pair_of(earlier, valid_from=5, revoked_at=9)]
        assert check_log(engine, identity.log, pairs=pairs).is_head_proven

    @pytest.mark.parametrize("answers", [b"\0", bytes(1000) + b"too long"])
    def test_answers_that_no_commit_packed_are_found(self, engine, identity, answers):
        run(
            engine,
            update(batch).where(batch.c.position == position(1, 4250)).values(answers=answers),
        )
        assert found(engine, identity) == ("answer", 4250)

    @pytest.mark.parametrize("indexed", [-5, SIZE + 1000])
    def test_indexes_that_go_beyond_the_log_are_found(self, engine, identity, indexed):
        with engine.begin() as connection:
            connection.execute(text("pragma ignore_check_constraints = on"))
            connection.execute(update(head).values(indexed=indexed))
            connection.execute(text("pragma ignore_check_constraints = off"))
        assert found(engine, identity) == ("head", None)
        with pytest.raises(LogTampered, match=f"{indexed} entries"):
            Committer(engine, [identity])

    def test_a_missing_batch_is_found(self, engine, identity):
        run(engine, delete(batch).where(batch.c.position == position(1, 4500)))
        assert found(engine, identity) == ("index", 4500)
        with pytest.raises(LogTampered, match="4000 to 4999"):
            Committer(engine, [identity])

    def test_a_head_of_another_time_is_found(self, engine, identity):
        run(engine, update(head).values(at=2**50))
        assert found(engine, identity) == ("head", None)

    def test_a_file_of_an_earlier_revision_is_none_that_was_changed(self, engine, identity):
        with engine.begin() as connection:
            command.downgrade(configuration(connection, "log"), "0002")
        with pytest.raises(ConfigInvalid, match=r"请复制一份.* / written by an earlier version"):
            check_log(engine, identity.log)
        Committer(engine, [identity]).close()
        assert check_log(engine, identity.log).size == SIZE

    @pytest.mark.parametrize(
        "statement",
        [
            "update entry set leaf = 'text' where position = (select max(position) from entry)",
            "update tile set hashes = 7 where level = 1",
            "update head set checkpoint = 'text'",
            "update head set number = 9223372036854775807",
            "update head set origin = cast(x'ff' as text)",
            "drop table call",
        ],
    )
    def test_a_file_no_log_has_written_is_found(self, engine, identity, statement):
        run(engine, text(statement))
        with pytest.raises(LogTampered) as caught:
            check_log(engine, identity.log)
        assert caught.value.facts["what"] in {"file", "head"}

    def test_a_log_taken_away_whole_is_found_by_its_anchor(self, engine, identity):
        run(engine, delete(head))
        with pytest.raises(LogTampered) as caught:
            check_log(engine, identity.log, anchored=[(7, bytes(32))])
        assert caught.value.facts["what"] == "size"

    def test_an_event_taken_out_of_the_index_is_named(self, engine, identity):
        run(engine, delete(event).where(event.c.index == 3321))
        assert found(engine, identity) == ("index", 3321)

    def test_an_event_or_a_call_too_many_is_found(self, engine, identity):
        run(engine, event.insert().values(log=1, event=bytes(32), index=1))
        assert found(engine, identity) == ("index", None)
        run(engine, delete(event).where(event.c.event == bytes(32)))
        run(engine, delete(call).where(call.c.authorisation == 3))
        assert found(engine, identity) == ("index", 3)

    def test_the_edge_of_an_edited_log_is_refused_by_its_writer(self, engine, identity):
        run(engine, update(head).values(root=root_of([bytes(32)])))
        with pytest.raises(LogTampered):
            Committer(engine, [identity])
