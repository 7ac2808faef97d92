#include "data/videos.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "common/temporary.hpp"
#include "data/dataset.hpp"

using namespace mapnet;
using namespace mapnet::test;
namespace fs = std::filesystem;

namespace {

/// Folders of frames; a frame's contents do not matter here.
struct Frames : Folder {
  void add(const std::string& video) const { write(video + "/0.jpg", ""); }
};

/// Eight people in pairs that are swapped with one another, and four videos of YouTube's.
struct CelebDf : Frames {
  CelebDf() {
    for (int id = 0; id < 8; ++id) {
      add(fmt::format("Celeb-real/id{}_0000", id));
      add(fmt::format("Celeb-synthesis/id{}_id{}_0000", id, id ^ 1));
    }
    for (int i = 0; i < 4; ++i) add(fmt::format("YouTube-real/{:05}", i));
  }
  VideoSet open(std::uint64_t seed = 1) const { return open_videos("celeb-df", path, seed); }
};

struct FaceForensics : Frames {
  FaceForensics() {
    for (int id = 0; id < 20; ++id) {
      add(fmt::format("original_sequences/youtube/c23/frames/{:03}", id));
      for (const char* method : {"Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"})
        add(fmt::format("manipulated_sequences/{}/c23/frames/{:03}_{:03}", method, id, id ^ 1));
    }
  }
  VideoSet open(std::uint64_t seed = 1) const { return open_videos("faceforensics", path, seed); }
};

std::set<std::string> names(const std::vector<Video>& videos) {
  std::set<std::string> found;
  for (const Video& video : videos)
    found.insert((video.folder.parent_path().filename() / video.folder.filename()).string());
  return found;
}

void check_disjoint(const VideoSet& set) {
  std::set<std::string> tested;
  for (const Video& video : set.test)
    tested.insert(video.identities.begin(), video.identities.end());
  for (const Video& video : set.train)
    for (const std::string& who : video.identities)
      BOOST_TEST(!tested.contains(who), who << " is on both sides");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(videos)

BOOST_FIXTURE_TEST_CASE(the_official_list_is_followed_and_identities_are_dropped, CelebDf) {
  write("List_of_testing_videos.txt",
        "1 Celeb-real/id0_0000.mp4\r\n0 Celeb-synthesis/id0_id1_0000.mp4\r\n1 "
        "YouTube-real/00002.mp4\r\n");
  const VideoSet set = open();
  BOOST_TEST(set.official);
  BOOST_TEST((names(set.test) == std::set<std::string>{"Celeb-real/id0_0000",
                                                       "Celeb-synthesis/id0_id1_0000",
                                                       "YouTube-real/00002"}));
  // id1's own video and the other swap of the pair.
  BOOST_TEST(set.dropped == 2u);
  BOOST_TEST(set.train.size() == 15u);
  check_disjoint(set);
  for (const Video& video : set.train)
    BOOST_TEST(video.label == (video.folder.string().find("synthesis") != std::string::npos));
  BOOST_TEST(describe(set) ==
             "15 videos to train on (9 real, 6 fake), 3 to test (2 real, 1 fake), split by the "
             "official list; 2 left out, since an identity of theirs is tested");
}

BOOST_FIXTURE_TEST_CASE(without_a_list_pairs_stay_together, CelebDf) {
  std::set<std::set<std::string>> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) try {
      const VideoSet set = open(seed);
      BOOST_TEST(!set.official);
      BOOST_TEST(set.dropped == 0u);
      BOOST_TEST(set.train.size() + set.test.size() == 20u);
      BOOST_TEST(set.test.size() == 4u);  // a pair: two real, two fake
      check_disjoint(set);
      BOOST_TEST((names(open(seed).test) == names(set.test)));
      seen.insert(names(set.test));
    } catch (const Error& error) {  // four of YouTube's: all real
      BOOST_TEST(std::string(error.what()).find("4 to test (4 real, 0 fake)") != std::string::npos);
    }
  BOOST_TEST(seen.size() > 1u);
}

BOOST_FIXTURE_TEST_CASE(a_set_where_all_are_connected_cannot_be_split, CelebDf) {
  for (int id = 0; id < 8; ++id)
    add(fmt::format("Celeb-synthesis/id{}_id{}_0000", id, (id + 1) % 8));
  check_fails([&] { open(); }, {path.string(), "expected real and fake videos both", "0 fake)",
                                "split by identity"});
}

BOOST_FIXTURE_TEST_CASE(a_list_that_contradicts_the_folders_is_refused, CelebDf) {
  const std::string list = "List_of_testing_videos.txt";
  write(list, "1 Celeb-real/id0_0000.mp4\n0 Celeb-synthesis/id0_id1_0009.mp4\n");
  check_fails([&] { open(); }, {"Celeb-synthesis/id0_id1_0009: missing, listed in line 2"});
  write(list, "1 Celeb-synthesis/id0_id1_0000.mp4\n");
  check_fails([&] { open(); }, {list + ":1", "expected 0 for a video in Celeb-synthesis, found 1"});
  for (const std::string line :
       {"2 YouTube-real/00000.mp4", "YouTube-real/00000.mp4", "1 x", "1"}) {
    write(list, "\n" + line + "\n");
    check_fails([&] { open(); }, {list + ":2", "'1 YouTube-real/00170.mp4'", "found '" + line});
  }
}

BOOST_FIXTURE_TEST_CASE(what_is_missing_is_listed, CelebDf) {
  fs::remove_all(path / "YouTube-real");  // absent, and so without videos
  fs::remove(path / "Celeb-real/id3_0000/0.jpg");
  add("Celeb-synthesis/id1_0000");
  write("Celeb-synthesis/id1_id0_0000.mp4", "");  // no problem
  check_fails([&] { open(); },
              {"found 4 problems", (path / "YouTube-real").string() + ": expected a folder",
               "Celeb-real/id3_0000: expected a folder of frames, found no image",
               "Celeb-synthesis/id1_0000: not the name of a video", "celeb-deepfakeforensics"});
}

BOOST_FIXTURE_TEST_CASE(face_forensics_is_split_by_its_pairs, FaceForensics) {
  write("test.json", R"([["002", "003"], ["010", "011"]])");
  const VideoSet set = open();
  BOOST_TEST(set.official);
  BOOST_TEST(set.test.size() == 20u);  // four people, an original and four fakes each
  BOOST_TEST(set.train.size() == 80u);
  BOOST_TEST(set.dropped == 0u);
  BOOST_TEST(names(set.test).contains("frames/011_010"));
  BOOST_TEST(std::ranges::count(set.test, 1, &Video::label) == 16);
  check_disjoint(set);

  write("test.json", R"([["002"]])");  // of its fakes, which have 003's face, none can be tested
  check_fails([&] { open(); }, {"1 to test (1 real, 0 fake)", "8 left out"});
  for (const std::string bad : {"[[2]]", "{", "7"}) {
    write("test.json", bad);
    check_fails([&] { open(); }, {"test.json: expected a list of pairs of ids"});
  }
}

BOOST_FIXTURE_TEST_CASE(face_forensics_without_a_list, FaceForensics) {
  const VideoSet set = open();
  BOOST_TEST(!set.official);
  BOOST_TEST(set.test.size() == 20u);
  check_disjoint(set);
  BOOST_TEST((names(open(2).test) != names(set.test)));
  fs::remove_all(path / "manipulated_sequences/FaceSwap");
  check_fails([&] { open(); }, {"FaceSwap/c23/frames: expected a folder", "FaceForensics"});
}

BOOST_FIXTURE_TEST_CASE(frames_come_in_the_order_of_their_numbers, Frames) {
  for (const char* name : {"10.png", "9.png", "100.PNG", "1.png", "note.txt"})
    write(std::string("v/") + name, "");
  const auto order = [&] {
    std::string text;
    for (const fs::path& frame : list_frames({path / "v", 0, {}}))
      text += frame.filename().string() + " ";
    return text;
  };
  BOOST_TEST(order() == "1.png 9.png 10.png 100.PNG ");
  check_fails([&] { list_frames({path / "none", 0, {}}); }, {"none", "found no image"});
}

BOOST_FIXTURE_TEST_CASE(videos_are_no_samples_yet, Frames) {
  check_fails<UsageError>([&] { open_dataset("celeb-df", {.folder = path}); },
                          {"celeb-df", "holds videos", "features"});
  check_fails<UsageError>([&] { open_videos("mnist", path); }, {"mnist", "data set of videos"});
}

BOOST_AUTO_TEST_SUITE_END()
