"""The command line: arguments in, one exit code out; `output` says what is printed, the job what is done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs import __version__
from jobs.cli.helped import HelpedCommand, HelpedGroup, examples
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

UNAVAILABLE_COMMANDS = ("init", "pack", "runs")
UNAVAILABLE_OPTIONS = frozenset({"--approved-by", "--ticket"})
"""What a later version can do: it is refused in words of its own, and taken for no typing error."""
ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}

CODES = "\n".join(f"[bold]{int(code):>2}[/bold]  {text}" for code, text in MEANING.items())
app = typer.Typer(
    name="reseat",
    cls=HelpedGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Moves every user of a retiring Microsoft 365 product to its successor, in one request per user, and verifies "
    "the result before the old subscription is canceled. It never buys, cancels or deletes anything.\n\n"
    "To begin: [bold]reseat demo[/bold]. Then write reseat.toml, and run [bold]check[/bold], [bold]plan[/bold], "
    "[bold]apply[/bold] and [bold]verify[/bold]; or all four with [bold]run[/bold].",
    epilog=f"[bold]Exit codes[/bold]\n{CODES}\n\n{examples('reseat demo', 'reseat check -c reseat.toml')}",
)


def _not_empty(value: str | None) -> str | None:
    """Refuse an option without a value: a variable of the shell that is not set is not the same as no option."""
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty. Give it a value, or leave the option out.")
    return value


CONFIG_HELP = "Settings file; ./reseat.toml if not given."
RUNS_HELP = "Folder of all runs; overrides \\[run] directory."
AFTER_CANCEL_HELP = "Also check that the old subscription has ended and no user lost service."
SKIP_HELP = "Continue without roster rows that cannot be used; the users they name are put on hold."
STOP_HELP = 'Stop after this time, with exit code 4: "50m", "3h".'
APPROVE_HELP = "Apply the plan too. TENANT is its id or a verified domain."
ADDONS_HELP = "Remove the add-ons that the new products of PLAN include, once verify has confirmed PLAN."

Config = Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help=CONFIG_HELP)]
Runs = Annotated[Path | None, typer.Option("--runs", metavar="FOLDER", help=RUNS_HELP)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="Plan id, the first part of one, or run folder.")]
AfterCancel = Annotated[bool, typer.Option("--after-cancel", help=AFTER_CANCEL_HELP)]
SkipBad = Annotated[bool, typer.Option("--skip-bad-rows", help=SKIP_HELP)]
StopAfter = Annotated[str | None, typer.Option(metavar="TIME", help=STOP_HELP)]


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"reseat {__version__}")
        raise typer.Exit(0)


@app.command(cls=HelpedCommand, epilog=examples("reseat demo", "reseat demo --users 3000"))
def demo(
    directory: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the demo's files.")] = Path(
        "reseat-demo"
    ),
    users: Annotated[
        int | None, typer.Option(metavar="NUMBER", min=1, help="Generate this many users instead of the sample.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Seed of the generated tenant.")] = 1,
    json: Json = False,
) -> None:
    """Run every step against a sample tenant on this machine, and show where the report is."""
    from jobs.cli.demo import run_demo

    _end(run_demo(directory, users=users, seed=seed, as_json=json, flag=flag))


@app.command(cls=HelpedCommand, epilog=examples("reseat check -c reseat.toml", "reseat check --wait"))
def check(
    config: Config = None,
    wait: Annotated[bool, typer.Option("--wait", help="Check again until the new products are ready.")] = False,
    all_settings: Annotated[
        bool, typer.Option("--settings", help="Show every setting and where it comes from.")
    ] = False,
    json: Json = False,
) -> None:
    """Check prerequisites: sign-in, permissions, products, subscriptions, provisioning, seats and service health."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.check import check as look
    from jobs.license_reassignment.commands.check import check_until_ready

    effective = settings(config)
    checked = work(effective, check_until_ready if wait else look)
    output.checked(checked, as_json=json, all_settings=all_settings)
    _end(checked.code)


@app.command(cls=HelpedCommand, epilog=examples("reseat plan -c reseat.toml", "reseat plan --skip-bad-rows"))
def plan(
    config: Config = None,
    runs: Runs = None,
    skip_bad_rows: SkipBad = False,
    addons_of: Annotated[
        str | None,
        typer.Option(metavar="PLAN", help=ADDONS_HELP, callback=_not_empty),
    ] = None,
    json: Json = False,
) -> None:
    """Read the tenant, decide for every user, and write the plan. Nothing in the tenant changes."""
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


