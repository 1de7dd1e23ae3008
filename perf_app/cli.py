"""The command line: arguments, logging, exit codes."""

from __future__ import annotations

import logging
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from operators.errors import PerfusionError
from operators.flow_mapping.scanner_map import ScannerFlow
from operators.series import State
from perf_app.config import Settings, read_settings
from perf_app.phantom.dialect import Dialect, TransferSyntax
from perf_app.run import Outcome, run
from perf_app.terminal import results, run_with_progress

console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)

people = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Cardiac perfusion MRI: from a DICOM study to myocardial blood flow, AHA sectors and a report. "
    "Research use only; the network was trained on simulated patients.",
)
orchestrators = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

DEMO_SEED = 15
Model = Annotated[Path | None, typer.Option("--model", "-m", help="The bundle's folder (default: the one shipped).")]
WorkDir = Annotated[Path | None, typer.Option("--workdir", "-w", help="Where relative paths start.")]
Aif = Annotated[Path | None, typer.Option(help="CSV time_s,gd_mmol_per_l that stands in for an AIF series.")]
ProtocolFile = Annotated[Path | None, typer.Option(help="YAML with what the headers don't tell (docs/protocol.md).")]
RulesFile = Annotated[Path | None, typer.Option(help="YAML with what series' descriptions mean (docs/selection.md).")]
StateOption = Annotated[State | None, typer.Option(help="Haemodynamic state, where the descriptions don't tell.")]
ScannerFlowOption = Annotated[
    ScannerFlow | None,
    typer.Option(help="Blood flow that the scanner mapped itself: use it, compare too, or ignore it."),
]
Nifti = Annotated[bool | None, typer.Option("--nifti", help="Write NIfTI files too.")]
FromDicomWeb = Annotated[str | None, typer.Option(metavar="URL", help="DICOMweb server to read from, in place of IN.")]
StudyUid = Annotated[str | None, typer.Option("--study", metavar="UID", help="Study instance UID on that server.")]
ToDicomWeb = Annotated[str | None, typer.Option(metavar="URL", help="DICOMweb server to send the DICOM objects to.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log each step.")]


@orchestrators.command()
def _exec(
    input_path: Annotated[Path | None, typer.Option("--input", "-i", help="Folder with the study's DICOM.")] = None,
    output_path: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the results.")] = None,
    model: Model = None,
    workdir: WorkDir = None,
    aif: Aif = None,
    protocol: ProtocolFile = None,
    rules: RulesFile = None,
    state: StateOption = None,
    scanner_flow: ScannerFlowOption = None,
    nifti: Nifti = None,
    from_dicomweb: FromDicomWeb = None,
    study: StudyUid = None,
    to_dicomweb: ToDicomWeb = None,
) -> None:
    """Process one study. Arguments win over HOLOSCAN_INPUT_PATH, _OUTPUT_PATH, _MODEL_PATH and _WORKDIR."""
    _log_to_stderr(logging.INFO)
    settings = _settings_or_exit(
        input_path=input_path,
        output_path=output_path,
        model_path=model,
        workdir=workdir,
        aif=aif,
        protocol=protocol,
        rules=rules,
        state=state,
        scanner_flow=scanner_flow,
        nifti=nifti,
        from_dicomweb=from_dicomweb,
        study=study,
        to_dicomweb=to_dicomweb,
    )
    raise typer.Exit(run(settings).exit_code)


@people.command("run")
def run_command(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="[IN] OUT", help="Folder with the study's DICOM (none with --from-dicomweb), results."),
    ],
    model: Model = None,
    workdir: WorkDir = None,
    aif: Aif = None,
    protocol: ProtocolFile = None,
    rules: RulesFile = None,
    state: StateOption = None,
    scanner_flow: ScannerFlowOption = None,
    nifti: Nifti = None,
    from_dicomweb: FromDicomWeb = None,
    study: StudyUid = None,
    to_dicomweb: ToDicomWeb = None,
    verbose: Verbose = False,
) -> None:
    """Analyse one study: numbers, report and DICOM objects into OUT."""
    _log_to_stderr(logging.INFO if verbose else logging.CRITICAL)
    if len(folders) != (1 if from_dicomweb else 2):
        raise typer.BadParameter("IN and OUT are needed, or OUT alone with --from-dicomweb")
    settings = _settings_or_exit(
        input_path=None if from_dicomweb else folders[0],
        output_path=folders[-1],
        model_path=model,
        workdir=workdir,
        aif=aif,
        protocol=protocol,
        rules=rules,
        state=state,
        scanner_flow=scanner_flow,
        nifti=nifti,
        from_dicomweb=from_dicomweb,
        study=study,
        to_dicomweb=to_dicomweb,
    )
    outcome = run_with_progress(settings, errors)
    _show(outcome, settings)
    raise typer.Exit(outcome.exit_code)


