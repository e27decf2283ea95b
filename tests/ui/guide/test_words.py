"""The guide: its links open what they say, and its numbers are those of the first example."""

import pytest

from explorer.domain.notation import parse_genotype
from explorer.files.recordings import Recordings
from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.ui.explore.words import tiles_of
from explorer.ui.gallery.form import linked as gallery
from explorer.ui.guide.words import NUMBERS, TRIES, Try, guide_html
from explorer.ui.links import PREFIXES, Said, parse_query, read_link
from explorer.ui.model.handlers import OPENING_GENOTYPE, opening_question
from explorer.ui.statistics.form import linked as statistics
from explorer.ui.tasks.writers.form import linked as writers

READERS = {"": read_link, "gallery_": gallery, "stats_": statistics, "tasks_": writers}


@pytest.mark.parametrize("each", TRIES, ids=lambda each: each.title)
def test_each_thing_to_try_is_a_link_that_is_taken(demo: LoadedModel, each: Try) -> None:
    parameters = parse_query(each.address)
    prefix = next((name for name in PREFIXES if any(said.startswith(name) for said in parameters)), "")
    said = Said(parameters, prefix)
    read = READERS[prefix](said)
    assert said.told() == ""
    genotype = getattr(read, "genotype", None) or getattr(read, "mutants", "")
    if genotype:
        demo.anatomy.read(genotype)


def test_there_are_ten_and_none_where_another_model_is_loaded() -> None:
    assert len(TRIES) == 10
    assert guide_html(has_presets=True).count("<li>") == 10
    assert "Ten things" not in guide_html(has_presets=False)


def test_the_numbers_are_those_of_the_example_that_the_page_opens_with() -> None:
    question = opening_question(read_link(Said({})))
    recordings = Recordings((Settings().recordings_folder,))
    opened = recordings.shipped(str(OPENING_GENOTYPE), question.asked(), question.decoding())
    assert opened is not None
    assert parse_genotype(opened.genotype) == parse_genotype(OPENING_GENOTYPE)
    shown = {tile.name: tile.value for tile in tiles_of(opened.update)}
    examples = {each.name: each.example for each in NUMBERS if each.example}
    assert examples == {name: shown[name] for name in examples}
    assert len(examples) == 5
