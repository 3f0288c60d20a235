"""MLflow plugins: steps that publish, promote, roll back, verify and notify; evaluator, model source, ledger.

The steps are modules of this package. Behind them are :mod:`~seatrial_mlflow.publishing` (a verdict as a
run), :mod:`~seatrial_mlflow.signing` (what is vouched for) and :mod:`~seatrial_mlflow.gated_registry` (the
server's side: what may move); :mod:`~seatrial_mlflow.evaluator` is for ``mlflow.models.evaluate``.
"""
