"""The fake GitHub finds what GitHub's description does not allow: without that, the other tests would prove little."""

import pytest


@pytest.mark.parametrize("method, path, query, body, words", [
    ("POST", "/repos/acme/churn/issues/7/comments", [], {"body": "text"}, None),
    ("GET", "/repos/acme/churn/issues/7/comments", [("per_page", "100"), ("page", "2")], None, None),
    ("GET", "/repos/acme/churn/contents/a/b.json", [("ref", "data")], None, None),
    ("POST", "/repos/acme/churn/issues/7/comments", [], {}, "'body' is a required property"),
    ("POST", "/repos/acme/churn/issues/7/comments", [], {"body": 7}, "7 is not"),
    ("POST", "/repos/acme/churn/issues/7/comments", [], {"body": "text", "title": "x"}, "unknown property title"),
    ("GET", "/repos/acme/churn/issues/7/comments", [("pages", "2")], None, "unknown parameter pages=2"),
    ("GET", "/repos/acme/churn/issues/7/comments", [("per_page", "many")], None, "parameter per_page: 'many' is not"),
    ("GET", "/repos/acme/churn/issues/7/comments", [], {"body": "text"}, "a body where none belongs"),
    ("PATCH", "/repos/acme/churn/issues/comments/1", [], {"text": "x"}, "'body' is a required"),
    ("PUT", "/repos/acme/churn/issues/comments/1", [], {"body": "text"}, "no operation PUT"),
    ("POST", "/repos/acme/churn/git/trees", [], {"tree": [{"mode": "100"}]}, "'100' is not one of"),
])
def test_requests_are_held_to_the_description(description, method, path, query, body, words):
    found = description.complaints(method, path, query, body)
    if words is None:
        assert found == []
    else:
        assert any(words in it for it in found), found


def test_answers_are_whole_objects(description):
    comment = description.example("POST", "/repos/acme/churn/issues/7/comments", 201)
    assert {"id", "node_id", "html_url", "body", "user", "created_at", "author_association"} <= comment.keys()
