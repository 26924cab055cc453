"""The terms of a report, for readers who know Python but not GANs."""

GLOSSARY = {
    "Adam": "An optimiser: it moves every weight against its gradient, by a step that a running "
    "mean of past gradients (β₁) and of their squares (β₂) makes even.",
    "annealing": "Learning rates, and in some recipes penalties, become smaller and smaller, so "
    "that both networks come to rest.",
    "batch": "The pictures that one step looks at together.",
    "batch norm": "A layer that brings each channel to mean 0 and deviation 1 over the batch, then "
    "scales and shifts it by learned numbers.",
    "channel": "One of the planes of a map: red, green and blue in a picture, learned features "
    "inside a network.",
    "checkpoint": "Everything that a training needs to continue, saved on the disk.",
    "convolution": "A layer that slides a small window of weights over a map; each number of its "
    "output is a weighted sum of what the window sees.",
    "coverage": "The share of real pictures that have a generated one in their neighbourhood; "
    "low when the generator leaves kinds of pictures out.",
    "D(x), D(G(z))": "How real the discriminator holds real pictures and generated ones to be, "
    "from 0 to 1, averaged. At 0.5 for both it cannot tell them apart.",
    "density": "How many real neighbourhoods a generated picture falls into, on average; low when "
    "generated pictures lie where there are no real ones.",
    "discriminator": "D, the network that says how real a picture looks.",
    "EMA": "Exponential moving average, here of the generator's weights: the jitter of single "
    "steps is averaged out, and the pictures are better for it.",
    "epoch": "As many pictures as the training set has, shown once each.",
    "features": "The numbers that a fixed network makes of a picture; pictures that look alike "
    "have features near each other.",
    "floor": "The figure that as many real training pictures get in the place of generated ones: "
    "what a perfect generator would get.",
    "generator": "G, the network that draws.",
    "held-out pictures": "Real pictures that were set aside and never trained on, so that "
    "generated ones can be compared with something new to both networks.",
    "KID": "Kernel Inception Distance, here with other features than Inception's: how far the "
    "features of generated pictures are from those of real ones, as a whole. 0 is best.",
    "latent vector": "z, the random numbers that a picture is drawn from.",
    "learning rate": "How far a step moves the weights.",
    "logit": "C, what the discriminator puts out: any number; the higher, the more real.",
    "loss": "The number that a network is trained to make small.",
    "minibatch standard deviation": "A number that tells the discriminator how much the pictures "
    "of a group differ, averaged over all that it sees in them.",
    "mode collapse": "The generator draws the same few pictures whatever the latent.",
    "penalty": "A term added to the discriminator's loss that keeps its slope in check.",
    "seed": "A whole number that random numbers are made from: the same seed, the same numbers.",
    "step": "One turn of both networks: the discriminator's weights move, then the generator's.",
    "transposed convolution": "A convolution run backwards, which makes a map larger: each number "
    "of its input paints a small window of its output.",
}


def anchor(term: str) -> str:
    """The id of a term in the page."""
    letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in term.lower())
    return f"term-{letters.strip('-')}"
