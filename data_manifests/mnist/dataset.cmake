# MNIST: handwritten digits (LeCun, Cortes and Burges).
mapnet_dataset(mnist
  SHAPE 1 28 28                                                       # channels, height, width
  CLASSES 0 1 2 3 4 5 6 7 8 9
  TRAIN train-images-idx3-ubyte train-labels-idx1-ubyte 60000
  TEST t10k-images-idx3-ubyte t10k-labels-idx1-ubyte 10000
  SOURCES
    https://ossci-datasets.s3.amazonaws.com/mnist
    https://storage.googleapis.com/cvdf-datasets/mnist)
