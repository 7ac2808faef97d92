#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mapnet {

/// A video as a folder of its frames.
struct Video {
  std::filesystem::path folder;
  std::uint8_t label = 0;               // 0 real, 1 fake
  std::vector<std::string> identities;  // whose faces are in it: of a fake, two
};

/// Videos to train on and to test, so that no identity is on both sides.
struct VideoSet {
  std::vector<Video> train, test;
  bool official = false;    // split by the data set's own list
  std::size_t dropped = 0;  // neither trained on nor tested, since an identity of theirs is tested
};

/// Lists a data set of videos in a folder: celeb-df (Celeb-real, YouTube-real, Celeb-synthesis;
/// List_of_testing_videos.txt) or faceforensics (original_sequences, manipulated_sequences, of
/// compression c23; test.json), each video a folder of images. The data set's own list of what is
/// tested is followed where it is there. Such a list may test identities that occur in other videos
/// too: those are dropped. Without a list, identities that ever share a video stay together, and
/// `seed` decides which such groups, about a fifth of the videos, are tested.
/// Throws UsageError when the data set has no videos, Error listing what is missing or broken, and
/// when real and fake videos cannot both be on both sides.
VideoSet open_videos(std::string_view name, const std::filesystem::path& folder,
                     std::uint64_t seed = 1);

/// A video's frames in their order: image files by number, whether or not padded with zeros.
std::vector<std::filesystem::path> list_frames(const Video& video);

/// "4000 videos to train on (800 real, 3200 fake), ..., split by the official list, 12 dropped ..."
std::string describe(const VideoSet& videos);

}  // namespace mapnet
