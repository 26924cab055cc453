// What each loss asks of the two players, for the page that explains it. D(x) is the
// discriminator's belief that x is real, C(x) its plain score where there is no such belief.

export const LOSSES = {
  nonsaturating: {
    discriminator: "−log D(x) − log(1 − D(G(z)))",
    generator: "−log D(G(z))",
    words: "The discriminator pays for every real picture it doubts and every drawn one it believes. The generator pays for every picture of its own that is not believed.",
    balance: "If nobody could tell the two apart, D would say 0.5 to everything, and the losses would be 2 log 2 ≈ 1.39 and log 2 ≈ 0.69.",
  },
  minimax: {
    discriminator: "−log D(x) − log(1 − D(G(z)))",
    generator: "log(1 − D(G(z)))",
    words: "One game, one score: what the discriminator gains, the generator loses.",
    balance: "If nobody could tell the two apart, D would say 0.5 to everything.",
  },
  leastsquares: {
    discriminator: "½(C(x) − 1)² + ½C(G(z))²",
    generator: "½(C(G(z)) − 1)²",
    words: "The discriminator aims its score at 1 for real pictures and at 0 for drawn ones; the generator aims it at 1. Least squares, as when a line is fitted.",
  },
  wasserstein: {
    discriminator: "C(G(z)) − C(x)",
    generator: "−C(G(z))",
    words: "The discriminator gives scores as far apart as it may, and their distance says how far the drawn pictures are from the real ones.",
  },
  hinge: {
    discriminator: "max(0, 1 − C(x)) + max(0, 1 + C(G(z)))",
    generator: "−C(G(z))",
    words: "The discriminator wants real pictures above 1 and drawn ones below −1, and is content when they are.",
  },
  relativistic: {
    discriminator: "−log σ(C(x) − C(G(z)))",
    generator: "−log σ(C(G(z)) − C(x))",
    words: "The discriminator says which of two pictures is the real one; only the difference of the two scores counts. The generator wants its own picture to look the more real.",
    balance: "If nobody could tell the two apart, every difference would be 0, and both losses log 2 ≈ 0.69.",
  },
};

// Where a penalty looks at how steeply C changes.
export const PENALTIES = {
  r1: "at real pictures (R1)",
  r2: "at drawn ones (R2)",
  "gradient-penalty": "between real and drawn ones (where it is to be 1)",
};

export const OTHERWISE = {
  words: "The discriminator pays when it takes a drawn picture for real or a real one for drawn. The generator pays when its pictures are found out.",
};
