"""Attributes that are read from every file, and how to read them without stumbling over odd values.

Only these are kept: the records hold one header a frame, and vendors' private blocks may weigh more than the pixels.
No sequence is among them; `multi_frame` puts what those of enhanced objects hold into the words below.
"""

from __future__ import annotations

import math
import re

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.tag import BaseTag, Tag
from pydicom.uid import EnhancedMRImageStorage, LegacyConvertedEnhancedMRImageStorage

KEYWORDS = """
SpecificCharacterSet ImageType InstanceCreationDate InstanceCreationTime SOPClassUID SOPInstanceUID StudyDate
SeriesDate AcquisitionDate ContentDate AcquisitionDateTime StudyTime SeriesTime AcquisitionTime ContentTime
AccessionNumber Modality Manufacturer InstitutionName ReferringPhysicianName StationName StudyDescription
SeriesDescription ManufacturerModelName PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex PatientAge
PatientSize PatientWeight PatientIdentityRemoved DeidentificationMethod BodyPartExamined ScanningSequence
SequenceVariant ScanOptions MRAcquisitionType SequenceName SliceThickness RepetitionTime EchoTime InversionTime
NumberOfAverages ImagingFrequency EchoNumbers MagneticFieldStrength SpacingBetweenSlices NumberOfPhaseEncodingSteps
EchoTrainLength PercentSampling PercentPhaseFieldOfView PixelBandwidth DeviceSerialNumber SoftwareVersions
ProtocolName TriggerTime NominalInterval BeatRejectionFlag LowRRValue HighRRValue HeartRate ReconstructionDiameter
ReceiveCoilName TransmitCoilName AcquisitionMatrix InPlanePhaseEncodingDirection FlipAngle SAR PatientPosition
ParallelReductionFactorInPlane TemporalPositionTimeOffset FrameAcquisitionDateTime FrameReferenceDateTime
StudyInstanceUID SeriesInstanceUID StudyID SeriesNumber AcquisitionNumber InstanceNumber ImagePositionPatient
ImageOrientationPatient FrameOfReferenceUID Laterality TemporalPositionIdentifier NumberOfTemporalPositions
TemporalResolution PositionReferenceIndicator SliceLocation ImageComments SamplesPerPixel PhotometricInterpretation
NumberOfFrames Rows Columns PixelSpacing BitsAllocated BitsStored HighBit PixelRepresentation SmallestImagePixelValue
LargestImagePixelValue BurnedInAnnotation WindowCenter WindowWidth RescaleIntercept RescaleSlope RescaleType
LossyImageCompression
"""


def _tag(keyword: str) -> BaseTag:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return Tag(tag)


ENHANCED = frozenset({EnhancedMRImageStorage, LegacyConvertedEnhancedMRImageStorage})
"""SOP classes of multi-frame MR objects."""
STANDARD_TAGS = tuple(_tag(keyword) for keyword in KEYWORDS.split())


def is_enhanced(header: Dataset) -> bool:
    """Whether the image is, or is a frame of, an enhanced multi-frame MR object."""
    return header.get("SOPClassUID") in ENHANCED


def text(header: Dataset, keyword: str) -> str:
    """A value as stripped text; empty where it is absent."""
    value = header.get(keyword)
    return "" if value is None else str(value).strip()


def numbers(header: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """A value of `count` finite numbers; None where it is absent or anything else."""
    value = header.get(keyword)
    values = [value] if isinstance(value, int | float | str) else list(value or ())
    try:
        found = tuple(float(v) for v in values)
    except (TypeError, ValueError):
        return None
    return found if len(found) == count and all(map(math.isfinite, found)) else None


def number(header: Dataset, keyword: str) -> float | None:
    """A single finite number; None where it is absent or anything else."""
    found = numbers(header, keyword, 1)
    return None if found is None else found[0]


def positive(header: Dataset, keyword: str) -> float | None:
    """A single number above zero; None where it is absent or anything else."""
    found = number(header, keyword)
    return found if found is not None and found > 0 else None


def words(header: Dataset, *keywords: str) -> frozenset[str]:
    """Lower-case words of free text, parted at anything but letters, digits, dot, slash and caret."""
    joined = " ".join(text(header, keyword) for keyword in keywords)
    return frozenset(re.split(r"[^\w./^]+|_", joined.lower())) - {""}
