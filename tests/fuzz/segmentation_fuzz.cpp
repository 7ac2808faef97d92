#include <cstdlib>
#include <fstream>

#include "data/manifest.hpp"
#include "data/segmentation.hpp"
#include "fuzz/target.hpp"

/// A folder of pictures with a class a pixel. Bytes 0 and 1 are the length of the picture's file,
/// little-endian; the labels' file is the rest. Both splits hold the same pair.
using namespace mapnet;

namespace {

namespace fs = std::filesystem;

/// In memory, gone with the process.
class PictureFolder {
 public:
  PictureFolder() {
    std::string name = "/dev/shm/mapnet-fuzz-XXXXXX";
    if (!::mkdtemp(name.data())) std::abort();
    path = name;
    for (const char* split : {"train", "test"})
      for (const char* kind : {"images", "labels"}) fs::create_directories(path / split / kind);
  }
  ~PictureFolder() { fs::remove_all(path); }

  void hold(std::string_view picture, std::string_view labels) const {
    for (const char* split : {"train", "test"}) {
      write(path / split / "images" / "a.png", picture);
      write(path / split / "labels" / "a.png", labels);
    }
  }

  fs::path path;

 private:
  static void write(const fs::path& file, std::string_view bytes) {
    std::ofstream out(file, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const PictureFolder folder;
  if (size < 2) return 0;
  const std::string_view files = fuzz::text_of(data + 2, size - 2);
  const std::size_t length = std::min<std::size_t>(data[0] | data[1] << 8, files.size());
  folder.hold(files.substr(0, length), files.substr(length));
  fuzz::accepts([] {
    static const DatasetManifest manifest = {
        "fuzz", DataFormat::picture_folders, 3, 8, 8, {"a", "b", "c"}, 255, 1, 1, {}, ""};
    const SegmentationSplits splits = open_picture_folders(manifest, folder.path);
    std::vector<std::uint8_t> pixels(splits.train.pictures.size() * 3 * 8 * 8),
        labels(splits.train.pictures.size() * 8 * 8);
    fuzz::accepts([&] { read_pixels(splits.train, pixels); });
    read_labels(splits.train, labels);
    for (const std::uint8_t label : labels)
      if (label >= 3 && label != 255) std::abort();  // what the loss relies on
  });
  return 0;
}
