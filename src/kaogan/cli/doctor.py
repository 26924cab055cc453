"""`kaogan doctor`: what to put into a report of a fault, and what to mend first."""

import argparse
import dataclasses
import json
from typing import Any


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "doctor",
        help="say what is installed, on which machine, and what to mend",
        description="Print versions, device, precision, extras and folders: what a report of a "
        "fault should hold; and what to mend. It looks, and changes nothing.",
        allow_abbrev=False,
    )
    command.add_argument("--json", action="store_true", help="print as JSON")
    command.set_defaults(run=run)


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
