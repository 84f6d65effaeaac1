"""However the images of a series are mixed: each is in exactly one stack, and time points hold exactly the stack's images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.phantoms import write_phantom

from medviewer.core.study import FileLocation
from medviewer.dicom.instance import Instance, read_instance
from medviewer.dicom.sources.files import Archives
from medviewer.dicom.stacks.grouping import stacks_of

choice = st.sampled_from
IMAGES = st.lists(
    st.fixed_dictionaries(
        {
            "height": st.one_of(st.none(), st.integers(0, 5)),
            "turned": choice([False, False, False, True]),
            "echo": choice([None, 1.0, 2.0]),
            "b_value": choice([None, 0.0, 800.0]),
            "temporal": choice([None, 1, 2]),
            "time": choice([None, 10.0, 12.5]),
            "image_type": choice(["M", "M", "P"]),
            "number": st.integers(0, 12),
            "localiser": choice([False, False, False, True]),
        }
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    phantom = write_phantom(tmp_path_factory.mktemp("pattern"), shape_kji=(3, 16, 12))
    with Archives() as archives:
        found = read_instance(FileLocation(phantom.paths[0]), archives)
    assert isinstance(found, Instance)
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(images=IMAGES)
def test_each_image_is_in_exactly_one_stack(pattern: Instance, images: list[dict[str, object]]) -> None:
    instances = [_instance(pattern, number, image) for number, image in enumerate(images)]
    stacks = stacks_of(instances)
    found = [ref for stack in stacks for ref in stack.images]
    assert sorted(str(ref.file) for ref in found) == sorted(str(instance.file) for instance in instances)
    assert [stack.number for stack in stacks] == list(range(1, len(stacks) + 1))
    for stack in stacks:
        assert not stack.times or [ref for point in stack.times for ref in point.images] == list(stack.images)
        assert len({point.label for point in stack.times}) == len(stack.times)
        if stack.geometry is not None:
            assert len(stack.at_time(0).images) == stack.geometry.shape_kji[0]


def _instance(pattern: Instance, number: int, image: dict[str, object]) -> Instance:
    location, frame = FileLocation(Path(f"/in/{number}.dcm")), pattern.frames[0]
    facts = replace(
        frame.facts,
        position=None if image["height"] is None else (0.0, 0.0, 2.0 * float(image["height"])),  # type: ignore[arg-type]
        orientation=(1.0, 0.0, 0.0, 0.0, 0.0, -1.0) if image["turned"] else (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        **{name: image[name] for name in ("echo", "b_value", "temporal", "time", "image_type")},
    )
    ref = replace(frame.ref, file=location, sop_instance_uid=f"1.2.{number}")
    return replace(
        pattern,
        file=location,
        sop_instance_uid=f"1.2.{number}",
        instance_number=image["number"],
        is_localiser=image["localiser"],
        frames=(replace(frame, ref=ref, facts=facts),),
    )
