"""One flag: a CPU, a GPU, or several processes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, spawn

from streetshop.core.errors import RunError, UsageError
from streetshop.lab.core.stopping import StopSignal

DeviceName = Literal["cpu", "cuda", "ddp"]


@dataclass(frozen=True)
class Place:
    """Where this process trains.

    Attributes:
        device: what it computes on.
        rank, world: its number among how many.
    """

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    def wait(self) -> None:
        """Until all processes are here."""
        if self.world > 1:
            dist.barrier()

    def share(self, value: float) -> float:
        """The first process's value, in all of them."""
        if self.world == 1:
            return value
        tensor = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(tensor, 0)
        return float(tensor.item())

    def gather_rows(self, part: Tensor, total: int) -> Tensor:
        """The rows ``rank::world`` of each process, to all ``total`` rows in order, in each process."""
        if self.world == 1:
            return part
        longest = -(-total // self.world)
        padded = part.new_zeros((longest, *part.shape[1:]))
        padded[: len(part)] = part
        parts = [torch.empty_like(padded) for _ in range(self.world)]
        dist.all_gather(parts, padded.contiguous())
        return torch.stack(parts, dim=1).flatten(0, 1)[:total]


def one_device(name: str) -> torch.device:
    """``cpu`` or ``cuda``. Raises :class:`UsageError` for others, and where there is no GPU."""
    if name not in ("cpu", "cuda"):
        raise UsageError(f"device {name!r} is unknown", where="--device", hint="Use cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("no CUDA device is visible", where="--device cuda", hint="Use --device cpu")
    return torch.device(name)


def run_on(device: str, processes: int | None, work: Callable[..., None], *arguments: Any) -> None:
    """Call ``work(place, *arguments)`` on the device.

    ``cpu`` and ``cuda`` run it here. ``ddp`` runs it in ``processes`` processes (default: one for every GPU; without
    GPUs two on the CPU), or, under ``torchrun``, joins the processes that it started. ``work`` must be importable.
    Ctrl-C and SIGTERM are passed on to the processes, which end on their own.

    Raises:
        RunError: a process failed.
        UsageError: there is no such device.
        KeyboardInterrupt: the processes were interrupted.
    """
    if device in ("cpu", "cuda"):
        work(Place(one_device(device)), *arguments)
        return
    if device != "ddp":
        raise UsageError(f"device {device!r} is unknown", where="--device", hint="Use cpu, cuda or ddp")
    if dist.is_torchelastic_launched():
        with _group(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), None) as place:
            work(place, *arguments)
        return
    count = processes or torch.cuda.device_count() or 2
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threads = max(torch.get_num_threads() // count, 1)
    context = spawn(_child, (count, port, threads, work, arguments), nprocs=count, join=False)
    if context is None:
        raise TypeError("spawn joined its processes")

    def forward(number: int) -> None:
        for pid in context.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    try:
        with StopSignal(forward=forward) as stop:
            while not context.join():
                pass
    except ProcessRaisedException as error:
        raise RunError(_last_line(error), where=f"process {error.error_index}") from None
    except ProcessExitedException as error:
        raise RunError(f"a process ended with {error.exit_code}", where=f"process {error.error_index}") from None
    if stop.asked:
        raise KeyboardInterrupt


def _child(
    rank: int, world: int, port: int, threads: int, work: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    torch.set_num_threads(threads)
    with _group(rank, world, f"tcp://127.0.0.1:{port}") as place:
        work(place, *arguments)


@contextmanager
def _group(rank: int, world: int, address: str | None) -> Iterator[Place]:
    cuda = torch.cuda.is_available() and torch.cuda.device_count() >= world
    device = torch.device("cuda", rank % torch.cuda.device_count()) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    # Long: the others wait while the first fills the picture cache.
    dist.init_process_group(
        "nccl" if cuda else "gloo",
        init_method=address,
        rank=rank if address else -1,
        world_size=world if address else -1,
        timeout=timedelta(hours=6),
    )
    try:
        yield Place(device, rank, world)
    finally:
        dist.destroy_process_group()


def _last_line(error: Exception) -> str:
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1].split(": ", 1)[-1] if lines else "a process failed"
