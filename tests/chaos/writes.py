"""Trials of writes over HTTP: a real server is killed, or its disk fails, between PUT and DELETE requests."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from tests.chaos import faults
from tests.chaos.checks import Allowed, check, left_over
from tests.chaos.faults import Fault
from tests.chaos.shop import PICTURES, PRODUCTS, Shop, State, file_sha256, state_of_feed
from tests.chaos.trials import Trial, ending, program, run

KEY: Final = "a-key-for-trials-only"
REQUESTS: Final = 30
"""Writes to send before the server is stopped."""


@dataclass
class Client:
    """Sends writes and keeps what was acknowledged.

    Attributes:
        shop: whose pictures are sent.
        state: what was acknowledged.
        pending: of products with a write that was not acknowledged, what that would make of them.
        wrong: answers that should not be.
    """

    shop: Shop
    state: State
    pending: State = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def write(self, http: httpx.Client, rng: random.Random, number: int) -> bool:
        """Send one write; False if the server is gone."""
        product = f"p{rng.randrange(PRODUCTS + 6)}"
        kind = rng.choice(["text", "picture", "picture", "delete"])
        after = dict(self.state)
        files: dict[str, tuple[str, bytes]] = {}
        if kind == "delete":
            after.pop(product, None)
        else:
            chosen = self.shop.picture(rng.randrange(PICTURES))
            if kind == "picture" or product not in self.state:
                files["pictures"] = (chosen.name, chosen.read_bytes())
            shots = (file_sha256(chosen),) if files else self.state[product][1]
            after[product] = (f"Write {number}", shots)
        self.pending = after
        try:
            status = self._send(http, product, after.get(product), files)
        except httpx.TransportError:
            return False
        if status == 500:
            self.wrong.append(f"status 500 for {kind} {product}")
        if status < 300 or (status == 404 and kind == "delete" and product not in self.state):
            self.state = after
        elif status < 500:
            self.wrong.append(f"status {status} for {kind} {product}")
        return status < 500 or self._settle(http, product)

    @staticmethod
    def _send(
        http: httpx.Client, product: str, wanted: tuple[str, object] | None, files: Mapping[str, tuple[str, bytes]]
    ) -> int:
        address = f"/v1/products/{product}"
        if wanted is None:
            return http.delete(address).status_code
        described = json.dumps({"title": wanted[0], "category": "dress"})
        return http.put(address, files={"product": (None, described), **files}).status_code

    def _settle(self, http: httpx.Client, product: str) -> bool:
        """After a failed write the product is as before or as after; what the server answers must stay."""
        try:
            answer = http.get(f"/v1/products/{product}")
        except httpx.TransportError:
            return False
        if answer.status_code >= 500:
            return False
        body = answer.json()
        found = (body["title"], tuple(shot["sha256"] for shot in body["shots"])) if answer.status_code == 200 else None
        if found not in (self.state.get(product), self.pending.get(product)):
            self.wrong.append(f"{product} is {found} after a write that failed")
        self.state = {**self.state, product: found} if found else {i: v for i, v in self.state.items() if i != product}
        self.pending = self.state
        return True

    def allowed(self) -> Allowed:
        """The states that the catalog may be in."""
        return Allowed(self.state, self.pending or self.state)


@contextmanager
def server(shop: Shop, environment: Mapping[str, str] | None = None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of the shop's catalog; gives the process and its address, which is empty if it did not start."""
    key = shop.folder / "key"
    key.write_text(KEY)
    options = ("--port", "0", "--encoder", str(shop.encoder), "--reader", "none", "--api-key-file", str(key))
    process = program("-m", "streetshop", "serve", "--catalog", shop.catalog, *options, environment=environment)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().rpartition(" ")[2].strip()
    finally:
        process.kill()
        process.wait()


def disturbed_writes(template: Shop, folder: Path, fault: Fault | None, seed: int, pause: float = -1) -> Trial:
    """One trial of writes to a copy of ``template`` at ``folder``; without a fault, a kill after ``pause`` seconds."""
    shop, counter = template.copy_to(folder), faults.library().with_name("counter")
    faults.reset(counter)
    trial, rng = Trial("writes", fault), random.Random(seed)
    client = Client(shop, state_of_feed(shop, shop.before))
    with server(shop, faults.environment(fault, folder, counter) if fault else None) as (process, url):
        started = time.monotonic()
        killer = threading.Timer(max(pause, 0), process.kill)
        if pause >= 0:
            killer.start()
        if url:
            with httpx.Client(base_url=url, headers={"X-API-Key": KEY}, timeout=60) as http:
                numbers = iter(range(REQUESTS))
                while (number := next(numbers, None)) is not None and client.write(http, rng, number):
                    pass
        killer.cancel()
        trial.seconds = time.monotonic() - started
        if process.poll() is None:
            process.terminate()
        _, errors = process.communicate(timeout=60)
        trial.ended = ending(process.returncode, errors)
        trial.operations = faults.counted(counter)
    trial.lost += client.wrong
    found = check(shop.catalog, client.allowed(), template.pictures)
    trial.add(found)
    _again(trial, client, template, found.state or {})
    shutil.rmtree(shop.kept)
    trial.left = left_over(folder)
    return trial


def _again(trial: Trial, client: Client, template: Shop, found: State) -> None:
    """Start the server again, write all products of the feed, and optimize."""
    again = Client(client.shop, dict(found))
    rng = random.Random(1)
    with server(client.shop) as (_, url):
        if not url:
            trial.again.append("the server does not start again")
            return
        with httpx.Client(base_url=url, headers={"X-API-Key": KEY}, timeout=60) as http:
            sent = [again.write(http, rng, 1000 + number) for number in range(5)]
    trial.again += [] if all(sent) else ["writes fail after a restart"]
    trial.again += again.wrong
    ended, *_ = run("optimize", client.shop)
    if ended != "done":
        trial.again.append(f"optimize afterwards {ended}")
    trial.add(check(client.shop.catalog, Allowed(again.state, again.state, whole=True), template.pictures))
