"""Images packed into an enhanced multi-frame MR object (PS3.3 A.36): what all frames share once, the rest by frame."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import EnhancedMRImageStorage, generate_uid

from operators.series import State
from perf_app.phantom.dicom import MARK, Image, moment, name_object

DATE_TIME = "%Y%m%d%H%M%S.%f"
KEPT = """
SpecificCharacterSet StudyDate SeriesDate ContentDate StudyTime SeriesTime AccessionNumber Modality Manufacturer
ReferringPhysicianName StudyDescription SeriesDescription ManufacturerModelName PatientName PatientID PatientBirthDate
PatientSex BodyPartExamined MagneticFieldStrength SoftwareVersions ProtocolName PatientPosition StudyInstanceUID
SeriesInstanceUID FrameOfReferenceUID StudyID SeriesNumber PositionReferenceIndicator SamplesPerPixel
PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation LossyImageCompression
"""
"""Of a classic image, as they are."""
DIMENSIONS = (
    ("StackID", "FrameContentSequence"),
    ("InStackPositionNumber", "FrameContentSequence"),
    ("TemporalPositionIndex", "FrameContentSequence"),
    ("EffectiveEchoTime", "MREchoSequence"),
)
Private = Callable[[Image], Dataset]


def pack(
    images: Sequence[Image], state: State, *, number: int, private: Private | None = None, own_times: bool = True
) -> FileDataset:
    """One object of several images of a series.

    Args:
        images: its frames, in this order.
        state: of the scan.
        number: instance number.
        private: what a frame's functional groups hold besides the standard ones.
        own_times: whether each frame tells its acquisition time; else that of the first stands for all.
    """
    first = images[0].dataset
    ds = FileDataset("", Dataset(), file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    for keyword in KEPT.split():
        setattr(ds, keyword, copy.deepcopy(first[keyword].value))
    ds.SOPClassUID, ds.InstanceNumber = EnhancedMRImageStorage, number
    name_object(ds, "enhanced", str(number))
    _describe(ds, images, state)
    _organise(ds)
    ds.SharedFunctionalGroupsSequence = [_shared(first)]
    ds.PerFrameFunctionalGroupsSequence = [
        _per_frame(image, images, state, own_times, private(image) if private else Dataset()) for image in images
    ]
    ds.NumberOfFrames = len(images)
    ds.PixelData = b"".join(image.dataset.PixelData for image in images)
    return ds


def _describe(ds: Dataset, images: Sequence[Image], state: State) -> None:
    """What the enhanced MR modules say of the whole object."""
    start = min(image.start for image in images)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "PERFUSION", "NONE"]
    ds.AcquisitionDateTime = moment(state, start).strftime(DATE_TIME)
    ds.ContentTime = moment(state, start).strftime("%H%M%S.%f")
    ds.AcquisitionDuration = 1e3 * (max(image.center for image in images) - start)
    ds.AcquisitionNumber = 1
    ds.ImageComments = MARK
    ds.DeviceSerialNumber = "0"
    ds.PixelPresentation, ds.VolumetricProperties, ds.VolumeBasedCalculationTechnique = "MONOCHROME", "VOLUME", "NONE"
    ds.ComplexImageComponent, ds.AcquisitionContrast = "MAGNITUDE", "PERFUSION"
    ds.ContentQualification, ds.BurnedInAnnotation, ds.PresentationLUTShape = "RESEARCH", "NO", "IDENTITY"
    ds.ApplicableSafetyStandardAgency = "IEC"
    ds.PulseSequenceName = str(images[0].dataset.get("SequenceName") or "tfl")
    ds.MRAcquisitionType, ds.EchoPulseSequence, ds.ResonantNucleus = "2D", "GRADIENT", "1H"
    ds.MultiPlanarExcitation = ds.PhaseContrast = ds.TimeOfFlightContrast = "NO"
    ds.EchoPlanarPulseSequence, ds.SteadyStatePulseSequence = "NO", "NONE"
    ds.SaturationRecovery, ds.SpectrallySelectedSuppression, ds.OversamplingPhase = "YES", "NONE", "NONE"
    ds.GeometryOfKSpaceTraversal, ds.SegmentedKSpaceTraversal = "RECTILINEAR", "SINGLE"
    ds.RectilinearPhaseEncodeReordering, ds.NumberOfKSpaceTrajectories, ds.KSpaceFiltering = "LINEAR", 1, "NONE"
    ds.CardiacSynchronizationTechnique, ds.CardiacSignalSource = "PROSPECTIVE", "ECG"
    ds.LowRRValue = ds.HighRRValue = ds.IntervalsAcquired = ds.IntervalsRejected = None
    ds.CardiacRRIntervalSpecified, ds.CardiacBeatRejectionTechnique = float(images[0].dataset.NominalInterval), "NONE"
    ds.AcquisitionContextSequence = []


def _organise(ds: FileDataset) -> None:
    """The dimensions that tell frames apart."""
    organization = str(generate_uid(entropy_srcs=[str(ds.SOPInstanceUID), "dimensions"]))
    ds.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=organization)]
    ds.DimensionIndexSequence = [
        _item(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=_tag(keyword),
            FunctionalGroupPointer=_tag(group),
            DimensionDescriptionLabel=keyword,
        )
        for keyword, group in DIMENSIONS
    ]


def _shared(first: Dataset) -> Dataset:
    groups = Dataset()
    groups.PixelMeasuresSequence = [_item(PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness)]
    groups.PlaneOrientationSequence = [_item(ImageOrientationPatient=first.ImageOrientationPatient)]
    heart = _item(CodeValue="80891009", CodingSchemeDesignator="SCT", CodeMeaning="Heart")
    groups.FrameAnatomySequence = [_item(FrameLaterality="U", AnatomicRegionSequence=[heart])]
    groups.MRFOVGeometrySequence = [
        _item(
            InPlanePhaseEncodingDirection="COLUMN",
            MRAcquisitionFrequencyEncodingSteps=int(first.Columns),
            MRAcquisitionPhaseEncodingStepsInPlane=int(first.NumberOfPhaseEncodingSteps),
            MRAcquisitionPhaseEncodingStepsOutOfPlane=1,
            PercentSampling=float(first.PercentSampling),
            PercentPhaseFieldOfView=float(first.PercentPhaseFieldOfView),
        )
    ]
    frequency = float(first.ImagingFrequency)
    groups.MRImagingModifierSequence = [
        _item(
            MagnetizationTransfer="NONE", BloodSignalNulling="NO", Tagging="NONE",
            TransmitterFrequency=frequency, PixelBandwidth="1000",
        )
    ]  # fmt: skip
    groups.MRReceiveCoilSequence = [
        _item(
            ReceiveCoilName="BODY",
            ReceiveCoilManufacturerName="",
            ReceiveCoilType="MULTICOIL",
            QuadratureReceiveCoil="NO",
            MultiCoilDefinitionSequence=[_item(MultiCoilElementName="1", MultiCoilElementUsed="YES")],
        )
    ]
    groups.MRTransmitCoilSequence = [
        _item(TransmitCoilName="BODY", TransmitCoilManufacturerName="", TransmitCoilType="BODY")
    ]
    groups.MRAveragesSequence = [_item(NumberOfAverages=1.0)]
    return groups


def _per_frame(image: Image, images: Sequence[Image], state: State, own_times: bool, groups: Dataset) -> Dataset:
    ds = image.dataset
    groups.FrameContentSequence = [_content(image, images, state, own_times)]
    groups.PlanePositionSequence = [_item(ImagePositionPatient=ds.ImagePositionPatient)]
    groups.PixelValueTransformationSequence = [
        _item(
            RescaleIntercept=ds.get("RescaleIntercept", "0"),
            RescaleSlope=ds.get("RescaleSlope", "1"),
            RescaleType=ds.get("RescaleType", "US"),
        )
    ]
    groups.FrameVOILUTSequence = [_item(WindowCenter=ds.WindowCenter, WindowWidth=ds.WindowWidth)]
    groups.CardiacSynchronizationSequence = [
        _item(NominalCardiacTriggerDelayTime=float(ds.TriggerTime), RRIntervalTimeNominal=float(ds.NominalInterval))
    ]
    kind = _item(
        FrameType=["ORIGINAL", "PRIMARY", "PERFUSION", "NONE"],
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
        ComplexImageComponent="MAGNITUDE",
        AcquisitionContrast="PERFUSION",
    )
    groups.MRImageFrameTypeSequence = [kind]
    groups.MREchoSequence = [_item(EffectiveEchoTime=float(ds.EchoTime))]
    groups.MRTimingAndRelatedParametersSequence = [_timing(ds)]
    groups.MRModifierSequence = [_modifier(ds)]
    return groups


def _content(image: Image, images: Sequence[Image], state: State, own_times: bool) -> Dataset:
    """When the frame was taken and which one it is."""
    stamped = image if own_times else images[0]
    begin, center = (moment(state, at).strftime(DATE_TIME) for at in (stamped.start, stamped.center))
    echoes = sorted({float(other.dataset.EchoTime) for other in images})
    echo = echoes.index(float(image.dataset.EchoTime))
    return _item(
        FrameAcquisitionNumber=image.time + 1,
        FrameReferenceDateTime=center,
        FrameAcquisitionDateTime=begin,
        FrameAcquisitionDuration=1e3 * 2 * (image.center - image.start),
        StackID="1",
        InStackPositionNumber=image.slice + 1,
        TemporalPositionIndex=image.time + 1,
        DimensionIndexValues=[1, image.slice + 1, image.time + 1, echo + 1],
        FrameComments=str(image.dataset.ImageComments),
    )


def _timing(ds: Dataset) -> Dataset:
    return _item(
        RepetitionTime=ds.RepetitionTime,
        FlipAngle=ds.FlipAngle,
        EchoTrainLength=1,
        RFEchoTrainLength=0,
        GradientEchoTrainLength=1,
        GradientOutputType="DB_DT",
        GradientOutput=0.0,
        SpecificAbsorptionRateSequence=[
            _item(SpecificAbsorptionRateDefinition="IEC_WHOLE_BODY", SpecificAbsorptionRateValue=0.0)
        ],
        OperatingModeSequence=[
            _item(OperatingModeType="STATIC FIELD", OperatingMode="IEC_NORMAL"),
            _item(OperatingModeType="RF", OperatingMode="IEC_NORMAL"),
            _item(OperatingModeType="GRADIENT", OperatingMode="IEC_NORMAL"),
        ],
    )


def _modifier(ds: Dataset) -> Dataset:
    modifier = _item(
        InversionRecovery="NO" if "InversionTime" not in ds else "YES",
        FlowCompensation="NONE",
        Spoiling="RF",
        T2Preparation="NO",
        SpectrallySelectedExcitation="NONE",
        SpatialPresaturation="NONE",
        PartialFourier="NO",
        ParallelAcquisition="YES",
        ParallelReductionFactorInPlane=float(ds.ParallelReductionFactorInPlane),
        ParallelReductionFactorOutOfPlane=1.0,
        ParallelReductionFactorSecondInPlane=1.0,
        ParallelAcquisitionTechnique="SENSE",
    )
    if "InversionTime" in ds:
        modifier.InversionTimes = [float(ds.InversionTime)]
    return modifier


def _item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def _tag(keyword: str) -> BaseTag:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return Tag(tag)
