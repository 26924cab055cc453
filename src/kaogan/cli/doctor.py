"""`kaogan doctor`: what a report of a fault should say, and what to fix first."""

import argparse

from kaogan.cli import arguments as args


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "doctor",
        examples=(
            "kaogan doctor",
            "kaogan doctor --json",
        ),
        run=run,
        help="show what is installed, on which machine, and what to fix",
        description="Print versions, device, precision, extras and folders, as a report of a fault "
        "needs them, and what to fix. The command changes nothing.",
    )
    args.shared(command, "--json")


def run(options: argparse.Namespace) -> None:
    """Examine and print."""
    from kaogan.doctor import examine

    findings = examine()
    width = max(len(finding.name) for finding in findings)
    to_mend = [f"- {finding.name}: {finding.advice}" for finding in findings if finding.advice]
    args.tell(
        options,
        findings,
        *(f"{finding.name:{width}}  {finding.value}" for finding in findings),
        "\nTo mend:" if to_mend else "\nNothing to mend.",
        *to_mend,
        indent=2,
    )
