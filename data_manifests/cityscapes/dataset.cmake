# Cityscapes: street scenes with fine labels (Cordts et al. 2016). Its licence forbids passing it on:
# people register and download it themselves. The 34 label ids become the 19 classes that its
# benchmark counts; all others are ignored. Its val split is tested on: test labels are not published.
mapnet_dataset(cityscapes
  FORMAT cityscapes
  SHAPE 3 256 256                                                     # channels, height, width
  CLASSES road sidewalk building wall fence pole "traffic light" "traffic sign" vegetation terrain sky
          person rider car truck bus train motorcycle bicycle
  IGNORE 255
  COUNTS 2975 500                                                     # to train on, to test
  OBTAIN "Register at https://www.cityscapes-dataset.com, download leftImg8bit_trainvaltest.zip (11 GB) \
and gtFine_trainvaltest.zip (241 MB), unpack both into one folder and name it with --data-dir. \
Expected there: leftImg8bit/train and leftImg8bit/val with 2975 and 500 files CITY/*_leftImg8bit.png, \
and gtFine/train and gtFine/val with a CITY/*_gtFine_labelIds.png for each.")
