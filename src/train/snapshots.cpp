#include "train/snapshots.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/replacing_file.hpp"
#include "data/safetensors.hpp"
#include "data/safetensors_reader.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kBegin = "step-", kEnd = ".safetensors";
constexpr std::size_t kDigits = 10;  // so that names are in the order of steps

fs::path file_of(const fs::path& folder, std::int64_t step) {
  return folder / fmt::format("{}{:0{}}{}", kBegin, step, kDigits, kEnd);
}

/// Nothing for what is no snapshot's name.
std::optional<std::int64_t> step_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.size() != kBegin.size() + kDigits + kEnd.size() || !name.starts_with(kBegin) ||
      !name.ends_with(kEnd))
    return std::nullopt;
  const char* const digits = name.data() + kBegin.size();
  std::int64_t step = -1;
  const auto [end, error] = std::from_chars(digits, digits + kDigits, step);
  if (error != std::errc() || end != digits + kDigits || step < 0) return std::nullopt;
  return step;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ec;
  for (fs::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec))
    files.push_back(at->path());
  std::sort(files.begin(), files.end());
  return files;
}

/// What is left of one that was being written.
bool is_unfinished(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::size_t at = name.find(std::string(kEnd) + std::string(ReplacingFile::kUnfinished));
  return at != std::string::npos && step_of(name.substr(0, at + kEnd.size()));
}

/// What of a folder's snapshots does not belong to a run with `done` steps behind it.
std::vector<fs::path> outdated_in(const fs::path& folder, std::int64_t done) {
  std::vector<fs::path> files = files_in(folder);
  std::erase_if(files, [&](const fs::path& file) {
    const auto step = step_of(file);
    return step ? done > 0 && *step <= done : !is_unfinished(file);
  });
  return files;
}

void read_tensor(const SafetensorsFile& file, const ParamTensor& p, std::span<float> values) {
  const StoredTensor* found = file.find(p.name);
  const std::vector<std::size_t> shape(p.shape.begin(), p.shape.end());
  if (!found || found->shape != shape)
    fail("{}: expected a tensor {} {}, found {}", file.path().string(), p.name, shape_text(shape),
         found ? shape_text(found->shape) : "none of that name");
  file.read(*found, values);
  for (float& v : values) v -= p.center();
}

}  // namespace

bool is_snapshot(const fs::path& file) { return step_of(file).has_value(); }

void remove_snapshots(const RunFolder& folder) {
  std::error_code ec;
  for (const fs::path& file : outdated_in(folder.snapshots(), 0)) fs::remove(file, ec);
  ::rmdir(folder.snapshots().c_str());  // where nothing else lies there
}

std::int64_t count_snapshots(std::int64_t every, std::int64_t steps) {
  if (every == 0) return 0;
  if (every > steps)
    fail<UsageError>(
        "--snapshot-every {}: the training has {} steps; there would be nothing to see of it",
        every, steps);
  return steps / every + 1;
}

void require_disk_room(const RunFolder& folder, const Network& net, std::int64_t every,
                       std::int64_t steps, std::int64_t done) {
  if (every == 0) return;
  const std::int64_t left = count_snapshots(every, steps) - (done > 0 ? done / every + 1 : 0);
  const std::size_t bytes = static_cast<std::size_t>(left) * net.param_count() * sizeof(float);
  std::error_code ec;
  std::uintmax_t room = fs::space(folder.path, ec).available;
  if (ec) return;
  for (const fs::path& file : outdated_in(folder.snapshots(), done))
    if (const std::uintmax_t size = fs::file_size(file, ec); !ec) room += size;
  if (room < bytes)
    fail(
        "{}: {} snapshots take {}, and there is room for {}; --snapshot-every {} would write fewer",
        folder.snapshots().string(), left, format_bytes(bytes), format_bytes(room), 10 * every);
}

SnapshotWriter::SnapshotWriter(const RunFolder& folder, const Network& net, std::int64_t every,
                               std::int64_t done)
    : net_(net), folder_(folder.snapshots()), every_(every), theta_(net.param_count()) {
  std::error_code ec;
  fs::create_directories(folder_, ec);
  if (ec) fail("{}: cannot create the folder: {}", folder_.string(), ec.message());
  if (done > 0) go_on_behind(done);
}

void SnapshotWriter::go_on_behind(std::int64_t done) const {
  std::error_code ec;
  for (const fs::path& file : outdated_in(folder_, done)) fs::remove(file, ec);
  for (std::int64_t step = 0; step <= done; step += every_)
    if (!fs::exists(file_of(folder_, step)))
      fail("{}: is missing, and nothing makes it again; --overwrite begins anew",
           file_of(folder_, step).string());
}

void SnapshotWriter::write(std::int64_t step) {
  std::vector<NamedTensor> tensors;
  for (const ParamTensor& p : net_.params) {
    const std::span<float> values = std::span(theta_).subspan(p.offset, p.size);
    for (float& v : values) v += p.center();
    tensors.push_back({p.name, p.shape, values});
  }
  write_safetensors(file_of(folder_, step), tensors,
                    {{"format", "pt"}, {"net", net_.name}, {"step", std::to_string(step)}});
}

std::vector<Snapshot> find_snapshots(const RunFolder& folder) {
  std::vector<Snapshot> found;
  for (const fs::path& file : files_in(folder.snapshots()))
    if (const auto step = step_of(file)) found.push_back({*step, file});
  if (found.empty())
    fail("{}: no snapshots; mapnet train --snapshot-every N writes them",
         folder.snapshots().string());
  return found;
}

void read_snapshot(const Snapshot& snapshot, const ParamTensor& p, std::span<float> values) {
  read_tensor(SafetensorsFile(snapshot.file), p, values);
}

void read_snapshot(const Snapshot& snapshot, const Network& net, std::span<float> theta) {
  const SafetensorsFile file(snapshot.file);
  for (const ParamTensor& p : net.params) read_tensor(file, p, theta.subspan(p.offset, p.size));
}

}  // namespace mapnet
