#pragma once

#include <fmt/format.h>

#include <string>

#include "common/temporary.hpp"
#include "data/picture_files.hpp"
#include "data/videos.hpp"

namespace mapnet::test {

/// Videos of small pictures: a frame is of one colour but for a bright row of its own, and fakes
/// are darker.
struct VideoFiles : Folder {
  void add(const std::string& video, int frames, int shade) const {
    for (int i = 0; i < frames; ++i) write_frame(video, i, shade + 9 * i);
  }
  void write_frame(const std::string& video, int number, int shade, int width = 20,
                   int height = 16) const {
    Image frame = plain(width, height, 3, static_cast<std::uint8_t>(shade));
    const auto row = static_cast<std::size_t>(3 * width);
    for (std::size_t k = 0; k < row; ++k)
      frame.pixels[row * static_cast<std::size_t>(number % height) + k] =
          static_cast<std::uint8_t>(40 * (k % 3) + 100);
    write_png(path / video / fmt::format("{}.png", number), frame);
  }
};

/// Five videos to train on, two to test, one dropped.
struct TinyCelebDf : VideoFiles {
  explicit TinyCelebDf(int frames = 3) {
    for (int id = 0; id < 4; ++id)
      add(fmt::format("Celeb-real/id{}_0000", id), frames, 150 + 11 * id);
    add("Celeb-synthesis/id0_id1_0000", frames, 20);
    add("Celeb-synthesis/id2_id3_0000", frames, 30);
    for (int i = 0; i < 2; ++i) add(fmt::format("YouTube-real/{:05}", i), frames, 190 + 5 * i);
    write("List_of_testing_videos.txt",
          "1 Celeb-real/id0_0000.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n");
  }
};

/// Two pairs of people, an original and four fakes each; one pair is tested.
struct TinyFaceForensics : VideoFiles {
  explicit TinyFaceForensics(int frames = 2) {
    for (int id = 0; id < 4; ++id) {
      add(fmt::format("original_sequences/youtube/c23/frames/{:03}", id), frames, 150 + 9 * id);
      for (const char* method : {"Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"})
        add(fmt::format("manipulated_sequences/{}/c23/frames/{:03}_{:03}", method, id, id ^ 1),
            frames, 20 + 7 * id);
    }
    write("test.json", R"([["002", "003"]])");
  }
};

}  // namespace mapnet::test
