"""What somebody sees who sets a protected alias by hand."""

import pytest

pytestmark = pytest.mark.slow


def test_the_refusal_is_shown_in_the_dialog_and_the_alias_stays(page, registry, model, shot):
    model.add("weights that nobody judged")
    page.goto(f"{registry.uri}/#/models/{model.name}/versions/1")
    page.get_by_role("button", name="Add").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").first.fill("champion")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Save aliases").click()
    told = f"{model.name}@champion is protected and version 1 has no signed verdict."
    dialog.get_by_text(told).wait_for()
    dialog.get_by_text("promote it with: seatrial promote-model").wait_for()
    shot(page, "refusal")
    assert model.alias() is None
