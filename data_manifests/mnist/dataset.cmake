# MNIST: handwritten digits (LeCun, Cortes and Burges).
mapnet_dataset(mnist
  FORMAT idx
  SHAPE 1 28 28                                                       # channels, height, width
  CLASSES 0 1 2 3 4 5 6 7 8 9
  COUNTS 60000 10000                                                  # to train on, to test
  FILES train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte
  SOURCES
    https://ossci-datasets.s3.amazonaws.com/mnist
    https://storage.googleapis.com/cvdf-datasets/mnist)
