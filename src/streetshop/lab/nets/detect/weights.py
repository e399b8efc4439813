"""Starting weights of detectors from a hub: found in its cache, fetched, or refused at once where none is reachable."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import torch
from torch import nn

from streetshop.core.errors import UsageError
from streetshop.lab.core.progress import say

KEY: Final = "model.weights"
_PATIENCE: Final = 0.8
"""Seconds until a hub that does not answer counts as unreachable."""
_HINT: Final = "Connect to a network, give the path of a state dict, or use model.weights=none"


def torchvision_weights(name: str) -> dict[str, Any]:
    """The state dict of torchvision's weights of that name, such as ``ResNet50_Weights.IMAGENET1K_V2``.

    Raises:
        UsageError: they are not in the cache, and their hub cannot be reached within a second.
    """
    from torchvision.models import get_weight

    weights = get_weight(name)
    cached = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlsplit(weights.url).path).name
    if not cached.is_file():
        check_reachable(str(urlsplit(weights.url).hostname), name)
        say(f"fetching {name}")
    try:
        return dict(weights.get_state_dict(progress=False, check_hash=True))
    except (OSError, RuntimeError) as error:  # of the network, or of the file's checksum
        raise UsageError(f"the weights {name} cannot be had ({error})", where=KEY, hint=_HINT) from None


def hub_model(kind: Any, name: str, **options: Any) -> Any:
    """A transformers model from the hub's cache, or from the hub.

    Args:
        kind: the model's class.
        name: on the hub.
        options: of ``from_pretrained``.

    Raises:
        UsageError: it is not in the cache, and the hub cannot be reached within a second.
    """
    try:
        return kind.from_pretrained(name, local_files_only=True, **options)
    except OSError:
        check_reachable("huggingface.co", name)
    say(f"fetching {name}")
    try:
        return kind.from_pretrained(name, **options)
    except OSError as error:
        raise UsageError(
            f"the weights {name} cannot be had ({str(error).splitlines()[0]})", where=KEY, hint=_HINT
        ) from None


def check_reachable(host: str, name: str) -> None:
    """Raises :class:`UsageError` unless the host, or the proxy that leads to it, answers within a second."""
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    target = urlsplit(proxy) if proxy else urlsplit(f"https://{host}:443")
    answered = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((target.hostname or host, target.port or 443), timeout=_PATIENCE).close()
        except (OSError, ValueError):
            return
        answered.set()

    # In a thread: looking a name up may take longer than any timeout of a socket.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if not answered.is_set():
        raise UsageError(
            f"the weights {name} are not on this machine, and {host} cannot be reached", where=KEY, hint=_HINT
        )


def load_own(network: nn.Module, path: Path) -> None:
    """Load a state dict, or a run's weights, into a whole detector or its backbone; heads of other classes are left.

    Raises:
        UsageError: the file is missing, is no state dict, or shares hardly a weight with the network.
    """
    if not path.is_file():
        raise UsageError(
            "there is no such weights file", where=f"{KEY}: {path}", hint="Use coco, imagenet, none, or a path"
        )
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle's and safetensors' errors come in many types
        raise UsageError(
            f"is no state dict ({type(error).__name__})", where=f"{KEY}: {path}", hint="Give a .safetensors or .pt file"
        ) from None
    take_over(network, state, str(path))


def take_over(network: nn.Module, state: Mapping[str, Any], name: str) -> None:
    """Load the weights of the same name and shape: all but the last layers of heads, where classes are others.

    Raises:
        UsageError: less than half of the network's weights are there.
    """
    wanted = network.state_dict()
    fitting = {k: v for k, v in state.items() if k in wanted and getattr(v, "shape", None) == wanted[k].shape}
    counted = [key for key in wanted if not key.endswith("num_batches_tracked")]
    if len(fitting) < len(counted) // 2:
        raise UsageError(
            f"only {len(fitting)} of {len(counted)} weights are of this network",
            where=f"{KEY}: {name}",
            hint="They must come from the same model and backbone",
        )
    network.load_state_dict(fitting, strict=False)
    say(f"{name}: {len(set(fitting) & set(counted))} of {len(counted)} weights taken over")
