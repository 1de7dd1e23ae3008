"""Quality of the shipped network: ``python -m benchmarks.segmentation [--patients N] [--chain N] [--write]``.

The paper's metrics on digital patients that no training used and, where they are, on real series (in the folder named
in PERF_APP_TEST_DATA, or in ``shared/data`` beside the checkout); the same for myopari, a network of PyPI trained on
cine hearts, where it is installed; and MBF by found against true contours on one flow map. Everything runs as in a
study: heart finding, crop, network, clean-up. A summary goes into the bundle's README.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.cases import DIGITAL, Labelled, Processed, chain_scans, daugs_scans, digital_scans, qperf_scan
from benchmarks.cine_network import PACKAGE, CineNetwork
from benchmarks.record import BUNDLE, Record, parser
from benchmarks.surroundings import REPOSITORY, real_series
from operators.aha_sectors.measurement import measure_sectors
from operators.segmentation.inference import Segmenter
from operators.series import IntArray, Label, SectorReport
from perf_app.evaluation import plots
from perf_app.evaluation.label_stack import LabelStack
from perf_app.evaluation.summary import FLOW_NOTE, MARGIN, NOTE, contour_lines, flow_lines, metric_cell
from perf_app.evaluation.tables import (
    STRUCTURES,
    ContourPair,
    FlowPair,
    contour_table,
    flow_table,
    known_groups,
    summarise_contours,
)

OURS, CINE, CINE_BEST = "this network", "myopari", "myopari, best frame"
CHAIN = "digital, whole chain"


def main() -> None:
    """Print the tables."""
    options = parser("Quality of the shipped network on digital patients and real series.")
    options.add_argument("--patients", type=int, default=12, help="digital patients of each population")
    options.add_argument("--chain", type=int, default=3, help="patients through the whole chain, stress and rest each")
    options.add_argument("--bundle", type=Path, default=REPOSITORY / "bundle")
    arguments = options.parse_args()
    record = Record("segmentation", "benchmarks.segmentation", arguments.write)
    segmenter, cine = Segmenter(arguments.bundle), load_cine()
    record.say(f"Weights {segmenter.model_sha256[:12]}.\n")
    tables = {}
    if arguments.chain:
        tables[CHAIN] = compare_chain(record, list(chain_scans(arguments.chain)), segmenter, cine)
    for name in DIGITAL:
        tables[name] = compare(record, name, digital_scans(name, arguments.patients), segmenter, cine)
    folder = real_series()
    if folder is not None:
        tables |= compare_real(record, folder, segmenter, cine)
    record.say(f"\n{NOTE}")
    record.close()
    summarise(Record("performance", "benchmarks.segmentation", arguments.write, BUNDLE), tables, segmenter.model_sha256)


def compare_real(
    record: Record, folder: Path, segmenter: Segmenter, cine: CineNetwork | None
) -> dict[str, pd.DataFrame]:
    """Contours on the real series, and the published flow map in the wall that was found."""
    table = compare(record, "real, daugs", daugs_scans(folder / "daugs"), segmenter, cine, best_frame=True)
    lowest = of(table, OURS).groupby("structure")["dice"].min()
    record.say("Lowest Dice: " + ", ".join(f"{name} {value:.3f}" for name, value in lowest.items()) + ".\n")
    real = qperf_scan(folder / "qperf")
    single = compare(record, "real, qperf rest", [real], segmenter, cine, best_frame=True)
    record.say(qperf_flow(folder / "qperf", real, segmenter))
    return {"real, daugs": table, "real, qperf rest": single}


def summarise(record: Record, tables: dict[str, pd.DataFrame], model_sha256: str) -> None:
    """What a reader of the bundle asks first: the paper's metrics on simulated scans, Dice on everything."""
    record.say(f"Weights {model_sha256[:12]}.\n")
    if CHAIN in tables:
        record.say(f"The paper's metrics, {CHAIN}:\n")
        record.say("\n".join(contour_lines(of(tables[CHAIN], OURS))) + "\n")
    rows = []
    for name, table in tables.items():
        for network in table["network"].unique():
            ours = of(table, network)
            found = summarise_contours(ours).to_dict("records")
            dice = {row["structure"]: row for row in found if row["metric"] == "dice"}
            cells = [metric_cell("dice", dice.get(structure)) for structure in STRUCTURES.values()]
            wall = ours[ours["structure"] == STRUCTURES[Label.MYOCARDIUM]]
            rows.append([name, network, str(len(wall)), *cells, str(int(wall["failed"].sum()))])
    heads = ["series", "network", "slices", *(f"Dice {name}" for name in STRUCTURES.values()), "failed"]
    record.table(heads, rows)
    record.say(NOTE)
    record.close()


def of(table: pd.DataFrame, network: str) -> pd.DataFrame:
    """Rows of one network."""
    return table[table["network"] == network]