@app.command(
    cls=HelpedCommand,
    epilog=examples(
        "reseat apply p3d7c85f2fc9b --tenant contoso.com", "reseat apply p3d7c85f2fc9b --tenant contoso.com --wave rest"
    ),
)
def apply(
    plan: PlanName,
    tenant: Annotated[
        str, typer.Option(metavar="TENANT", help="Confirms the tenant to change: its id or a verified domain.")
    ],
    config: Config = None,
    runs: Runs = None,
    wave: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Continue past earlier stops, up to and including this wave.", callback=_not_empty
        ),
    ] = None,
    stop_after: StopAfter = None,
    json: Json = False,
) -> None:
    """Change the licenses exactly as planned, or continue after a stop. Applying a finished plan again does nothing."""
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


@app.command(
    cls=HelpedCommand, epilog=examples("reseat verify p3d7c85f2fc9b", "reseat verify p3d7c85f2fc9b --after-cancel")
)
def verify(
    plan: PlanName, config: Config = None, runs: Runs = None, after: AfterCancel = False, json: Json = False
) -> None:
    """Read the tenant again, evaluate the checks, and write the report: GO or NO-GO for canceling."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.verify import verify as look_again

    effective = settings(config, runs)
    run = find(effective.runs_path, plan)
    with lock(effective, run):
        found = work(effective, lambda parts: look_again(parts, run, after_cancel=after), run)
    output.verified(found, run, as_json=json, given=_given(config, runs))
    _end(found.exit_code)


@app.command(cls=HelpedCommand, epilog=examples("reseat report p3d7c85f2fc9b"))
def report(plan: PlanName, config: Config = None, runs: Runs = None, json: Json = False) -> None:
    """Write the report again from the run folder alone: no network, no credentials."""
    from connectors.catalog.products import load_catalog
    from jobs.cli import output
    from jobs.license_reassignment.commands.report import report as render

    run = find_stored(config, runs, plan)
    with lock_of(run):
        found = render(run, load_catalog())
    output.verified(found, run, as_json=json, given=_given(config, runs))


@app.command(cls=HelpedCommand, epilog=examples("reseat audit runs/p3d7c85f2fc9b"))
def audit(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Run folder as you received it, or a plan id.")],
    config: Config = None,
    runs: Runs = None,
    public_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Public key (Ed25519, PEM) to check the signature with.")
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="HASH", help="Journal head or manifest digest that you kept elsewhere.", callback=_not_empty
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check that a run folder is unaltered, and derive every total and the verdict again. Needs no network."""
    from connectors.catalog.products import load_catalog
    from jobs.cli import output
    from jobs.license_reassignment.commands.audit import audit as look
    from jobs.license_reassignment.run_folder.seal import load_public_key

    key = load_public_key(public_key) if public_key else None
    found = look(find_evidence(config, runs, folder), load_catalog(), key=key, head=head or "")
    output.audited(found, as_json=json)
    _end(found.code)


@app.command(cls=HelpedCommand, epilog=examples("reseat undo p3d7c85f2fc9b"))
def undo(plan: PlanName, config: Config = None, runs: Runs = None, json: Json = False) -> None:
    """Make a plan that gives back what PLAN took, where nobody else has changed it. Applying it changes licenses."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.undo import make_undo

    effective = settings(config, runs)
    run = find(effective.runs_path, plan)
    planned = work(effective, lambda parts: make_undo(parts, run))
    output.planned(planned, as_json=json, given=_given(config, runs))
    _end(planned.code)


@app.command(
    cls=HelpedCommand,
    epilog=examples("reseat run -c reseat.toml", "reseat run -c reseat.toml --approve contoso.com --stop-after 50m"),
)
def run(
    config: Config = None,
    runs: Runs = None,
    approve: Annotated[str, typer.Option(metavar="TENANT", help=APPROVE_HELP)] = "",
    skip_bad_rows: SkipBad = False,
    stop_after: StopAfter = None,
    json: Json = False,
) -> None:
    """Check, plan, apply and verify in one go, or continue a run. Without --approve it stops after the plan."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.run import Steps, run_all

    effective = settings(config, runs, pace__stop_after=stop_after)
    told = output.silent if json else output.step
    steps = Steps()
    with noticed(effective, steps):
        with lock(effective, None):
            work(
                effective,
                lambda parts: run_all(parts, approve=approve, skip_bad_rows=skip_bad_rows, told=told, steps=steps),
                writes=bool(approve),
            )
        output.ran(steps, as_json=json, given=_given(config, runs))
    _end(steps.code)


