"""`hhctl canary run`: a version brought up the whole ladder, unattended, and promoted, or taken back at the first sign of harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from automation.commands import OperationCommand
from automation.core.canary_story import story
from automation.core.ladder import Ladder, plan_run, run_command
from automation.core.messages import CanaryEnded, canary_messages
from automation.core.plan import Ending
from automation.core.rung import Rung
from automation.errors import ExitCode
from automation.ops.canary.asking import ask, delivered, force_option, left_out, limits_of, stack_option
from automation.ops.canary.report import CanaryRunView, write_page
from automation.options import QuantityType
from automation.ports.checks import must_be_able_to_check
from automation.ports.place import place_of
from automation.reports import reported, tell_kept
from automation.show import tell
from automation.telling import all_heard, kept, outbox, sent_all, tell_untold
from stacks.dials import Tag
from stacks.house import STANDBY
from stacks.objectives import HARM, RUNG_SOAK, RUNGS
from stacks.quantities import Duration, Fraction

if TYPE_CHECKING:
    from datetime import timedelta

    from automation.core.facts import Facts
    from automation.core.plan import Gate, Plan
    from automation.core.record import Author
    from automation.options import Options
    from automation.run import Report
    from stacks.dials import Image
    from stacks.spec import Spec

_EPILOG = """\b
Examples:
  hhctl canary run v1.3.0 --reason "a new scheduler"
  hhctl canary run v1.3.0 --soak 20m --harm 1% --incident INC-12
  hhctl canary run v1.3.0 --plan"""


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("version", type=QuantityType("tag", get_args(Tag)[1]))
@stack_option
@click.option("--soak", metavar="TIME", type=QuantityType("time", get_args(Duration)[1]), help="How long each rung is watched at least.")
@click.option("--harm", metavar="PERCENT", type=QuantityType("share", get_args(Fraction)[1]), help="The rise in failures to be seen.")
@force_option
@click.pass_obj
def run(options: Options, version: str, *, stack: str | None, soak: timedelta | None, harm: float | None, force: bool) -> ExitCode:
    """Bring VERSION up the whole ladder, judged at each rung, and have the stable workload run it.

    A rung ends once it has been watched for long enough, and once a rise in failures by --harm would have been seen. What does harm gets no
    more requests and is taken away: exit 10. Where nobody can tell, the canary stays as it is, and after a while a human is asked for: exit
    11. The same command goes on where an interrupted one was, from another machine too. What prod runs in the end goes to dr as well,
    unless that cannot be reached or must not serve. Where all is done and not everybody could be told, exit 15.
    """
    asked = ask(options, stack, also=(STANDBY,), forced=force)
    must_be_able_to_check(asked.app.spec)
    seconds, least = (soak or RUNG_SOAK).total_seconds(), HARM if harm is None else harm
    limits = limits_of(asked.app, harm=least)
    candidate = asked.candidate(version, forced=force)
    namespace = place_of(asked.app.spec, asked.stack).namespace

    def gates(stable: Image, weight: int) -> tuple[Gate, ...]:
        return (Rung(asked.stack, namespace, candidate.image, stable, weight, seconds, limits),)

    def plan(facts: Facts) -> Plan:
        planned = plan_run(facts, candidate, ladder=Ladder(RUNGS, gates), command=command)
        if says := left_out(facts, asked.stack, version=version):
            tell(says)
        return planned

    command = run_command(asked.stack, version=version, soak=seconds, harm=least)
    report = asked.carry_out(plan, command=command, stacks=delivered(asked.stack))
    if report is None:
        return ExitCode.DONE
    code = told(asked.app.spec, report, ended(asked.facts, asked.stack, candidate.image, report), by=asked.session.author)
    became = story(asked.session.journals(asked.stack).known(), command)
    page = write_page(asked, candidate, became) if became else None
    tell_kept(report, version)
    reported(report, options, view=CanaryRunView(report, became, page))
    if page:
        tell(f"report: {page}")
    return code


def ended(found: Facts, stack: str, image: Image, report: Report) -> CanaryEnded:
    """Say how a run ended on a stack that was `found` so before it."""
    was = found.present(stack)
    return CanaryEnded(
        report.run,
        image.tag,
        stack,
        report.ending,
        is_stable=stack in report.kept or (was.canary is None and was.image == image),
        undone=report.undone,
        is_left=not report.taken_over and (was.canary is not None or stack in report.touched),
        left_out=left_out(found, stack, version=image.tag),
    )


def told(spec: Spec, report: Report, ended: CanaryEnded, *, by: Author) -> ExitCode:
    """Tell people what became of a canary that has to do with them, as whoever began it may be asleep; return how the command ends.

    That is how the run ended, but for one that is done where not everybody could be told.
    """
    then = f" Next: {report.hint}: hhctl {report.operation}." if report.hint else ""
    behind = f" {ended.left_out}." if ended.is_stable and ended.left_out else ""
    why = f"{report.operation} by {by.operator}: {by.reason or 'no reason given'}. {report.says}.{behind}{then}"
    messages, box = canary_messages(ended, why=why), outbox()
    if not messages:
        return report.ending.code
    sent = sent_all(box, spec) if kept(box, messages) else None
    tell_untold(sent or ())
    return report.ending.code if report.ending is not Ending.DONE or all_heard(sent) else ExitCode.NOT_EVERYBODY_TOLD
