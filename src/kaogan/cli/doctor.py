"""`kaogan doctor`: what a report of a fault should say, and what to fix first."""

import argparse
import dataclasses
import json

from kaogan.cli.arguments import Commands, add_shared


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "doctor",
        run=run,
        help="show what is installed, on which machine, and what to fix",
        description="Print versions, device, precision, extras and folders, as a report of a fault "
        "needs them, and what to fix. The command changes nothing.",
    )
    add_shared(command, "--json")


def run(options: argparse.Namespace) -> None:
    """Examine and print."""
    from kaogan.doctor import examine

    findings = examine()
    if options.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
        return
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{finding.name:{width}}  {finding.value}")
    to_mend = [finding for finding in findings if finding.advice]
    print("\nTo mend:" if to_mend else "\nNothing to mend.")
    for finding in to_mend:
        print(f"- {finding.name}: {finding.advice}")
