# CIFAR-10: small photographs (Krizhevsky 2009), the binary version. No hash of its files is on record
# here, so they are read from a folder and judged by their sizes and labels.
mapnet_dataset(cifar10
  FORMAT cifar10
  SHAPE 3 32 32                                                       # channels, height, width
  CLASSES airplane automobile bird cat deer dog frog horse ship truck
  COUNTS 50000 10000                                                  # to train on, to test
  OBTAIN "Unpack https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz (162 MB) into a folder and name \
it with --data-dir. Expected there: cifar-10-batches-bin/data_batch_1.bin to data_batch_5.bin and \
test_batch.bin, 10000 records of 3073 bytes each.")