def load_cine() -> CineNetwork | None:
    """The other network; None, said in a line, where it is not installed."""
    try:
        return CineNetwork()
    except ImportError as error:
        print(f"{error}: pip install --no-deps {PACKAGE}, and onnxruntime, for the comparison")
        return None


def compare(
    record: Record,
    name: str,
    scans: Iterable[Labelled],
    segmenter: Segmenter,
    cine: CineNetwork | None,
    best_frame: bool = False,
) -> pd.DataFrame:
    """Table of each structure's metrics by every network; rows of all slices, with a column ``network``."""
    pairs: dict[str, list[ContourPair]] = {}
    for scan in scans:
        for network, labels in segment(scan, segmenter, cine, best_frame):
            pairs.setdefault(network, []).append(contour_pair(scan, labels))
    table = pd.concat([contour_table(some).assign(network=network) for network, some in pairs.items()])
    record.say(f"#### {name}\n")
    for network in pairs:
        record.say(f"{network}:\n")
        record.say("\n".join(contour_lines(of(table, network))) + "\n")
    return table


def segment(
    scan: Labelled, segmenter: Segmenter, cine: CineNetwork | None, best_frame: bool
) -> Iterator[tuple[str, IntArray]]:
    """Labels of a scan by every network."""
    done = scan.result.segmentation if isinstance(scan, Processed) else segmenter.segment(scan.series)
    yield OURS, done.labels
    if cine is not None:
        yield CINE, cine.segment(scan.series.series, scan.truth)
        if best_frame:
            yield CINE_BEST, cine.segment(scan.series.series, scan.truth, best=True)


def contour_pair(scan: Labelled, labels: IntArray) -> ContourPair:
    """True and found labels on one grid; what the truth doesn't draw in the whole scan is not asked for."""
    affines = scan.series.series.affines
    return ContourPair(scan.case, LabelStack(scan.truth, affines), LabelStack(labels, affines))


def compare_chain(
    record: Record, scans: list[Processed], segmenter: Segmenter, cine: CineNetwork | None
) -> pd.DataFrame:
    """Contours, then the flow that found and true contours read from the same map; rows of all slices."""
    table = compare(record, CHAIN, scans, segmenter, cine)
    ours = of(table, OURS)
    for by in known_groups(ours):
        record.say("\n".join(contour_lines(ours, by)) + "\n")
    flow, still = (
        flow_table(flow_pair(scan, truth) for scan, truth in zip(scans, truths, strict=True))
        for truths in ([scan.mean_truth for scan in scans], [scan.truth for scan in scans])
    )
    record.say("MBF by found minus by true contours on the chain's flow map [mL/min/g], the true ones in the reference")
    record.say("frame:\n")
    record.say("\n".join(flow_lines(still, MARGIN)) + "\n")
    record.say("The true ones where the heart lies on the mean of the corrected frames, as it does in the map:\n")
    record.say("\n".join(flow_lines(flow, MARGIN)) + "\n")
    for by in known_groups(flow):
        record.say("\n".join(flow_lines(flow, MARGIN, by)) + "\n")
    record.say(FLOW_NOTE.format(margin=MARGIN) + "\n")
    path = record.picture("segmentation_flow.png", "Bland-Altman plots of MBF by found and by true contours")
    if path is not None:
        plots.plot_flow(flow, MARGIN, path)
    return table


def flow_pair(scan: Processed, truth: IntArray) -> FlowPair:
    """By true and by found contours, regions of each by its own contours.

    Args:
        scan: whose flow map is read.
        truth: its true contours, shape (slice, row, col).
    """
    result = scan.result
    probabilities = np.stack([truth == label for label in Label], axis=1).astype(np.float32)
    by_hand = type(result.segmentation)(truth.astype(np.uint8), probabilities, "", "")
    regions = measure_sectors(by_hand, result.flow, result.gadolinium)
    return FlowPair(scan.case, means(regions), means(result.sectors))


def means(report: SectorReport) -> dict[str, float | None]:
    """Mean flow by region."""
    regions = {"global": report.whole} | {str(number): value for number, value in report.by_sector.items()}
    return {name: None if value is None else value.mean for name, value in regions.items()}


def qperf_flow(folder: Path, scan: Labelled, segmenter: Segmenter) -> str:
    """Mean of the published flow map in the segmented wall beside that in the drawn ring."""
    with np.load(folder / "rest_gd.npz") as file:
        flow = file["mbf_reference"]
    wall = segmenter.segment(scan.series).labels[0] == Label.MYOCARDIUM
    ring = scan.truth[0] == Label.MYOCARDIUM
    return (
        f"qperf rest: published MBF {flow[wall].mean():.2f} in the segmented wall ({wall.sum()} pixels), "
        f"{flow[ring].mean():.2f} in the drawn ring ({ring.sum()} pixels)"
    )


if __name__ == "__main__":
    main()
