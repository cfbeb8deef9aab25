"""The garbage collector rests while very many objects are made; afterwards it is as it was."""

import gc

import pytest

from evkit.garbage import imported, uncollected


def test_the_collector_rests_meanwhile_and_is_afterwards_as_it_was() -> None:
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled(), "the outer one still rests"
    assert gc.isenabled()
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled(), "who has it off keeps it off"
    finally:
        gc.enable()


def test_what_can_not_be_imported_leaves_it_on() -> None:
    with pytest.raises(ModuleNotFoundError):
        imported("evkit.nowhere")
    assert gc.isenabled()
