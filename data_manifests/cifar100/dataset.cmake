# CIFAR-100: small photographs (Krizhevsky 2009), the binary version. A record has two labels, of which
# the second, fine one is used. No hash of its files is on record here, so they are read from a folder
# and judged by their sizes and labels.
mapnet_dataset(cifar100
  FORMAT cifar100
  SHAPE 3 32 32                                                       # channels, height, width
  CLASSES apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
          butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch
          crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo
          keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse
          mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy
          porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper
          snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television
          tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
  COUNTS 50000 10000                                                  # to train on, to test
  OBTAIN "Unpack https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz (161 MB) into a folder and name \
it with --data-dir. Expected there: cifar-100-binary/train.bin and test.bin, 50000 and 10000 records of \
3074 bytes.")
