"""Exit statuses of `luapex ctl`: 1 the node does not have it, 2 the words are wrong."""

import pytest
from control_socket import ctl


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("bans 203.0.113.7", 0, ""),
        ("book find ffffffff", 0, ""),
        ("settings nosuch", 0, ""),
        # well said, but not there
        ("ban ffffffff", 1, "no known ID begins with ffffffff; give all of it"),
        ("unban ffffffff", 1, "no banned ID begins with ffffffff; see luapex ctl bans"),
        ("unban 203.0.113.7", 1, "nothing is banned"),
        ("disconnect ffffffff", 1, "no connected peer is ffffffff; see luapex ctl peers"),
        ("explain ffffffff", 1, "nobody is known as ffffffff"),
        ("events --filter peer=ffffffff", 1, "nobody is known as ffffffff"),
        ("persistent remove ffffffff", 1, "see luapex ctl persistent"),
        ("seeds remove ffffffff", 1, "see luapex ctl seeds"),
        ("book show ffffffff", 1, "no address of ffffffff"),
        ("policy set nosuch 1", 1, "nosuch"),
        ("policy rollback", 1, "see luapex ctl policy"),
        # wrong whatever the node has
        ("ban 10.0.0.1/8", 2, "(did you mean 10.0.0.0/8?)"),
        ("ban fff", 2, "target must be"),
        ("ban 1.2.3.4:5", 2, "target must be"),
        ("unban fff", 2, "target must be"),
        ("disconnect fff", 2, "peer must be"),
        ("explain 1.2.3", 2, "peer must be"),
        ("events --filter peer=fff", 2, "filter must be"),
        ("events --filter kind=nosuch", 2, ""),
        ("persistent remove fff", 2, "id must be"),
        ("seeds remove fff", 2, "id must be"),
        ("book show fff", 2, "what must be"),
        ("set nosuch 1", 2, "see luapex ctl settings"),
        ("set pex.dial_concurrency many", 2, "value must be"),
        ("log nosuch", 2, ""),
        ("dial 1.2.3.4:5", 2, "(has no ID)"),
        (f"dial {'a' * 40}@1.2.3.4", 2, "(missing port)"),
        ("seeds add abc@1.2.3.4:5", 2, "(ID is not 40 lower-case hex characters)"),
    ],
)
def test_a_status_says_whether_the_words_or_the_node_are_at_fault(pair, words, status, said):
    done = ctl(pair, *words.split())
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
