# FaceForensics++: real videos and four manipulations of each (Roessler et al. 2019). Its terms forbid
# passing it on: people ask its authors for it. Videos are expected as folders of frames.
mapnet_dataset(faceforensics
  FORMAT faceforensics
  SHAPE 0 0 0                                                         # videos have none yet
  CLASSES real fake
  COUNTS 4300 700                                                     # to train on, to test
  OBTAIN "Ask for FaceForensics++ at https://github.com/ondyari/FaceForensics, download the videos of \
compression c23 (about 10 GB) and extract their frames with the authors' script. Expected in the folder \
that --data-dir names: original_sequences/youtube/c23/frames/NNN/ (1000 folders of JPEG or PNG files, \
numbered in order), manipulated_sequences/METHOD/c23/frames/NNN_MMM/ (1000 each) for Deepfakes, Face2Face, \
FaceSwap and NeuralTextures, and the authors' test.json.")
