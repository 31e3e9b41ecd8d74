"""Every problem comes back as the error it was made of, and none can end our process."""

import json

import pytest

from api.http.problems import problem, status_of
from node import errors
from node.client.refused import find_class, problem_error


def tree(kind=errors.LedgerError):
    yield kind
    for narrower in kind.__subclasses__():
        yield from tree(narrower)


class TestProblemError:
    @pytest.mark.parametrize("kind", sorted(set(tree()), key=str))
    def test_is_the_inverse_of_the_rendering(self, kind):
        rendered = problem(kind("because", item="XM"))
        error = problem_error(status_of(kind), json.dumps(rendered).encode(), "http://node/x")
        if issubclass(kind, errors.Fatal):
            assert isinstance(error, errors.PeerUnavailable)
        else:
            assert error.code == kind.code
        assert (error.message, error.facts) == ("because", {"item": "XM"})

    def test_keeps_both_languages_of_a_refusal(self):
        said = errors.ItemNotGranted("item XM is not granted", item="XM")
        error = problem_error(403, json.dumps(problem(said)).encode(), "http://node/x")
        assert (error.message, error.chinese) == (said.message, said.chinese)

    def test_knows_no_class_that_ends_the_process(self):
        assert find_class("fatal") is None
        assert find_class("wrong-chain") is None

    @pytest.mark.parametrize(
        ("status", "kind"), [(500, errors.PeerUnavailable), (418, errors.InvalidInput)]
    )
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<html>",
            b"[]",
            b'{"code": "unheard-of"}',
            b'{"code": 7}',
            # What gateways of other makes answer.
            b'{"message": "no Route matched with those values"}',
            b'{"self": 1, "detail": ["x"]}',
            b"[" * 100_000,
            b'{"code": "\xff"}',
        ],
    )
    def test_makes_the_best_of_what_is_no_problem_of_ours(self, status, kind, content):
        assert type(problem_error(status, content, "http://node/x")) is kind