@people.command()
def send(
    output_path: Annotated[Path, typer.Argument(metavar="OUT", help="Folder with results.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="DICOMweb server, such as https://archive/dicom-web.")],
) -> None:
    """Send the objects of a folder's last run to a DICOMweb server; those that it has already aren't sent again."""
    from perf_app.archive import send_objects
    from perf_app.output_folder import ERROR_FILE, written_files

    _log_to_stderr(logging.CRITICAL)
    objects = [path for path in written_files(output_path) if path.suffix == ".dcm"]
    if not objects:
        raise typer.BadParameter("there are no DICOM objects in that folder")
    try:
        send_objects(url, objects)
    except PerfusionError as error:
        _print_error(error)
        raise typer.Exit(error.exit_code) from None
    (output_path / ERROR_FILE).unlink(missing_ok=True)
    console.print(f"{len(objects)} objects are on the server")


@people.command()
def inspect(
    input_path: Annotated[Path, typer.Argument(metavar="IN", help="Folder with DICOM files.")],
    rules: RulesFile = None,
    state: StateOption = None,
) -> None:
    """Show what a folder holds and what would be done with it; runs nothing."""
    from operators.dicom_loading.inspection import inspect_folder
    from perf_app.inspection_table import inspection_table
    from perf_app.rules_file import read_rules

    _log_to_stderr(logging.CRITICAL)
    try:
        folder = inspect_folder(input_path, state, read_rules(rules))
    except PerfusionError as error:
        _print_error(error)
        raise typer.Exit(error.exit_code) from None
    Console().print(inspection_table(folder))


@people.command()
def demo(
    output: Annotated[Path, typer.Argument(metavar="[OUT]", help="Folder for study and results.")] = Path("out/demo"),
) -> None:
    """Make a digital (simulated) patient's study, stress and rest, and analyse it."""
    from perf_app.demo import compare_with_truth
    from perf_app.phantom.patient import draw_patient
    from perf_app.phantom.study import write_study

    _log_to_stderr(logging.CRITICAL)
    study, results = output / "study", output / "results"
    for stale in (study, results):
        shutil.rmtree(stale, ignore_errors=True)
    with console.status("Making a digital patient's study (simulated) ..."):
        truth = write_study(study, draw_patient(DEMO_SEED))
    settings = _settings_or_exit(input_path=study, output_path=results)
    outcome = run_with_progress(settings, errors)
    _show(outcome, settings)
    if outcome.result is not None:
        console.print(compare_with_truth(outcome.result, truth))
    raise typer.Exit(outcome.exit_code)


@people.command()
def phantom(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Folder; one subfolder a patient.")],
    patients: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the first patient; the others count on.")] = 1,
    dialect: Annotated[Dialect, typer.Option(help="Whose scanner the DICOM looks like.")] = Dialect.SIEMENS,
    transfer_syntax: Annotated[
        TransferSyntax, typer.Option(help="How pixels are stored; jpeg-lossless needs dcmtk.")
    ] = TransferSyntax.UNCOMPRESSED,
    training: Annotated[bool, typer.Option("--training", help="Labelled NIfTI for the bundle's training too.")] = False,
) -> None:
    """Write digital (simulated) patients as DICOM studies, with their truth beside them."""
    from perf_app.phantom.patient import draw_patient
    from perf_app.phantom.study import write_study
    from perf_app.phantom.training_case import write_training_case

    _log_to_stderr(logging.CRITICAL)
    for number in range(seed, seed + patients):
        folder = output / f"patient{number:04d}"
        with console.status(f"Digital patient {number} ..."):
            try:
                write_study(folder, draw_patient(number), dialect=dialect, transfer_syntax=transfer_syntax)
            except PerfusionError as error:
                _print_error(error)
                raise typer.Exit(error.exit_code) from None
            if training:
                write_training_case(output / "training", draw_patient(number))
        console.print(f"{folder}")


@people.command()
def evaluate(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="True contours and flow: NIfTI, DICOM SEG, JSON.")],
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="What was found, of the same kinds.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for tables and plots.")],
    margin: Annotated[float, typer.Option(min=1e-6, help="A bias of no consequence [mL/min/g], for the TOST.")] = 0.05,
) -> None:
    """Compare contours and flow with the truth, as the paper does (docs/evaluation.md)."""
    from perf_app.evaluation.evaluate import evaluate_folders, write_evaluation
    from perf_app.evaluation.summary import markdown

    _log_to_stderr(logging.CRITICAL)
    try:
        evaluation = evaluate_folders(truth, results, margin)
        written = write_evaluation(evaluation, output)
    except PerfusionError as error:
        _print_error(error)
        raise typer.Exit(error.exit_code) from None
    console.print(markdown(evaluation), markup=False, highlight=False)
    console.print(f"Written to {output}: {', '.join(path.name for path in written)}", highlight=False)


def exec_main() -> None:
    """Entry point of `python -m perf_app`."""
    orchestrators(prog_name="python -m perf_app")


def main() -> None:
    """Entry point of `perf-app`."""
    people(prog_name="perf-app")


def _log_to_stderr(level: int) -> None:
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for package in ("perf_app", "operators"):
        logging.getLogger(package).setLevel(level)


def _settings_or_exit(**arguments: object) -> Settings:
    try:
        return read_settings(**arguments)
    except PerfusionError as error:
        _print_error(error)
        raise typer.Exit(error.exit_code) from None


def _show(outcome: Outcome, settings: Settings) -> None:
    if outcome.error is not None:
        _print_error(outcome.error)
    if outcome.result is None:
        return
    console.print(results(outcome.result, settings.resolved(settings.output_path)), highlight=False)


def _print_error(error: PerfusionError) -> None:
    errors.print(error.message, style="red", highlight=False, markup=False)
    if error.where:
        errors.print(f"  where: {error.where}", highlight=False, markup=False)
    if error.hint:
        errors.print(f"  what to do: {error.hint}", highlight=False, markup=False)
