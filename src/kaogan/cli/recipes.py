"""`kaogan recipes`: the recipes that there are, and when to take which."""

import argparse
import json

from kaogan.cli.arguments import Commands, add_shared


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "recipes",
        run=run,
        help="list the recipes of kaogan train",
        description="List the recipes that kaogan train --recipe takes: what each one is, what it "
        "costs, and when to take it. The options of kaogan train change single parts of a recipe.",
    )
    add_shared(command, "--json")


def run(options: argparse.Namespace) -> None:
    """Print a paragraph for each recipe."""
    from kaogan.recipes import RECIPES

    if options.json:
        values = {
            name: {
                "what": choice.what,
                "cost": choice.cost,
                "when": choice.when,
                "recipe": choice.make().model_dump(mode="json"),
            }
            for name, choice in RECIPES.items()
        }
        print(json.dumps(values, indent=2))
        return
    width = max(map(len, RECIPES))
    for name, choice in RECIPES.items():
        print(f"{name:{width}}  {choice.what}")
        print(f"{'':{width}}  cost: {choice.cost}")
        print(f"{'':{width}}  when: {choice.when}")
    print("\nTake one: kaogan train DATA --recipe NAME")
