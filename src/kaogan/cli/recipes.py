"""`kaogan recipes`: the recipes that there are, and when to take which."""

import argparse

from kaogan.cli import arguments as args


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "recipes",
        run=run,
        help="list the recipes of kaogan train",
        description="List the recipes that kaogan train --recipe takes: what each one is, what it "
        "costs, and when to take it. The options of kaogan train change single parts of a recipe.",
    )
    args.shared(command, "--json")


def run(options: argparse.Namespace) -> None:
    """Print a paragraph for each recipe."""
    from kaogan.recipes import RECIPES

    values = {
        name: {
            "what": choice.what,
            "cost": choice.cost,
            "when": choice.when,
            "recipe": choice.make().model_dump(mode="json"),
        }
        for name, choice in RECIPES.items()
    }
    width = max(map(len, RECIPES))
    lines = [
        f"{name:{width}}  {choice.what}\n"
        f"{'':{width}}  cost: {choice.cost}\n"
        f"{'':{width}}  when: {choice.when}"
        for name, choice in RECIPES.items()
    ]
    args.tell(options, values, *lines, "\nTake one: kaogan train DATA --recipe NAME", indent=2)
