"""The command line: arguments in, one exit code out; `printing` says what is printed, the job what is done."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from jobs import __version__
from jobs.cli.process import fail, leave, prepare
from jobs.cli.running import (
    find,
    find_evidence,
    find_or_newest,
    find_stored,
    flag,
    follow,
    lock,
    lock_of,
    noticed,
    settings,
    work,
)
from jobs.license_reassignment.errors import MEANING, ExitCode, InputError

LATER_COMMANDS = ("init", "pack", "runs")
LATER_OPTIONS = frozenset({"--approved-by", "--settings", "--ticket"})
"""What a later version can do: it is refused in words of its own, and taken for no typing error."""
ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}

CODES = "\n\n".join(f"[bold]{int(code)}[/bold]  {text}" for code, text in MEANING.items())
app = typer.Typer(
    name="reseat",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    add_completion=False,
    help="Moves every holder of a retiring Microsoft 365 SKU to its successor, in one request per user, and proves it "
    "before anything is cancelled. It never buys, cancels, deletes or touches domains.\n\n"
    "A first run: [bold]reseat demo[/bold], then write reseat.toml, then [bold]check[/bold] → [bold]plan[/bold] → "
    "[bold]apply[/bold] → [bold]verify[/bold]; or all of it with [bold]run[/bold].",
    epilog=f"[bold]Exit codes[/bold]\n\n{CODES}",
)


def _not_empty(value: str | None) -> str | None:
    """Refuse an option without a value: a variable of the shell that is not set is not the same as no option."""
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty. Give it a value, or leave the option out.")
    return value


Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file; ./reseat.toml when not given.")]
Runs = Annotated[Path | None, typer.Option("--runs", help="Where run folders live; beats \\[run] directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="Plan id, unique prefix, or run folder.")]
Later = Annotated[bool, typer.Option("--after-cancel", help="Ask too: is the source over, and nobody worse off?")]
SkipBad = Annotated[bool, typer.Option("--skip-bad-rows", help="Go on without roster rows that cannot be used.")]


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        typer.echo(f"reseat {__version__}")
        raise typer.Exit(0)


@app.command()
def demo(
    directory: Annotated[Path, typer.Option(help="Where the demo's files go.")] = Path("reseat-demo"),
    users: Annotated[int | None, typer.Option(min=1, help="Generate so many users instead of the sample.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the generated tenant.")] = 1,
    json: Json = False,
) -> None:
    """Run every step against the embedded tenant over real HTTP, and say where the report is."""
    from jobs.cli.demo import run_demo

    _end(run_demo(directory, users=users, seed=seed, as_json=json, flag=flag))


@app.command()
def check(
    config: Config = None,
    wait: Annotated[bool, typer.Option("--wait", help="Look again until the targets are there.")] = False,
    json: Json = False,
) -> None:
    """Look whether everything is in place: sign-in, permissions, SKUs, subscriptions, provisioning, seats, health."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.check import check as look
    from jobs.license_reassignment.commands.check import check_until_ready

    effective = settings(config)
    checked = work(effective, check_until_ready if wait else look)
    output.checked(checked, as_json=json)
    _end(checked.code)