@app.command(cls=HelpedCommand, epilog=examples("reseat status", "reseat status p3d7c85f2fc9b --watch"))
def status(
    plan: Annotated[
        str,
        typer.Argument(
            metavar="PLAN", help="Plan id, the first part of one, or run folder; the newest run if not given."
        ),
    ] = "",
    config: Config = None,
    runs: Runs = None,
    watch: Annotated[bool, typer.Option("--watch", help="Update every few seconds until the run ends.")] = False,
    json: Json = False,
) -> None:
    """Show how far a run is, from its files alone."""
    from connectors.clock import SystemClock
    from jobs.cli import watch as watching
    from jobs.license_reassignment.commands.status import standing_of

    run, now = find_or_newest(config, runs, plan), SystemClock().now
    if watch:
        with watching.screen(as_json=json, now=now) as tell:
            follow(run, tell)
    else:
        watching.status(standing_of(run), as_json=json, now=now())


@app.command(cls=HelpedCommand, epilog=examples("reseat explain p3d7c85f2fc9b ada@contoso.com"))
def explain(
    plan: PlanName,
    user: Annotated[
        str, typer.Argument(metavar="USER", help="User principal name or object id; or a group, by name or id.")
    ],
    config: Config = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Explain one user's decision and history, or one group's."""
    from connectors.catalog.products import load_catalog
    from jobs.cli import output
    from jobs.license_reassignment.commands.explain.explanation import explanation_of

    output.explained(explanation_of(find_stored(config, runs, plan), user, load_catalog()), as_json=json)


@app.command(cls=HelpedCommand, epilog=examples("reseat skus -c reseat.toml"))
def skus(config: Config = None, json: Json = False) -> None:
    """List the tenant's products with their seats."""
    from jobs.cli import output
    from jobs.license_reassignment.commands.skus import tenant_products

    output.products(work(settings(config), tenant_products), as_json=json)


@app.command(cls=HelpedCommand, epilog=examples('reseat translate "Office 365 E4" "Office 365 E5"'))
def translate(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The product to remove: name, part number or id.")],
    targets: Annotated[list[str], typer.Argument(metavar="TO...", help="The products to assign instead.")],
    config: Config = None,
    json: Json = False,
) -> None:
    """Show service by service what becomes of a product in others."""
    from connectors.catalog.products import load_catalog
    from jobs.cli import output
    from jobs.license_reassignment.commands.skus import published_table, tenant_table

    if config is None and not Path("reseat.toml").is_file():
        table = published_table(load_catalog(), source, targets)
    else:
        table = work(settings(config), lambda parts: tenant_table(parts, source, targets))
    output.translation(table, as_json=json)


@app.command(cls=HelpedCommand, epilog=examples("reseat sandbox", "reseat sandbox --tenant tenant.json --port 9000"))
def sandbox(
    tenant: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Tenant file (JSON); the sample tenant if not given.")
    ] = None,
    port: Annotated[int, typer.Option(metavar="NUMBER", min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    latency_ms: Annotated[
        int, typer.Option(metavar="NUMBER", min=0, help="Delay every answer by this many milliseconds.")
    ] = 0,
    quota_scale: Annotated[
        float, typer.Option(metavar="NUMBER", min=0.01, help="Multiply Graph's documented quota by this.")
    ] = 1.0,
) -> None:
    """Serve a tenant file on this machine, to rehearse with `credential = "sandbox"`."""
    from jobs.cli.demo import serve_sandbox

    _end(serve_sandbox(tenant, port=port, latency_ms=latency_ms, quota_scale=quota_scale))


def _unavailable(context: typer.Context) -> None:
    raise _not_available(f"`reseat {context.info_name}`")


for name in UNAVAILABLE_COMMANDS:
    app.command(name, hidden=True, add_help_option=False, context_settings=ANYTHING)(_unavailable)


def _not_available(name: str) -> InputError:
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
        code = fail(_not_available(option) if option in UNAVAILABLE_OPTIONS else error)
    leave(code)
