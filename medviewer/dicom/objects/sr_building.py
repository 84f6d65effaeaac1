"""The dataset of a measurement report: what `write_report` writes and compares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from medviewer import __version__
from medviewer.core.errors import CannotDecode
from medviewer.core.finding import Finding, Status
from medviewer.dicom.objects.acceptance import Acceptance
from medviewer.dicom.objects.identity import DEVICE_UID, MANUFACTURER, copy_identity, series_title, stamp_equipment
from medviewer.dicom.objects.reported_finding import ReportedFinding
from medviewer.dicom.objects.sr_context import Context
from medviewer.dicom.objects.sr_groups import measurement_group, rounded_region, words
from medviewer.dicom.objects.sr_library import library_header
from medviewer.dicom.objects.sr_reading import read_groups
from medviewer.dicom.uids import new_uid

_PROCEDURES = {
    "CT": codes.LN.CTUnspecifiedBodyRegion,
    "MR": codes.LN.MRIUnspecifiedBodyRegion,
    "NM": codes.LN.NMUnspecifiedBodyRegion,
    "PT": codes.LN.PETUnspecifiedBodyRegion,
    "CR": codes.LN.XRUnspecifiedBodyRegion,
    "DX": codes.LN.XRUnspecifiedBodyRegion,
}


def build_report(findings: Sequence[Finding], context: Context, description: str, series_number: int) -> Dataset:
    """The report as a dataset; raises ``ValueError`` for findings that may not be written (see `write_report`)."""
    _check_status(findings, context.acceptance)
    headers = [library_header(ds) for ds in context.sources]
    modality = str(context.sources[0].get("Modality", ""))
    content = sr.MeasurementReport(
        observation_context=_observers(context.acceptance),
        procedure_reported=_PROCEDURES.get(modality, codes.SCT.ImagingProcedure),
        imaging_measurements=[measurement_group(finding, context) for finding in findings],
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=headers,
    )
    acceptance = context.acceptance
    kind = sr.ComprehensiveSR if context.on_picture else sr.Comprehensive3DSR
    # highdicom copies the tree it is given and walks through it; writing the dataset needs neither, so it gets the root alone.
    items, content[0].ContentSequence = content[0].ContentSequence, sr.ContentSequence([])
    ds: Dataset = kind(
        evidence=headers + _seg_header(context),
        content=content,
        series_instance_uid=new_uid(),
        series_number=series_number,
        sop_instance_uid=new_uid(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=acceptance is not None,
        is_verified=acceptance is not None,
        verifying_observer_name=acceptance.dicom_name if acceptance else None,
        verifying_organization=acceptance.organisation[:64] if acceptance else None,
        series_description=series_title(description, accepted=acceptance is not None),
        specific_character_set="ISO_IR 192",
    )
    ds.ContentSequence = items
    copy_identity(context.sources[0], ds)
    stamp_equipment(ds)
    if acceptance is not None:
        ds.VerifyingObserverSequence[0].VerificationDateTime = acceptance.dicom_time
        ds.VerifyingObserverSequence[0].VerifyingOrganization = acceptance.organisation[:64] or "not stated"
    return ds


def compare_report(path: Path, findings: Sequence[Finding], context: Context) -> list[str]:
    """What differs between a file and the findings it was made from."""
    try:
        found = read_groups(path)
    except CannotDecode as error:
        return [error.why]
    if len(found) != len(findings):
        return [f"it holds {len(found)} findings of {len(findings)}"]
    return [problem for group, finding in zip(found, findings, strict=True) for problem in _differences(group, finding, context)]


def _differences(group: ReportedFinding, finding: Finding, context: Context) -> list[str]:
    checks = {
        "code": group.code is not None and (group.code.value, group.code.scheme) == (finding.code.value, finding.code.scheme),
        "id": group.id == finding.id,
        "text": group.text == words(finding),
        "verification": group.verified == (context.acceptance is not None),
        "segments": list(group.segment_numbers) == context.segment_numbers(finding),
        "presence": group.present == finding.present,
        "region": group.region_px == (rounded_region(finding) if context.on_picture else None),
        "measurements": [(m.code.value, m.value, m.unit) for m in group.measurements]
        == [(m.code.value, float(m.value), m.unit) for m in finding.measurements],
    }
    return [f"the {name} of finding {finding.id} changed" for name, same in checks.items() if not same]


def _check_status(findings: Sequence[Finding], acceptance: Acceptance | None) -> None:
    rejected = [finding.id for finding in findings if finding.status is Status.REJECTED]
    if rejected:
        raise ValueError(f"rejected findings are never written: {', '.join(rejected)}")
    undecided = [finding.id for finding in findings if not finding.is_accepted]
    if acceptance is not None and undecided:
        raise ValueError(f"a verified report holds accepted findings only, these are not: {', '.join(undecided)}")


def _observers(acceptance: Acceptance | None) -> Any:
    device = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=DEVICE_UID, name=MANUFACTURER, manufacturer_name=MANUFACTURER, model_name=MANUFACTURER, serial_number=__version__
        ),
    )
    if acceptance is None:
        return sr.ObservationContext(observer_device_context=device)
    person = sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(
            name=acceptance.dicom_name, organization_name=acceptance.organisation or None
        ),
    )
    return sr.ObservationContext(observer_person_context=person, observer_device_context=device)


def _seg_header(context: Context) -> list[Dataset]:
    if context.seg is None:
        return []
    ds = Dataset()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = context.sources[0].StudyInstanceUID, context.seg.series_uid
    ds.SOPClassUID, ds.SOPInstanceUID = hd.UID(context.seg.sop_class_uid), hd.UID(context.seg.sop_instance_uid)
    return [ds]
