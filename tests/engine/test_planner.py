"""The planner on made-up machines: nothing planned exceeds what is free, and whatever is not as wished is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.engine.accounting import Measured, margin
from forge_desktop.engine.gguf_shape import ModelShape, kv_bytes, padded
from forge_desktop.engine.planner import lay_out
from forge_desktop.engine.records import StudentSpec
from forge_desktop.engine.records_plan import Device, Placement, Plan, PlanWish
from forge_desktop.engine.sharing import CPU, places, shares

MIB, GIB = 1024**2, 1024**3
SPEC = StudentSpec("Seven", "/seven.gguf", "7" * 64)
# Llama-2-7B in Q4_K_M, about: 32 layers of 120 MiB, every head cached.
SEVEN = ModelShape((120 * MIB,) * 32, 70 * MIB, 105 * MIB, False, (2 * 4096,) * 32, 128, 128, 0, 1_000_000)


def cpu(free: float = 16 * GIB) -> Device:
    return Device("CPU", "A processor", "CPU", "cpu", int(free), 32 * GIB)


def gpu(number: int = 0, free: float = 8 * GIB, kind: Any = "gpu", name: str = "Vulkan") -> Device:
    return Device(f"{name}{number}", f"A card {number}", name, kind, int(free), int(free))


class Model:
    """A stand-in for the child: the header's formula and buffers of fixed sizes."""

    def __init__(self, shape: ModelShape = SEVEN, buffers: int = 100 * MIB) -> None:
        self.shape, self.buffers, self.asked = shape, buffers, 0

    def __call__(self, placement: Placement) -> Measured:
        self.asked += 1
        kv = kv_bytes(self.shape, context=placement.context, sequences=placement.sequences, kv_type=placement.kv_type)
        names = [*placement.devices, "CPU"]
        return Measured(self.shape, kv, dict.fromkeys(names, self.buffers), 60 * MIB, padded(placement.context))


def plan_on(*devices: Device, shape: ModelShape = SEVEN, **wish: Any) -> Plan:
    return lay_out(SPEC, PlanWish(**wish), devices, Model(shape))


def checked(plan: Plan, shape: ModelShape = SEVEN) -> Plan:
    """The sums that hold for every plan."""
    assert sum(line.layers for line in plan.lines) == plan.layers == len(shape.layers) + 1
    assert sum(line.layers for line in plan.lines if not line.cpu) == plan.gpu_layers
    copied = shape.embedding if shape.tied and plan.gpu_layers else 0  # llama.cpp gives the GPU an output of its own
    assert sum(line.weights for line in plan.lines) == shape.weights + copied
    kv = kv_bytes(shape, context=plan.context, sequences=plan.sequences, kv_type=plan.kv_type)
    assert sum(line.kv for line in plan.lines) == sum(kv)
    assert len(plan.split) == len(plan.lines) - 1
    return plan


def test_without_a_gpu_everything_is_on_the_cpu() -> None:
    plan = checked(plan_on(cpu()))
    assert (plan.fits, plan.gpu_layers, plan.kv_type, plan.notes) == (True, 0, "f16", ())


def test_a_gpu_with_room_takes_every_layer() -> None:
    plan = checked(plan_on(cpu(), gpu(free=12 * GIB)))
    assert (plan.gpu_layers, plan.kv_type, plan.notes) == (33, "f16", ())
    assert [line.device for line in plan.lines] == ["CPU", "Vulkan0"]


def test_a_gpu_that_is_a_little_short_takes_every_layer_with_a_smaller_cache() -> None:
    plan = checked(plan_on(cpu(), gpu(free=6 * GIB), context=4096))
    assert (plan.fits, plan.gpu_layers, plan.kv_type) == (True, 33, "q8_0")
    assert any("8 bits (q8_0)" in note for note in plan.notes)


def test_a_gpu_that_is_too_small_takes_as_many_layers_as_fit() -> None:
    plan = checked(plan_on(cpu(), gpu(free=4 * GIB), kv_type="f16"))
    assert plan.fits
    assert 12 <= plan.gpu_layers <= 24
    line = plan.lines[1]
    one_more = SEVEN.layers[0] + kv_bytes(SEVEN, context=4096)[0]
    assert line.needed + line.margin + one_more > line.free  # and not one fewer than would fit
    assert plan.notes[0].startswith(f"{plan.gpu_layers} of 33 layers go to Vulkan0: all of them need ")


def test_a_gpu_in_which_nothing_fits_is_left_alone_and_that_is_said() -> None:
    plan = checked(plan_on(cpu(), gpu(free=128 * MIB)))
    assert (plan.fits, plan.gpu_layers) == (True, 0)
    assert "No layers go to Vulkan0" in plan.notes[0]


