"""`kaogan recipes`: the recipes that there are, when to take which, and one of them as JSON."""

import argparse

from kaogan.cli import arguments as args


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "recipes",
        run=run,
        help="list the recipes of kaogan train, or print one",
        description="List the recipes that kaogan train --recipe takes: what each one is, what it "
        "costs, and when to take it. With NAME, print that recipe, or that of a RUN, as JSON for "
        "kaogan train --config. The options of kaogan train change single parts of a recipe.",
        examples=("kaogan recipes", "kaogan recipes standard > recipe.json"),
    )
    command.add_argument("name", nargs="?", metavar="NAME", help="of a recipe, or a RUN")
    args.shared(command, "--json")


def run(options: argparse.Namespace) -> None:
    """Print a paragraph for each recipe, or one recipe."""
    from pathlib import Path

    from kaogan.recipes import RECIPES, named
    from kaogan.training.run import Run

    if options.name is not None:
        is_run = options.name not in RECIPES and Path(options.name).is_dir()
        recipe = Run(Path(options.name)).recipe if is_run else named(options.name)
        print(recipe.model_dump_json(indent=2))
        return
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