@app.command()
def plan(
    config: Config = None,
    runs: Runs = None,
    skip_bad_rows: SkipBad = False,
    addons_of: Annotated[
        str | None,
        typer.Option(
            metavar="PLAN", help="Remove covered add-ons from the users whom PLAN moved for good.", callback=_not_empty
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Read the tenant, decide every user, and write the plan. Nothing in the tenant changes."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.addons import make_addons_plan
    from jobs.license_reassignment.commands.plan import make_plan

    effective = settings(config, runs)
    if addons_of:
        moved = find(effective.runs_path, addons_of)
        planned = work(effective, lambda parts: make_addons_plan(parts, moved))
    else:
        planned = work(effective, lambda parts: make_plan(parts, skip_bad_rows=skip_bad_rows))
    output.planned(planned, as_json=json, given=_given(config, runs))
    _end(planned.code)


@app.command()
def apply(
    plan: PlanName,
    tenant: Annotated[str, typer.Option(help="The plan's tenant: its id or a verified domain. This is the consent.")],
    config: Config = None,
    runs: Runs = None,
    wave: Annotated[
        str | None, typer.Option(help="Go past earlier stops, up to this wave.", callback=_not_empty)
    ] = None,
    stop_after: Annotated[str | None, typer.Option(help='End cleanly with 4 after that long: "50m", "3h".')] = None,
    json: Json = False,
) -> None:
    """Carry out exactly that plan, or continue it. A second apply of a finished plan sends nothing."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.apply import apply_plan

    effective = settings(config, runs, pace__stop_after=stop_after)
    run = find(effective.runs_path, plan)
    with lock(effective, run):
        applied = work(
            effective, lambda parts: apply_plan(parts, run, tenant=tenant, wave=wave or ""), run, writes=True
        )
    output.applied(applied, run, as_json=json, given=_given(config, runs))
    _end(applied.code)


@app.command()
def verify(plan: PlanName, config: Config = None, runs: Runs = None, after: Later = False, json: Json = False) -> None:
    """Read the tenant afresh, reconcile, ask the gates, and write the report: GO or NO-GO."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.verify import verify as look_again

    effective = settings(config, runs)
    run = find(effective.runs_path, plan)
    with lock(effective, run):
        found = work(effective, lambda parts: look_again(parts, run, after_cancel=after), run)
    output.verified(found, run, as_json=json)
    _end(found.exit_code)


@app.command()
def report(plan: PlanName, config: Config = None, runs: Runs = None, json: Json = False) -> None:
    """Render the report again from the run folder alone: no network, no credentials."""
    from connectors.catalog.products import load_catalog
    from jobs.cli import output
    from jobs.license_reassignment.commands.report import report as render

    run = find_stored(config, runs, plan)
    with lock_of(run):
        found = render(run, load_catalog())
    output.verified(found, run, as_json=json)


@app.command()
def audit(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A run folder, as it was handed over, or a plan id.")],
    config: Config = None,
    runs: Runs = None,
    public_key: Annotated[Path | None, typer.Option(help="Ed25519 public key (PEM) of whoever signed.")] = None,
    head: Annotated[
        str | None,
        typer.Option(help="Journal head or manifest digest that was kept elsewhere.", callback=_not_empty),
    ] = None,
    json: Json = False,
) -> None:
    """Check a run folder offline: digests, chain, every total and gate derived again. No network, no credentials."""
    from connectors.catalog.products import load_catalog
    from jobs.cli import output
    from jobs.license_reassignment.commands.audit import audit as look
    from jobs.license_reassignment.run_folder.seal import load_public_key

    key = load_public_key(public_key) if public_key else None
    found = look(find_evidence(config, runs, folder), load_catalog(), key=key, head=head or "")
    output.audited(found, as_json=json)
    _end(found.code)


@app.command()
def undo(plan: PlanName, config: Config = None, runs: Runs = None, json: Json = False) -> None:
    """Make the inverse plan: what PLAN took is given back, wherever nobody else has changed it. Its apply writes."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.undo import make_undo

    effective = settings(config, runs)
    run = find(effective.runs_path, plan)
    planned = work(effective, lambda parts: make_undo(parts, run))
    output.planned(planned, as_json=json, given=_given(config, runs))
    _end(planned.code)


@app.command()
def run(
    config: Config = None,
    runs: Runs = None,
    approve: Annotated[str, typer.Option(help="The tenant (id or verified domain): apply the plan too.")] = "",
    skip_bad_rows: SkipBad = False,
    stop_after: Annotated[str | None, typer.Option(help='End cleanly with 4 after that long: "50m", "3h".')] = None,
    json: Json = False,
) -> None:
    """Check, plan, apply, verify and report; resumes an unfinished run. Without --approve it stops after the plan."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.run import Steps, run_all

    effective = settings(config, runs, pace__stop_after=stop_after)
    told = partial(output.step, given=_given(config, runs)) if not json else output.silent
    steps = Steps()
    with noticed(effective, steps):
        with lock(effective, None):
            work(
                effective,
                lambda parts: run_all(parts, approve=approve, skip_bad_rows=skip_bad_rows, told=told, steps=steps),
                writes=bool(approve),
            )
        output.ran(steps, as_json=json)
    _end(steps.code)


@app.command()
def status(
    plan: Annotated[str, typer.Argument(metavar="[PLAN]", help="Plan id, prefix or folder; the newest run.")] = "",
    config: Config = None,
    runs: Runs = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every few seconds until the run ends.")] = False,
    json: Json = False,
) -> None:
    """Say where a run stands, from its files alone."""
    from jobs.cli import watch as watching
    from jobs.license_reassignment.commands.status import standing_of

    run = find_or_newest(config, runs, plan)
    if watch:
        follow(run, lambda standing: watching.status(standing, as_json=json))
    else:
        watching.status(standing_of(run), as_json=json)


@app.command()
def explain(
    plan: PlanName,
    user: Annotated[str, typer.Argument(metavar="USER", help="UPN or object id.")],
    config: Config = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Tell one user's story: why decided so, and what happened."""
    from connectors.catalog.products import load_catalog
    from jobs.cli import output
    from jobs.license_reassignment.commands.explain import explanation_of

    output.explained(explanation_of(find_stored(config, runs, plan), user, load_catalog()), as_json=json)


@app.command()
def skus(config: Config = None, json: Json = False) -> None:
    """List the tenant's products with their seats."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.skus import tenant_products

    output.products(work(settings(config), tenant_products), as_json=json)


@app.command()
def translate(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The product that leaves.")],
    targets: Annotated[list[str], typer.Argument(metavar="TO...", help="The products that come.")],
    config: Config = None,
    json: Json = False,
) -> None:
    """Show plan by plan what becomes of a product's services in others."""
    from connectors.catalog.products import load_catalog
    from jobs.cli import output
    from jobs.license_reassignment.commands.skus import published_table, tenant_table

    if config is None and not Path("reseat.toml").is_file():
        table = published_table(load_catalog(), source, targets)
    else:
        table = work(settings(config), lambda parts: tenant_table(parts, source, targets))
    output.translation(table, as_json=json)


@app.command()
def sandbox(
    tenant: Annotated[Path, typer.Option(help="Tenant file; see the sample in the package.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 8080,
    latency_ms: Annotated[int, typer.Option(min=0, help="Answer so much later.")] = 0,
    quota_scale: Annotated[float, typer.Option(min=0.01, help="Multiply the documented quota.")] = 1.0,
) -> None:
    """Serve the embedded tenant on this machine, for a rehearsal with `credential = "sandbox"`."""
    from jobs.cli.demo import serve_sandbox

    _end(serve_sandbox(tenant, port=port, latency_ms=latency_ms, quota_scale=quota_scale))


def _later(context: typer.Context) -> None:
    raise _not_yet(f"`reseat {context.info_name}`")


for later in LATER_COMMANDS:
    app.command(later, hidden=True, add_help_option=False, context_settings=ANYTHING)(_later)


def _not_yet(name: str) -> InputError:
    return InputError(f"{name} is not available yet.")


def _given(config: Path | None, runs: Path | None) -> list[tuple[str, str]]:
    other = None if config is None or config.resolve() == Path("reseat.toml").resolve() else config
    return [(name, str(path)) for name, path in (("-c", other), ("--runs", runs)) if path is not None]


def _end(code: int) -> None:
    raise typer.Exit(int(code))


def main() -> None:
    """Run the command line and leave with a code of the table; a message never comes with a traceback."""
    prepare(flag)
    try:
        code = int(app(standalone_mode=False) or 0)
    except (KeyboardInterrupt, typer.Abort):
        code = int(ExitCode.STOPPED)
    except Exception as error:
        option = getattr(error, "option_name", "")
        code = fail(_not_yet(option) if option in LATER_OPTIONS else error)
    leave(code)