def test_two_unequal_gpus_share_in_proportion_to_their_room() -> None:
    plan = checked(plan_on(cpu(), gpu(0, 6 * GIB), gpu(1, 3 * GIB), kv_type="f16"))
    big, small = plan.lines[1], plan.lines[2]
    assert (plan.fits, plan.gpu_layers) == (True, 33)
    assert 1.5 < big.layers / small.layers < 3
    assert plan.split == (float(big.layers), float(small.layers))


def test_of_several_gpus_one_is_enough_where_everything_fits_there() -> None:
    plan = checked(plan_on(cpu(), gpu(0, 6 * GIB), gpu(1, 24 * GIB)))
    assert [line.device for line in plan.lines] == ["CPU", "Vulkan1"]


def test_eight_small_gpus_carry_a_model_that_none_of_them_could() -> None:
    plan = checked(plan_on(cpu(), *(gpu(number, 1.2 * GIB) for number in range(8)), kv_type="f16"))
    assert (plan.fits, plan.gpu_layers) == (True, 33)
    assert {line.layers for line in plan.lines[1:]} <= {3, 4, 5}


def test_a_gpu_of_unknown_memory_gets_nothing_unless_it_is_asked_for() -> None:
    unknown = gpu(free=0)
    plan = checked(plan_on(cpu(), unknown))
    assert plan.gpu_layers == 0
    assert plan.notes == ("Vulkan0 does not say how much memory it has, so no layer goes there unless you ask for it.",)
    asked = checked(plan_on(cpu(), unknown, gpu_layers=10))
    assert (asked.fits, asked.gpu_layers, asked.lines[1].free) == (True, 10, 0)


def test_an_integrated_gpu_does_not_count_the_computers_memory_twice() -> None:
    shared = gpu(free=7 * GIB, kind="integrated")
    assert checked(plan_on(cpu(16 * GIB), shared)).gpu_layers == 33
    plan = checked(plan_on(cpu(7 * GIB), shared, kv_type="f16", context=1024))
    assert plan.fits
    assert sum(line.needed for line in plan.lines) + plan.lines[0].margin <= 7 * GIB


def test_an_integrated_gpu_is_not_used_beside_another() -> None:
    plan = checked(plan_on(cpu(), gpu(0, 12 * GIB, "integrated"), gpu(1, 8 * GIB)))
    assert [line.device for line in plan.lines] == ["CPU", "Vulkan1"]


def test_no_layers_wished_is_no_gpu() -> None:
    plan = checked(plan_on(cpu(), gpu(free=80 * GIB), gpu_layers=0))
    assert (plan.gpu_layers, len(plan.lines), plan.notes) == (0, 1, ())


def test_layers_wished_are_kept_even_where_they_do_not_fit() -> None:
    plan = checked(plan_on(cpu(), gpu(free=2 * GIB), gpu_layers=33))
    assert (plan.fits, plan.gpu_layers) == (False, 33)


def test_a_split_that_is_wished_is_kept() -> None:
    plan = checked(plan_on(cpu(), gpu(0, 24 * GIB), gpu(1, 24 * GIB), split=(3.0, 1.0)))
    assert [line.layers for line in plan.lines[1:]] == [25, 8]


def test_a_wished_split_counts_every_gpu_there_is() -> None:
    machine = [cpu(), gpu(0, 24 * GIB, "integrated"), gpu(1, 0), gpu(2, 24 * GIB)]
    assert [line.device for line in checked(plan_on(*machine, split=(0.0, 1.0, 1.0))).lines[1:]] == [
        "Vulkan1",
        "Vulkan2",
    ]
    assert [line.device for line in checked(plan_on(*machine, split=(1.0,))).lines[1:]] == ["Vulkan0"]
    assert [line.device for line in checked(plan_on(*machine)).lines[1:]] == ["Vulkan2"]


def test_a_cache_kept_off_the_gpu_counts_on_the_cpu() -> None:
    plan = checked(plan_on(cpu(), gpu(), kv_on_gpu=False))
    assert (plan.gpu_layers, plan.lines[1].kv) == (33, 0)
    assert plan.lines[0].kv > 0


def test_a_context_may_shrink_only_where_that_was_wished() -> None:
    small = cpu(6.5 * GIB)
    assert not plan_on(small, context=8192, kv_type="f16").fits
    plan = lay_out(SPEC, PlanWish(context=0, kv_type="f16"), [small], Model(), usual_context=8192)
    assert (plan.fits, plan.context) == (True, 2048)
    assert plan.notes == ("The context is 2,048 tokens instead of 8,192: more does not fit.",)
    assert not plan_on(cpu(GIB), context=0).fits


def test_the_context_is_no_longer_than_the_model_was_trained_for() -> None:
    shape = ModelShape((MIB,) * 4, MIB, MIB, True, (64,) * 4, 32, 32, 0, 512)
    plan = checked(plan_on(cpu(), shape=shape), shape)
    assert plan.context == 512
    assert "trained for 512 tokens" in plan.notes[0]


