# FashionMNIST: pictures of clothes (Xiao, Rasul and Vollgraf 2017, MIT licence). Debian packages it,
# recompressed: the .gz files differ from upstream's, the unpacked files do not.
mapnet_dataset(fashion-mnist
  FORMAT idx
  SHAPE 1 28 28                                                       # channels, height, width
  CLASSES T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag "Ankle boot"
  COUNTS 60000 10000                                                  # to train on, to test
  FILES train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte
  DEBIAN_PACKAGE dataset-fashion-mnist
  SOURCES
    file:///usr/share/datasets/fashion-mnist
    http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
    https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion)
