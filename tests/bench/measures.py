"""The measures one by one: each starts its tenant, has its children measured, and yields lines of the table."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.parts import NO_QUOTA, settings_file
from bench.rig import EVERYBODY_PLAIN, SIX_IN_TEN, Measured, Tenant, measure
from bench.sizes import Row, Size
from worlds.neighbours import Beside
from worlds.neighbours import measure as measure_beside

from connectors.limits import BATCH_SIZE_MAX, RU_PER_10_S, WRITE_WINDOW_S, WRITES_PER_150_S

IN_FLIGHT = 8
QUOTA_SCALES = (10, 30, 100)


def inventory_and_plan(size: Size, folder: Path) -> Iterator[Row]:
    """Read a tenant and draw up its plan, and fetch the same pages with a bare loop, in turns; the best of each."""
    with Tenant(size.plan, mix=SIX_IN_TEN) as tenant:
        config = _settings(folder, tenant)
        bare, ours = [], []
        for _ in range(size.repeat):
            bare.append(_with_tenant_cpu(tenant, "planning:pages", config=config))
            ours.append(_with_tenant_cpu(tenant, "planning:plan", config=config))
    pages, plan = min(bare, key=_seconds), min(ours, key=_seconds)
    yield Row(
        f"inventory of {size.plan:,} users, {plan['in_scope']:,} holders",
        f"{plan['seconds']:.2f} s",
        f"httpx + orjson, {pages['pages']:,} pages: {pages['seconds']:.2f} s",
        f"{plan['seconds'] / pages['seconds']:.2f}",
        "≤ 1.3",
    )
    cpu, bare_cpu = (min(m["cpu_s"] + m["tenant_cpu_s"] for m in several) for several in (ours, bare))
    yield Row(
        "  the same in CPU seconds, tenant included", f"{cpu:.2f} s", f"{bare_cpu:.2f} s", f"{cpu / bare_cpu:.2f}"
    )
    best = min(m["plan_s"] for m in ours)
    yield Row("plan drawn up and written", f"{best:.2f} s", f"{plan['folder_mb']:.0f} MB of files", "", "≤ 60 s")
    yield Row("  peak memory of inventory and plan", f"{max(m['peak_mb'] for m in ours):.0f} MB", "", "", "≤ 2,000 MB")


def plan_command(size: Size, folder: Path) -> Iterator[Row]:
    """Run `reseat plan`, start of the interpreter included."""
    with Tenant(size.command) as tenant:
        config = _settings(folder, tenant)
        seconds = min(measure("planning:command", config=config)["seconds"] for _ in range(size.repeat))
    yield Row(f"`reseat plan`, {size.command:,} users", f"{seconds:.2f} s")


def apply_beside_rivals(size: Size, folder: Path) -> Iterator[Row]:
    """Apply the same plan with every client, each on a fresh tenant of the same seed."""
    plan = _plan(size.apply, size.latency_ms, folder)
    ours, limit, read_too = [], [], []
    for _ in range(size.repeat):
        limit.append(_rival(plan, size, "bare", size.apply))
        ours.append(_apply(plan, size.apply, size.latency_ms, folder)[0])
        read_too.append(_rival(plan, size, "bare_with_reads", size.apply))
    typed = _rival(plan, size, "typed", size.sample // 10)
    batches = _rival(plan, size, "sdk_batch", size.sample)
    best = max(_rate(m) for m in ours)
    yield Row(f"apply, {size.apply:,} users, {size.latency_ms:g} ms a request", f"{best:.0f} users/s")
    for what, several, aim in (
        ("typed SDK, one user after the other", [typed], ""),
        ("SDK adapter, one $batch after the other", [batches], ""),
        (f"bare httpx, {IN_FLIGHT} $batches in flight, no reads", limit, "≥ 0.8"),
        (f"bare httpx, {IN_FLIGHT} in flight, each reads before it writes", read_too, ""),
    ):
        rate = max(_rate(m) for m in several)
        yield Row("", "", f"{what}: {rate:.1f} users/s", f"{best / rate:.2f}", aim)
    cost = min(_cpu(m) for m in ours)
    yield Row("  CPU seconds per 1,000 users", f"{cost:.3f}")
    for what, several, aim in (("bare, no reads", limit, "≤ 2"), ("bare with reads", read_too, "")):
        bare = min(_cpu(m) for m in several)
        yield Row("", "", f"{what}: {bare:.3f}", f"{cost / bare:.2f}", aim)


def quota(size: Size, folder: Path) -> Iterator[Row]:
    """Use the quota, where all of it is granted and where it is not."""
    yield from at_the_quota(size, folder)
    yield from beside_a_neighbour()


def at_the_quota(size: Size, folder: Path) -> Iterator[Row]:
    """Apply at multiples of the real quota, tenant and client alike, and count what of it was used."""
    plan = _plan(size.quota, 0.0, folder)
    for scale in QUOTA_SCALES:
        allowed = WRITES_PER_150_S * scale
        with Tenant(size.quota, mix=EVERYBODY_PLAIN, quota_scale=scale) as tenant:
            config = _settings(folder, tenant, writes=allowed)
            done = measure("applying:apply", config=config, folder=_copy(plan))
            seen = tenant.counts()
        # What a client that uses all of its quota sends in this time: its burst at once, and the refill until the end.
        burst = max(BATCH_SIZE_MAX, allowed / WRITE_WINDOW_S)
        seconds = seen["last_write"] - seen["first_write"]
        possible = burst + (allowed - burst) / 150 * seconds
        yield Row(
            f"writes at {scale} times the quota, no latency",
            f"{seen['writes']:,} in {seconds:.1f} s",
            f"{allowed:,} per 150 s allow {possible:,.0f} (quota_share 1.0)",
            f"{seen['writes'] / possible:.3f}",
            "≥ 0.97",
        )
        share = seen["throttled"] / seen["requests"]
        yield Row("  throttled", f"{seen['throttled']:,} of {seen['requests']:,}", "", f"{share:.4f}", "< 0.001")
        yield Row("  CPU of the client per second", f"{done['cpu_s'] / done['seconds']:.2f}")


def beside_a_neighbour() -> Iterator[Row]:
    """Write in virtual time where less is granted than documented, at the real rate and at fifty times it."""
    for scale, seconds, latency in ((1, 1_300.0, 0.3), (50, 1_300.0, 0.1)):
        for share in (1.0, 0.6, 0.4, 0.2):
            seen = measure_beside(Beside(share, scale=scale, seconds=seconds, latency_s=latency))
            windows = seen.windows(5)
            hits = max(hits for _, hits in windows)
            yield Row(
                f"{share:.0%} granted at {scale} times the quota, quota_share 0.9",
                f"{sum(n for _, n in seen.accepted):,} in {seconds:,.0f} s",
                f"throttled: {len(seen.throttled)} of {seen.batches:,} batches, at most {hits} a window; "
                f"{seen.too_early} sent too early",
                f"{sum(used for used, _ in windows) / 5:.3f}",
                "≥ 0.90" if share < 1 else "≥ 0.97",
            )
    for share in (0.6, 0.4, 0.2):
        after = measure_beside(Beside(share, gone_at=900.0)).full_again_after()
        yield Row(
            f"neighbour that leaves {share:.0%} goes",
            "never" if after is None else f"full rate after {after:.0f} s",
            aim="≤ 300 s",
        )


def memory_while_applying(size: Size, folder: Path) -> Iterator[Row]:
    """Look at the resident memory of one apply at two numbers of users done; count all requests to the end."""
    early, late = size.memory_at
    with Tenant(late, mix=EVERYBODY_PLAIN) as tenant:
        config = _settings(folder, tenant)
        plan = measure("planning:plan", config=config)
        done = measure("applying:apply", config=config, folder=plan["folder"], memory_at=[early, late])
        verified = measure("verifying:verified", config=config, folder=plan["folder"])
        requests = tenant.counts()["requests"]
    memory = done["memory_mb"]
    first, last = memory[str(early)], memory[str(late)]
    yield Row(
        f"memory of an apply at {late:,} users done", f"{last:.0f} MB", f"at {early:,}: {first:.0f} MB",
        f"{last / first:.2f}", "flat",
    )  # fmt: skip
    per_thousand = requests / verified["moved"] * 1_000
    yield Row(
        "  HTTP requests per 1,000 users, plan to report", f"{per_thousand:.0f}",
        f"{done['requests']:,} of {requests:,} in apply", "", "≤ 120",
    )  # fmt: skip


def verify_and_report(size: Size, folder: Path) -> Iterator[Row]:
    """Verify a finished run of many holders, and render its report again."""
    with Tenant(size.verify) as tenant:
        config = _settings(folder, tenant)
        plan = measure("planning:plan", config=config)
        measure("applying:apply", config=config, folder=plan["folder"])
        verified = measure("verifying:verified", config=config, folder=plan["folder"])
        reported = measure("verifying:reported", folder=plan["folder"])
    yield Row(
        f"verify, {size.verify:,} users, {verified['in_scope']:,} in scope", f"{verified['seconds']:.1f} s",
        f"peak {verified.peak_mb:.0f} MB",
    )  # fmt: skip
    yield Row("  report again", f"{reported['seconds']:.1f} s", f"peak {reported.peak_mb:.0f} MB")
    yield Row("  report.html", f"{verified['html_mb']:.2f} MB", "", "", "≤ 4 MB")


def groups_swapped(size: Size, folder: Path) -> Iterator[Row]:
    """Plan users in groups beside the same number without, and swap the groups while the tenant counts the reads."""
    groups, members = size.groups
    asked = {"folder": str(folder), "groups": groups, "members": members}
    inherited = measure("grouping:plan", **asked, inherited=True)
    direct = measure("grouping:plan", **asked, inherited=False)
    assert inherited["changes"] == direct["changes"] == groups * members
    yield Row(
        f"plan of {groups:,} groups, {groups * members:,} members", f"{inherited['plan_s']:.1f} s",
        f"as many users without groups: {direct['plan_s']:.1f} s", f"{inherited['plan_s'] / direct['plan_s']:.2f}",
    )  # fmt: skip
    done = measure("grouping:swap", **asked)
    yield Row(
        f"  apply, {done['writes']:,} writes, {done['hours']:.1f} h by its clock", f"{done['cpu_s']:.0f} s CPU",
        "the tenant's own included",
    )  # fmt: skip
    yield Row(
        "  most HTTP requests in a minute", f"{done['per_minute']:,}",
        f"{done['requests']:,} in all, {done['throttled']} throttled",
    )  # fmt: skip
    yield Row(
        "  most resource units in 10 s", f"{done['units_10_s']:,}",
        f"documented: {RU_PER_10_S:,}", f"{done['units_10_s'] / RU_PER_10_S:.2f}", "≤ 1",
    )  # fmt: skip


def _settings(folder: Path, tenant: Tenant, writes: int = NO_QUOTA) -> str:
    return str(settings_file(folder, url=tenant.url, tenant_id=tenant.tenant_id, writes=writes))


def _plan(users: int, latency_ms: float, folder: Path) -> str:
    """Make a plan for a tenant of plain users, and return its folder."""
    with Tenant(users, mix=EVERYBODY_PLAIN, latency_ms=latency_ms) as tenant:
        return str(measure("planning:plan", config=_settings(folder, tenant))["folder"])


def _copy(plan: str) -> str:
    """Return a fresh copy of a plan that nobody has begun."""
    target = Path(plan).with_name("copy")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(plan, target)
    return str(target)


def _apply(plan: str, users: int, latency_ms: float, folder: Path) -> tuple[Measured, str]:
    copy = _copy(plan)
    with Tenant(users, mix=EVERYBODY_PLAIN, latency_ms=latency_ms) as tenant:
        done = measure("applying:apply", config=_settings(folder, tenant), folder=copy)
    assert done["users"] == users, done
    return done, copy


def _rival(plan: str, size: Size, way: str, users: int) -> Measured:
    with Tenant(size.apply, mix=EVERYBODY_PLAIN, latency_ms=size.latency_ms) as tenant:
        done = measure("rivals:send", url=tenant.url, folder=plan, way=way, users=users, in_flight=IN_FLIGHT)
    assert done["users"] == users, done
    return done


def _with_tenant_cpu(tenant: Tenant, task: str, **arguments: Any) -> dict[str, Any]:
    before = tenant.counts()["cpu_s"]
    done = measure(task, **arguments)
    return {**done.result, "peak_mb": done.peak_mb, "tenant_cpu_s": tenant.counts()["cpu_s"] - before}


def _seconds(measured: dict[str, Any]) -> float:
    return float(measured["seconds"])


def _rate(done: Measured) -> float:
    return float(done["users"] / done["seconds"])


def _cpu(done: Measured) -> float:
    """Return CPU seconds per 1,000 users."""
    return float(done["cpu_s"] / done["users"] * 1_000)
