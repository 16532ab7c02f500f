"""The platform as queues: jobs go through processes, and every step of a process also needs a core.

A process does one thing at a time (an event loop, or Python's lock), so a step waits for its process first
and then for a core. The threads of a worker take turns. API, dispatcher and results consumer work in rounds,
with as many jobs in each as wait; the last two rest in between. PostgreSQL works for its callers in sessions
of their own and only needs cores.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from tests.performance.scaling.costs import Cost, Pacing

Step = Generator[simpy.Event, Any, Any]

QUANTUM_MS = 1.0
"""Longer steps give the core back in between, as an operating system makes them."""
DISPATCH_AT_MOST = 200
RESULTS_AT_MOST = 100
SHARED_AT_MOST = 100
SLOTS_FACTOR, SPARE_SLOTS = 2, 4
NO_COST = Cost(per_job_ms=0)
GATHERED = 20
"""Rounds of which the mean says how many jobs share one lately."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is of what."""

    cores: float
    clients: int
    api: int = 1
    shards: int = 1
    """Dispatchers, and results consumers; today one of each leads."""
    workers: int = 1
    slots: int = 8
    redis: int = 1
    clients_elsewhere: bool = False
    """On another machine, where they cost nothing here."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What the simulation takes from measurements."""

    costs: dict[str, Cost]
    pacing: Pacing
    busy_cores: float = 0.0
    """Cores that idling parts and everything else on the machine keep busy."""
    on_path: float = 1.0
    """The share of a part's work that the job waits for; the rest follows."""
    wait_ms: float = 0.0
    """What a job waits for that is no CPU: the disk, timers, wakeups."""


