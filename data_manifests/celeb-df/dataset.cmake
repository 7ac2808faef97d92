# Celeb-DF v2: real and face-swapped videos of celebrities (Li et al. 2020). Its terms forbid passing it
# on: people ask its authors for it. Videos are expected as folders of frames.
mapnet_dataset(celeb-df
  FORMAT celeb_df
  SHAPE 0 0 0                                                         # videos have none yet
  CLASSES real fake
  COUNTS 6011 518                                                     # to train on, to test
  OBTAIN "Ask for Celeb-DF v2 (about 10 GB of videos) at https://github.com/yuezunli/celeb-deepfakeforensics \
and write the frames of each video as JPEG or PNG files, numbered in order, into a folder of the video's \
name. Expected in the folder that --data-dir names: Celeb-real/id0_0000/ and so on (590), \
YouTube-real/00000/ (300), Celeb-synthesis/id0_id1_0000/ (5639), and List_of_testing_videos.txt as it \
comes with the videos.")
