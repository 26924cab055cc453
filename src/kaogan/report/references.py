"""The papers that a report cites, and which of them a loss or a penalty comes from.

They are in Markdown. A text cites with `[@goodfellow2014]`, or `[@ioffe2015; @he2015]`.
"""


def _arxiv(text: str, number: str) -> str:
    return f"{text} [arXiv:{number}](https://arxiv.org/abs/{number})"


REFERENCES = {
    "goodfellow2014": _arxiv(
        "I. Goodfellow, J. Pouget-Abadie, M. Mirza, B. Xu, D. Warde-Farley, S. Ozair, "
        "A. Courville and Y. Bengio: *Generative Adversarial Nets.* NeurIPS 2014.",
        "1406.2661",
    ),
    "radford2016": _arxiv(
        "A. Radford, L. Metz and S. Chintala: *Unsupervised Representation Learning with Deep "
        "Convolutional Generative Adversarial Networks.* ICLR 2016.",
        "1511.06434",
    ),
    "salimans2016": _arxiv(
        "T. Salimans, I. Goodfellow, W. Zaremba, V. Cheung, A. Radford and X. Chen: *Improved "
        "Techniques for Training GANs.* NeurIPS 2016.",
        "1606.03498",
    ),
    "lim2017": _arxiv("J. H. Lim and J. C. Ye: *Geometric GAN.* 2017.", "1705.02894"),
    "miyato2018": _arxiv(
        "T. Miyato, T. Kataoka, M. Koyama and Y. Yoshida: *Spectral Normalization for Generative "
        "Adversarial Networks.* ICLR 2018.",
        "1802.05957",
    ),
    "mao2017": _arxiv(
        "X. Mao, Q. Li, H. Xie, R. Y. K. Lau, Z. Wang and S. P. Smolley: *Least Squares Generative "
        "Adversarial Networks.* ICCV 2017.",
        "1611.04076",
    ),
    "arjovsky2017": _arxiv(
        "M. Arjovsky, S. Chintala and L. Bottou: *Wasserstein Generative Adversarial Networks.* "
        "ICML 2017.",
        "1701.07875",
    ),
    "gulrajani2017": _arxiv(
        "I. Gulrajani, F. Ahmed, M. Arjovsky, V. Dumoulin and A. Courville: *Improved Training of "
        "Wasserstein GANs.* NeurIPS 2017.",
        "1704.00028",
    ),
    "jolicoeur2018": _arxiv(
        "A. Jolicoeur-Martineau: *The Relativistic Discriminator: a Key Element Missing from "
        "Standard GAN.* ICLR 2019.",
        "1807.00734",
    ),
    "huang2024": _arxiv(
        "N. Huang, A. Gokaslan, V. Kuleshov and J. Tompkin: *The GAN is Dead; Long Live the GAN! "
        "A Modern Baseline GAN.* NeurIPS 2024.",
        "2501.05441",
    ),
    "mescheder2018": _arxiv(
        "L. Mescheder, A. Geiger and S. Nowozin: *Which Training Methods for GANs do actually "
        "Converge?* ICML 2018.",
        "1801.04406",
    ),
    "karras2018": _arxiv(
        "T. Karras, T. Aila, S. Laine and J. Lehtinen: *Progressive Growing of GANs for Improved "
        "Quality, Stability, and Variation.* ICLR 2018.",
        "1710.10196",
    ),
    "karras2020": _arxiv(
        "T. Karras, S. Laine, M. Aittala, J. Hellsten, J. Lehtinen and T. Aila: *Analyzing and "
        "Improving the Image Quality of StyleGAN.* CVPR 2020.",
        "1912.04958",
    ),
    "lin2018": _arxiv(
        "Z. Lin, A. Khetan, G. Fanti and S. Oh: *PacGAN: The Power of Two Samples in Generative "
        "Adversarial Networks.* NeurIPS 2018.",
        "1712.04086",
    ),
    "odena2016": "A. Odena, V. Dumoulin and C. Olah: *Deconvolution and Checkerboard Artifacts.* "
    "Distill, 2016. [doi:10.23915/distill.00003](https://doi.org/10.23915/distill.00003)",
    "dumoulin2016": _arxiv(
        "V. Dumoulin and F. Visin: *A Guide to Convolution Arithmetic for Deep Learning.* 2016.",
        "1603.07285",
    ),
    "maas2013": "A. L. Maas, A. Y. Hannun and A. Y. Ng: *Rectifier Nonlinearities Improve Neural "
    "Network Acoustic Models.* ICML 2013, workshop on deep learning for audio, speech and "
    "language.",
    "white2016": _arxiv("T. White: *Sampling Generative Networks.* 2016.", "1609.04468"),
    "simonyan2013": _arxiv(
        "K. Simonyan, A. Vedaldi and A. Zisserman: *Deep Inside Convolutional Networks: "
        "Visualising Image Classification Models and Saliency Maps.* 2013.",
        "1312.6034",
    ),
    "ioffe2015": _arxiv(
        "S. Ioffe and C. Szegedy: *Batch Normalization: Accelerating Deep Network Training by "
        "Reducing Internal Covariate Shift.* ICML 2015.",
        "1502.03167",
    ),
    "brock2019": _arxiv(
        "A. Brock, J. Donahue and K. Simonyan: *Large Scale GAN Training for High Fidelity Natural "
        "Image Synthesis.* ICLR 2019.",
        "1809.11096",
    ),
    "he2015": _arxiv(
        "K. He, X. Zhang, S. Ren and J. Sun: *Delving Deep into Rectifiers: Surpassing Human-Level "
        "Performance on ImageNet Classification.* ICCV 2015.",
        "1502.01852",
    ),
    "kingma2015": _arxiv(
        "D. P. Kingma and J. Ba: *Adam: A Method for Stochastic Optimization.* ICLR 2015.",
        "1412.6980",
    ),
    "loshchilov2017": _arxiv(
        "I. Loshchilov and F. Hutter: *SGDR: Stochastic Gradient Descent with Warm Restarts.* "
        "ICLR 2017.",
        "1608.03983",
    ),
    "yazici2019": _arxiv(
        "Y. Yazıcı, C.-S. Foo, S. Winkler, K.-H. Yap, G. Piliouras and V. Chandrasekhar: *The "
        "Unusual Effectiveness of Averaging in GAN Training.* ICLR 2019.",
        "1806.04498",
    ),
    "heusel2017": _arxiv(
        "M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler and S. Hochreiter: *GANs Trained by a "
        "Two Time-Scale Update Rule Converge to a Local Nash Equilibrium.* NeurIPS 2017.",
        "1706.08500",
    ),
    "binkowski2018": _arxiv(
        "M. Bińkowski, D. J. Sutherland, M. Arbel and A. Gretton: *Demystifying MMD GANs.* ICLR "
        "2018.",
        "1801.01401",
    ),
    "naeem2020": _arxiv(
        "M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi and J. Yoo: *Reliable Fidelity and Diversity "
        "Metrics for Generative Models.* ICML 2020.",
        "2002.09797",
    ),
    "durall2020": _arxiv(
        "R. Durall, M. Keuper and J. Keuper: *Watch Your Up-Convolution: CNN Based Generative Deep "
        "Neural Networks are Failing to Reproduce Spectral Distributions.* CVPR 2020.",
        "2003.01826",
    ),
}

SOURCES = {
    "nonsaturating": ("goodfellow2014",),
    "minimax": ("goodfellow2014",),
    "relativistic": ("jolicoeur2018", "huang2024"),
    "hinge": ("lim2017", "miyato2018"),
    "leastsquares": ("mao2017",),
    "wasserstein": ("arjovsky2017",),
    "r1": ("mescheder2018",),
    "r2": ("mescheder2018",),
    "gradient-penalty": ("gulrajani2017",),
}
"""The papers of losses and penalties by their names. Without an entry nothing is cited."""


def citation(*names: str) -> str:
    """The citation of losses and penalties, after a space; empty if none of them has a source."""
    keys = dict.fromkeys(key for name in names for key in SOURCES.get(name, ()))
    return f" [{'; '.join(f'@{key}' for key in keys)}]" if keys else ""