@dataclass
class Result:
    """What a simulated run did."""

    jobs_per_s: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    jobs_a_round: float = 1.0
    cores: dict[str, float] = field(default_factory=dict)
    """For each part how many cores it kept busy."""
    busy: dict[str, float] = field(default_factory=dict)
    """For each kind of process the share of its time that it works; of the cores likewise."""

    @property
    def p50_ms(self) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[len(ordered) // 2] if ordered else math.nan

    @property
    def saturated(self) -> str:
        """The part that is busiest."""
        return max(self.busy, key=lambda part: self.busy[part])

    def cores_of(self, word: str) -> float:
        """Return how many cores the parts whose names begin with `word` kept busy."""
        return sum(cores for part, cores in self.cores.items() if part.startswith(word))


class Machine:
    """Cores, shared by everything."""

    def __init__(self, world: simpy.Environment, cores: int) -> None:
        self.world = world
        self.cores = simpy.Resource(world, capacity=cores)
        self.used_ms: Counter[str] = Counter()

    def use(self, part: str, milliseconds: float) -> Step:
        """Work on some core, with turns for others."""
        left = milliseconds
        while left > 1e-9:
            turn = min(left, QUANTUM_MS)
            with self.cores.request() as core:
                yield core
                yield self.world.timeout(turn / 1000)
            left -= turn
        self.used_ms[part] += milliseconds


class Processes:
    """Equal processes of a kind, each doing one thing at a time."""

    def __init__(self, machine: Machine, part: str, count: int) -> None:
        self.machine, self.part, self.count = machine, part, count
        self._each = [simpy.Resource(machine.world, capacity=1) for _ in range(count)]

    def do(self, key: int, milliseconds: float) -> Step:
        """Work in the process that serves `key`, with turns for its other threads."""
        left = milliseconds
        while left > 1e-9:
            turn = min(left, QUANTUM_MS)
            with self._each[key % self.count].request() as mine:
                yield mine
                yield from self.machine.use(self.part, turn)
            left -= turn


class Gathered:
    """How many jobs shared a round lately."""

    def __init__(self) -> None:
        self._rounds: deque[int] = deque([1], maxlen=GATHERED)

    def add(self, jobs: int) -> None:
        self._rounds.append(jobs)

    @property
    def mean(self) -> float:
        return sum(self._rounds) / len(self._rounds)


class Pace:
    """The rest after a round, as the platform's loops take it."""

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self._company = 0.0

    def rest_s(self, count: int, *, took_s: float) -> float:
        self._company = (self._company + count - 1) / 2
        return min(self._pacing.longest_rest_s, took_s * self._company) if count > 1 else 0.0


class Queue:
    """What waits for a loop that works in rounds."""

    def __init__(self, world: simpy.Environment) -> None:
        self._world = world
        self.waiting: deque[Any] = deque()
        self._woken = world.event()

    def put(self, one: Any) -> None:
        self.waiting.append(one)
        self.wake()

    def take(self, at_most: int) -> list[Any]:
        return [self.waiting.popleft() for _ in range(min(at_most, len(self.waiting)))]

    def gather(self, at_most: int) -> Step:
        """Wait until something waits, and take it."""
        while True:
            if not self.waiting:
                yield from self.until_woken()
            if taken := self.take(at_most):
                return taken

    def wake(self) -> None:
        if not self._woken.triggered:
            self._woken.succeed()

    def until_woken(self) -> Step:
        yield self._woken
        self._woken = self._world.event()


@dataclass(eq=False)
class Request:
    """What a client asks of the API for one job: to take it in, or to tell its end."""

    is_answer: bool
    served: simpy.Event


@dataclass(eq=False)
class Job:
    """One job on its way."""

    number: int
    ended: simpy.Event


class Simulation:
    """One run."""

    def __init__(self, size: Size, behaviour: Behaviour) -> None:
        self.size, self.behaviour = size, behaviour
        self.world = simpy.Environment()
        self.machine = Machine(self.world, max(1, math.ceil(size.cores - 1e-9)))
        self.costs = defaultdict(lambda: NO_COST, behaviour.costs)
        counts = {
            "API": size.api,
            "dispatcher": size.shards,
            "results consumer": size.shards,
            "worker": size.workers,
            "executor": size.workers,
            "plugin": size.workers,
            "Redis": size.redis,
            "Flower": 1,
            "client": max(1, size.clients),
        }
        self.processes = {part: Processes(self.machine, part, count) for part, count in counts.items()}
        self.to_api = [Queue(self.world) for _ in range(size.api)]
        self.to_dispatch = [Queue(self.world) for _ in range(size.shards)]
        self.to_apply = [Queue(self.world) for _ in range(size.shards)]
        self.to_run: simpy.Store = simpy.Store(self.world)
        self.gathered = Gathered()
        self.started = 0
        self.unstarted = 0
        self.result = Result()

    def run(self, *, warm_up_s: float, measured_s: float) -> Result:
        """Return what happens in `measured_s` seconds after the start."""
        self._start_background()
        for api in range(self.size.api):
            self.world.process(self._serve(api))
        for shard in range(self.size.shards):
            self.world.process(self._dispatch(shard))
            self.world.process(self._apply(shard))
        for slot in range(self.size.workers * self.size.slots):
            self.world.process(self._slot(slot))
        for client in range(self.size.clients):
            self.world.process(self._client(client))
        self.world.run(until=warm_up_s)
        self.result.latencies_ms.clear()
        self.machine.used_ms.clear()
        self.world.run(until=warm_up_s + measured_s)
        self.result.jobs_per_s = len(self.result.latencies_ms) / measured_s
        self.result.jobs_a_round = self.gathered.mean
        self.result.cores = {part: ms / measured_s / 1000 for part, ms in self.machine.used_ms.items()}
        self.result.busy = self._busy(measured_s)
        return self.result

    def _busy(self, measured_s: float) -> dict[str, float]:
        used = self.machine.used_ms
        busy = {
            part: used[part] / (measured_s * 1000 * processes.count)
            for part, processes in self.processes.items()
            if part != "client"
        }
        return busy | {"cores": used.total() / (measured_s * 1000 * self.machine.cores.capacity)}

    def _start_background(self) -> None:
        # Cores come whole; what is missing to a whole one is kept busy too.
        idle = self.machine.cores.capacity - self.size.cores + self.behaviour.busy_cores
        while idle > 1e-9:
            self.world.process(self._keep_busy(min(1.0, idle)))
            idle -= 1

    def _keep_busy(self, share: float) -> Step:
        while True:
            yield from self.machine.use("background", share * 10)
            yield self.world.timeout((1 - share) * 10 / 1000)

    def _each(self, part: str) -> float:
        return self.costs[part].each(self.gathered.mean)

    def _work(self, part: str, key: int, milliseconds: float) -> Step:
        """Do what the job waits for, and leave the rest for afterwards."""
        share = self.behaviour.on_path
        if share < 1:
            self.world.process(self._afterwards(part, key, milliseconds * (1 - share)))
        yield from self._do(part, key, milliseconds * share)

    def _afterwards(self, part: str, key: int, milliseconds: float) -> Step:
        yield self.world.timeout(0.005)
        yield from self._do(part, key, milliseconds)

    def _do(self, part: str, key: int, milliseconds: float) -> Step:
        if part in self.processes:
            yield from self.processes[part].do(key, milliseconds)
        else:
            yield from self.machine.use(part, milliseconds)

    def _client(self, number: int) -> Step:
        while True:
            began = self.world.now
            self.started += 1
            job = Job(self.started, self.world.event())
            if not self.size.clients_elsewhere:
                yield from self.processes["client"].do(number, self._each("client"))
            yield from self._ask(number, is_answer=False)
            self.to_dispatch[job.number % self.size.shards].put(job)
            yield job.ended
            yield from self._ask(number, is_answer=True)
            self.result.latencies_ms.append((self.world.now - began) * 1000)

    def _ask(self, client: int, *, is_answer: bool) -> Step:
        request = Request(is_answer, self.world.event())
        self.to_api[client % self.size.api].put(request)
        yield request.served

    def _serve(self, api: int) -> Step:
        """Serve requests in rounds: those of one moment share their statements."""
        queue = self.to_api[api]
        while True:
            requests: list[Request] = yield from queue.gather(SHARED_AT_MOST)
            kinds = len({request.is_answer for request in requests})
            for part in ("API", "PostgreSQL for API"):
                # Half of what is done for a job is taking it in, half is telling its end.
                cost = self.costs[part]
                spent_ms = (cost.per_round_ms * kinds + cost.per_job_ms * len(requests)) / 2
                yield from self._work(part, api, spent_ms)
            for request in requests:
                request.served.succeed()

    def _dispatch(self, shard: int) -> Step:
        pace, queue = Pace(self.behaviour.pacing), self.to_dispatch[shard]
        depth = self.size.workers * self.size.slots * SLOTS_FACTOR + SPARE_SLOTS
        while True:
            yield from queue.until_woken()
            room = min(DISPATCH_AT_MOST, max(0, depth - self.unstarted))
            jobs: list[Job] = queue.take(room)
            if not jobs:
                continue
            began_s = self.world.now
            self.unstarted += len(jobs)
            yield from self._work(
                "PostgreSQL for dispatcher", shard, self.costs["PostgreSQL for dispatcher"].of(len(jobs))
            )
            yield from self._work("dispatcher", shard, self.costs["dispatcher"].of(len(jobs)))
            for job in jobs:
                self.to_run.put(job)
            yield self.world.timeout(pace.rest_s(len(jobs), took_s=self.world.now - began_s))

    def _slot(self, slot: int) -> Step:
        worker = slot % self.size.workers
        while True:
            job: Job = yield self.to_run.get()
            self.unstarted -= 1
            for queue in self.to_dispatch:
                if queue.waiting:
                    queue.wake()
            yield self.world.timeout(self.behaviour.wait_ms / 1000)
            yield from self._work("Redis", job.number, self._each("Redis"))
            yield from self._work("worker", worker, self._each("worker") / 2)
            yield from self._work("executor", worker, self._each("executor"))
            yield from self._work("plugin", worker, self._each("plugin"))
            yield from self._work("worker", worker, self._each("worker") / 2)
            for part in ("Flower", "Ray", "PostgreSQL otherwise", "supervisor"):
                self.world.process(self._afterwards(part, 0, self._each(part)))
            self.to_apply[job.number % self.size.shards].put(job)

    def _apply(self, shard: int) -> Step:
        pace, queue = Pace(self.behaviour.pacing), self.to_apply[shard]
        while True:
            jobs: list[Job] = yield from queue.gather(RESULTS_AT_MOST)
            began_s = self.world.now
            self.gathered.add(len(jobs))
            part = "PostgreSQL for results consumer"
            yield from self._work(part, shard, self.costs[part].of(len(jobs)))
            yield from self._work("results consumer", shard, self.costs["results consumer"].of(len(jobs)))
            for job in jobs:
                job.ended.succeed()
            yield self.world.timeout(pace.rest_s(len(jobs), took_s=self.world.now - began_s))


def simulate(size: Size, behaviour: Behaviour, *, warm_up_s: float = 2, measured_s: float = 10) -> Result:
    """Run the model once; it has no randomness, so once is enough."""
    return Simulation(size, behaviour).run(warm_up_s=warm_up_s, measured_s=measured_s)
