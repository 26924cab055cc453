"""kaogan: a folder of pictures in, a GAN that draws new ones out."""
