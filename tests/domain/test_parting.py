from explorer.domain.parting import parting


def test_parting() -> None:
    assert parting("the fly", "the bee") == 4
    assert parting("the", "the fly") == 3
    assert parting("the fly", "the") == 3
    assert parting((5, 6, 7), [5, 6, 8]) == 2
    assert parting("", "fly") == 0
    assert parting("fly", "fly") == 3
