#include "train/maps/kept_trajectory.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "data/sha256.hpp"
#include "train/checksum.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kMagic = "MAPNTRJ1";

/// What follows the description.
struct Trailer {
  std::uint32_t description_bytes = 0;
  std::uint32_t description_checksum = 0;
  std::array<char, 8> magic = {};
};
static_assert(sizeof(Trailer) == 16);

fs::path file_of(const fs::path& folder, std::string_view key) {
  return folder / (sha256_of_text(key) + ".trajectory");
}

[[noreturn]] void refuse(const fs::path& file, std::string_view what) {
  fail("{}: {}; delete it, and the network is trained again", file.string(), what);
}

/// The description, whose length must leave the rows that it tells of.
nlohmann::json read_description(const fs::path& file, std::ifstream& in) {
  const auto size = static_cast<std::size_t>(fs::file_size(file));
  Trailer trailer;
  if (size < sizeof trailer) refuse(file, "cut off");
  in.seekg(-static_cast<std::streamoff>(sizeof trailer), std::ios::end);
  in.read(reinterpret_cast<char*>(&trailer), sizeof trailer);
  if (!in || std::string_view(trailer.magic.data(), trailer.magic.size()) != kMagic ||
      trailer.description_bytes > size - sizeof trailer)
    refuse(file, "no trajectory, or cut off");
  std::string text(trailer.description_bytes, '\0');
  in.seekg(static_cast<std::streamoff>(size - sizeof trailer - text.size()));
  if (!in.read(text.data(), static_cast<std::streamsize>(text.size()))) refuse(file, "cut off");
  if (checksum(text) != trailer.description_checksum) refuse(file, "damaged");
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) refuse(file, "its description is no JSON object");
  json["rows_bytes"] = size - sizeof trailer - text.size();
  return json;
}

}  // namespace

std::optional<fs::path> trajectory_cache() {
  const char* set = std::getenv("MAPNET_TRAJECTORY_CACHE");
  if (!set || !*set) return std::nullopt;
  return fs::absolute(set);
}

KeptTrajectory::KeptTrajectory(fs::path file, const TrajectoryFacts& facts)
    : file_(std::move(file)), facts_(facts) {}

std::optional<KeptTrajectory> KeptTrajectory::find(const fs::path& folder, std::string_view key) {
  const fs::path file = file_of(folder, key);
  std::error_code ec;
  if (!fs::exists(file, ec)) return std::nullopt;
  std::ifstream in(file, std::ios::binary);
  if (!in) fail("{}: cannot open for reading: {}", file.string(), std::strerror(errno));
  const nlohmann::json json = read_description(file, in);
  try {
    const TrajectoryFacts facts{json.at("rows"), json.at("columns"), json.at("samples"),
                                json.at("seconds"), json.at("checksum")};
    if (json.at("key").get<std::string>() != key) refuse(file, "of another training");
    if (json.at("rows_bytes").get<std::size_t>() != facts.rows * facts.columns * sizeof(float))
      refuse(file, "another number of rows than it tells of");
    return KeptTrajectory(file, facts);
  } catch (const nlohmann::json::exception& e) {
    refuse(file, e.what());
  }
}

void KeptTrajectory::each_row(const TakeRow& take) const {
  std::ifstream in(file_, std::ios::binary);
  std::vector<float> row(facts_.columns);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < facts_.rows; ++i) {
    if (!in.read(reinterpret_cast<char*>(row.data()),
                 static_cast<std::streamsize>(row.size() * sizeof(float))))
      refuse(file_, "cannot be read");
    sum = checksum(bytes_of(row), sum);
    take(row);
  }
  if (sum != facts_.checksum) refuse(file_, "damaged");
}

TrajectoryKeeper::TrajectoryKeeper(const fs::path& folder, std::string key, std::size_t rows,
                                   std::size_t columns)
    : key_(std::move(key)), facts_{.rows = rows, .columns = columns}, file_(file_of(folder, key_)) {
  remove_unfinished(file_of(folder, key_));  // of trainings that were killed
  const std::size_t bytes = rows * columns * sizeof(float);
  std::error_code ec;
  const fs::space_info space = fs::space(folder, ec);
  if (!ec && space.available < bytes)
    fail(
        "{}: {} free, and a trajectory of {} snapshots takes {}; MAPNET_TRAJECTORY_CACHE names the "
        "folder",
        folder.string(), format_bytes(space.available), rows, format_bytes(bytes));
}

void TrajectoryKeeper::take(std::span<const float> row) {
  facts_.checksum = checksum(bytes_of(row), facts_.checksum);
  file_.write(bytes_of(row));
}

void TrajectoryKeeper::keep(std::size_t samples, double seconds) {
  const std::string text =
      nlohmann::json{{"key", key_},        {"rows", facts_.rows}, {"columns", facts_.columns},
                     {"samples", samples}, {"seconds", seconds},  {"checksum", facts_.checksum}}
          .dump();
  Trailer trailer{.description_bytes = static_cast<std::uint32_t>(text.size()),
                  .description_checksum = checksum(text)};
  kMagic.copy(trailer.magic.data(), kMagic.size());
  file_.write(text);
  file_.write({reinterpret_cast<const char*>(&trailer), sizeof trailer});
  file_.put_in_place();
}

}  // namespace mapnet
