"""Enhanced multi-frame MR objects: one file, many frames; taken apart once, so that the room sees single images only.

An enhanced object says what holds for all frames once (shared functional groups) and the rest frame by frame (PS3.3
C.7.6.16). Each frame becomes an image of its own, its header in the words of classic MR images; `ReferencedFrameNumber`
tells which frame of the SOP instance it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from operators.dicom_loading.headers import STANDARD_TAGS, is_enhanced, number, text
from operators.dicom_loading.image_file import ImageFile
from operators.errors import IncompleteSeriesError, UnsupportedSeriesError

MAX_FRAMES = 20_000
GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
"""Read of enhanced objects only, and gone once the frames are apart."""
TOP = {"PulseSequenceName": "SequenceName", "EchoPulseSequence": "", "SteadyStatePulseSequence": ""}
MACROS: dict[str, dict[str, str]] = {
    "MRImageFrameTypeSequence": {"FrameType": "ImageType"},
    "FrameContentSequence": {
        "FrameAcquisitionDateTime": "",
        "FrameReferenceDateTime": "",
        "FrameAcquisitionNumber": "AcquisitionNumber",
        "TemporalPositionIndex": "TemporalPositionIdentifier",
        "FrameComments": "ImageComments",
    },
    "TemporalPositionSequence": {"TemporalPositionTimeOffset": ""},
    "CardiacSynchronizationSequence": {
        "NominalCardiacTriggerDelayTime": "TriggerTime",
        "RRIntervalTimeNominal": "NominalInterval",
    },
    "PlanePositionSequence": {"ImagePositionPatient": ""},
    "PlaneOrientationSequence": {"ImageOrientationPatient": ""},
    "PixelMeasuresSequence": {"PixelSpacing": "", "SliceThickness": "", "SpacingBetweenSlices": ""},
    "PixelValueTransformationSequence": {"RescaleSlope": "", "RescaleIntercept": "", "RescaleType": ""},
    "MRTimingAndRelatedParametersSequence": {"RepetitionTime": "", "FlipAngle": "", "EchoTrainLength": ""},
    "MREchoSequence": {"EffectiveEchoTime": "EchoTime"},
    "MRModifierSequence": {"InversionTimes": "InversionTime", "ParallelReductionFactorInPlane": ""},
    "MRFOVGeometrySequence": {
        "MRAcquisitionPhaseEncodingStepsInPlane": "NumberOfPhaseEncodingSteps",
        "InPlanePhaseEncodingDirection": "",
        "PercentSampling": "",
        "PercentPhaseFieldOfView": "",
    },
    "MRAveragesSequence": {"NumberOfAverages": ""},
}
"""Functional groups and their attributes, each with its name in a classic header where that is another."""
CONVERTED = ("UnassignedSharedConvertedAttributesSequence", "UnassignedPerFrameConvertedAttributesSequence")
"""Of classic images that an archive converted: the attributes that have no functional group."""
ENHANCED_TAGS = tuple(Tag(tag) for keyword in (*GROUPS, *TOP) if (tag := tag_for_keyword(keyword)) is not None)


def split(image: ImageFile, private_tags: Sequence[int] = ()) -> tuple[ImageFile, ...]:
    """The frames of an enhanced MR object; any other image as it is.

    Args:
        image: as read from the file.
        private_tags: to be kept from the private items of a frame's functional groups.

    Raises:
        UnsupportedSeriesError: more frames than any first pass has.
        IncompleteSeriesError: the functional groups don't match the number of frames.
    """
    header = image.header
    if not is_enhanced(header):
        for keyword in (*GROUPS, *TOP):
            header.pop(keyword, None)
        return (image,)
    shared, frames = (list(header.get(keyword) or ()) for keyword in GROUPS)
    stated, where = round(number(header, "NumberOfFrames") or 0.0), text(header, "SOPInstanceUID")
    if max(stated, len(frames)) > MAX_FRAMES:
        raise UnsupportedSeriesError(
            f"A multi-frame object has more than {MAX_FRAMES} frames.", where=where, hint="Leave it out."
        )
    if stated < 1 or stated != len(frames):
        raise IncompleteSeriesError(
            f"A multi-frame object states {stated} frames and describes {len(frames)}.",
            where=where,
            hint="Export the study again.",
        )
    common = _common(header, shared, private_tags)
    size = -(-image.size // stated)
    return tuple(
        replace(image, header=_frame_header(common, frame, index, private_tags), size=size, frame=index)
        for index, frame in enumerate(frames)
    )


def _common(header: Dataset, shared: Sequence[Dataset], private_tags: Sequence[int]) -> Dataset:
    common = _copy(header)
    for keyword in (*GROUPS, "NumberOfFrames"):
        common.pop(keyword, None)
    for keyword, name in TOP.items():
        if name and keyword in common:
            _put(common, name, common[keyword].value)
    for item in shared:
        _flatten(common, item, private_tags)
    return common


def _frame_header(common: Dataset, frame: Dataset, index: int, private_tags: Sequence[int]) -> Dataset:
    header = _copy(common)
    _flatten(header, frame, private_tags)
    _put(header, "ReferencedFrameNumber", index + 1)
    for keyword in TOP:
        header.pop(keyword, None)
    return header


def _copy(header: Dataset) -> Dataset:
    """Another data set of the same elements: frames share what they have in common."""
    made = Dataset()
    made.update(header)
    return made


def _flatten(header: Dataset, groups: Dataset, private_tags: Sequence[int]) -> None:
    """Put what functional groups say into a header, in place, in the words of classic MR images."""
    for sequence, attributes in MACROS.items():
        for item in _items(groups, sequence):
            for keyword, name in attributes.items():
                if keyword in item:
                    _put(header, name or keyword, item[keyword].value)
    for item in _items(groups, "MRImageFrameTypeSequence"):
        if component := text(item, "ComplexImageComponent"):
            _put(header, "ImageType", [*(header.get("ImageType") or ()), component])
    for sequence in CONVERTED:
        for item in _items(groups, sequence):
            header.update({tag: item[tag] for tag in STANDARD_TAGS if tag in item})
    for item in _items(groups, "MRModifierSequence"):
        _name_sequence(header, item)
    for item in _private_items(groups):
        header.update({Tag(tag): item[tag] for tag in private_tags if tag in item})


def _name_sequence(header: Dataset, modifier: Dataset) -> None:
    """Scanning sequence and variant as a classic header has them."""
    if text(header, "EchoPulseSequence") == "GRADIENT":
        _put(header, "ScanningSequence", ["GR", "IR"] if text(modifier, "InversionRecovery") == "YES" else "GR")
    if text(modifier, "Spoiling") in ("RF", "GRADIENT", "RF_AND_GRADIENT"):
        _put(header, "SequenceVariant", "SP")
    elif text(header, "SteadyStatePulseSequence") == "FREE_PRECESSION":
        _put(header, "SequenceVariant", "SS")


def _items(groups: Dataset, sequence: str) -> Sequence[Dataset]:
    value = groups.get(sequence)
    return tuple(value) if isinstance(value, Sequence) else ()


def _private_items(groups: Dataset) -> Iterator[Dataset]:
    for element in groups:
        if element.tag.is_private and element.VR == "SQ":
            yield from element.value


def _put(header: Dataset, keyword: str, value: Any) -> None:
    """A new element, because frames share what they have in common; of several inversion times the first."""
    if keyword == "InversionTime" and isinstance(value, MultiValue):
        value = value[0]
    tag = tag_for_keyword(keyword)
    if tag is not None:
        header[tag] = DataElement(Tag(tag), dictionary_VR(tag), value)
