"""The verbs of the core, one module each."""

import typer

from seatrial.cli.check_data import check_data
from seatrial.cli.check_policy import check_policy
from seatrial.cli.decide_promotion import decide_promotion
from seatrial.cli.embed import embed
from seatrial.cli.evaluate_model import evaluate_model
from seatrial.cli.explain_errors import explain_errors
from seatrial.cli.explain_policy import explain_policy
from seatrial.cli.explore import explore
from seatrial.cli.find_blind_spots import find_blind_spots
from seatrial.cli.import_predictions import import_predictions
from seatrial.cli.judge_data import judge_data
from seatrial.cli.measure_slices import measure_slices
from seatrial.cli.merge_shards import merge_shards
from seatrial.cli.mine_edge_cases import mine_edge_cases
from seatrial.cli.plan_shards import plan_shards
from seatrial.cli.plan_test_set import plan_test_set
from seatrial.cli.propose_expectations import propose_expectations
from seatrial.cli.render_report import render_report
from seatrial.cli.scenarios import scenarios
from seatrial.cli.search import search
from seatrial.cli.select import select
from seatrial.cli.show_ledger import show_ledger

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add every verb of the core to the program."""
    app.command("evaluate-model")(evaluate_model)
    app.command("import-predictions")(import_predictions)
    app.command("plan-shards")(plan_shards)
    app.command("merge-shards")(merge_shards)
    app.command("check-data")(check_data)
    app.command("propose-expectations")(propose_expectations)
    app.command("select")(select)
    app.command("embed")(embed)
    app.command("search")(search)
    app.command("mine-edge-cases")(mine_edge_cases)
    app.command("measure-slices")(measure_slices)
    app.command("explain-errors")(explain_errors)
    app.command("find-blind-spots")(find_blind_spots)
    app.command("check-policy")(check_policy)
    app.command("explain-policy")(explain_policy)
    app.command("plan-test-set")(plan_test_set)
    app.add_typer(scenarios, name="scenarios")
    app.command("show-ledger")(show_ledger)
    app.command("judge-data")(judge_data)
    app.command("decide-promotion")(decide_promotion)
    app.command("render-report")(render_report)
    app.command("explore")(explore)
