from models.engine import Usage
from serve.receipts.usages import add_usage, total_usage


def test_usage_counts_the_prompt_once_and_every_choice() -> None:
    one = add_usage(None, Usage(10, 3, 4))
    assert add_usage(one, Usage(10, 5, 8)) == Usage(10, 8, 8)


def test_different_prompts_add_up() -> None:
    assert total_usage([Usage(10, 3, 4), Usage(1, 2)]) == Usage(11, 5, 4)