def test_eight_bits_need_heads_that_fall_into_blocks() -> None:
    shape = ModelShape((MIB,) * 4, MIB, MIB, True, (40,) * 4, 20, 20, 0, 4096)
    plan = checked(plan_on(cpu(), shape=shape, kv_type="q8_0"), shape)
    assert plan.kv_type == "f16"
    assert "blocks of 8 bits" in plan.notes[0]


def test_further_conversations_are_held_where_they_cost_little() -> None:
    small = ModelShape((MIB,) * 4, MIB, MIB, True, (64,) * 4, 32, 32, 0, 4096)
    assert checked(plan_on(cpu(), shape=small), small).sequences == 4
    assert plan_on(cpu()).sequences == 1  # two gigabytes each


def test_a_plan_needs_few_measurements() -> None:
    for devices in ([cpu()], [cpu(), gpu(free=12 * GIB)], [cpu(), gpu(free=4 * GIB)], [cpu(), *map(gpu, range(8))]):
        model = Model()
        lay_out(SPEC, PlanWish(), devices, model)
        assert model.asked <= 9


SIZES = st.integers(1, 400).map(lambda mib: mib * MIB)
SHAPES = st.builds(
    lambda layers, size, output, tied, row, width: ModelShape(
        (size,) * layers, output, output, tied, (row,) * layers, width, width, 0, 100_000
    ),
    layers=st.integers(1, 90),
    size=SIZES,
    output=SIZES,
    tied=st.booleans(),
    row=st.sampled_from([0, 256, 2048, 8192]),
    width=st.sampled_from([20, 64, 128]),
)
KINDS = st.sampled_from(["gpu", "gpu", "integrated"])
MACHINES = st.builds(
    lambda memory, cards: [
        cpu(memory * MIB),
        *(gpu(number, free * MIB, kind) for number, (free, kind) in enumerate(cards)),
    ],
    st.integers(200, 300_000),
    st.lists(st.tuples(st.one_of(st.just(0), st.integers(64, 90_000)), KINDS), max_size=8),
)
WISHES = st.builds(
    PlanWish,
    context=st.sampled_from([0, 512, 4096, 32_768]),
    gpu_layers=st.sampled_from([-1, -1, -1, 0, 5, 1000]),
    kv_type=st.sampled_from(["auto", "f16", "q8_0"]),
    kv_on_gpu=st.booleans(),
)


@given(SHAPES, MACHINES, WISHES)
def test_what_fits_fits_with_the_margin_left_and_adds_up(
    shape: ModelShape, devices: list[Device], wish: PlanWish
) -> None:
    plan = checked(lay_out(SPEC, wish, devices, Model(shape)), shape)
    by_name = {device.name: device for device in devices}
    if plan.fits:
        for line in plan.lines:
            device = by_name[line.device]
            assert not device.free or line.needed <= device.free - margin(device)
        shared = [line for line in plan.lines if by_name[line.device].kind != "gpu" and by_name[line.device].free]
        if any(not line.cpu for line in shared):
            assert sum(line.needed for line in shared) <= devices[0].free - margin(devices[0]) + len(shared)
    elif wish.gpu_layers < 0:
        assert not lay_out(SPEC, PlanWish(wish.context, 0, wish.kv_type), devices, Model(shape)).fits


@given(st.lists(st.integers(0, 100), min_size=1, max_size=40), st.lists(st.integers(-5, 900), min_size=1, max_size=8))
def test_shares_are_whole_units_and_land_where_llama_cpp_puts_them(sizes: list[int], rooms: list[int]) -> None:
    counts = shares(sizes, rooms)
    if counts is None:
        return
    where = places(len(sizes) + 3, len(sizes), [float(count) for count in counts])
    assert where[:3] == [CPU] * 3
    assert [where.count(number) for number in range(len(rooms))] == counts
    place = 0
    for room, count in zip(rooms, counts, strict=True):
        assert sum(sizes[place : place + count]) <= max(0, room)
        place += count


@pytest.mark.parametrize(
    ("units", "layers", "split", "expected"),
    [
        (4, 0, (1.0,), [CPU] * 4),
        (4, 99, (1.0,), [0] * 4),
        (4, 2, (1.0,), [CPU, CPU, 0, 0]),
        (6, 6, (2.0, 1.0), [0, 0, 0, 0, 1, 1]),
        (5, 5, (1.0, 1.0), [0, 0, 0, 1, 1]),
        (3, 3, (0.0, 1.0), [1, 1, 1]),
        (3, 3, (), [CPU] * 3),
    ],
)
def test_places_are_llama_cpps(units: int, layers: int, split: tuple[float, ...], expected: list[int]) -> None:
    assert places(units, layers, split) == expected
