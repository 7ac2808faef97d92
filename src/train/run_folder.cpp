#include "train/run_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/error.hpp"
#include "common/file.hpp"
#include "common/file_lock.hpp"
#include "train/snapshots.hpp"

namespace mapnet {

namespace fs = std::filesystem;

bool RunFolder::interrupted() const {
  return !finished() && (fs::exists(checkpoint()) || fs::exists(previous_checkpoint()));
}

bool RunFolder::begun() const { return interrupted() || (!finished() && fs::exists(mark())); }

namespace {

constexpr int kTries = 100;  // ten seconds: a run that was stopped writes its checkpoint
constexpr auto kBetweenTries = std::chrono::milliseconds(100);

bool is_empty_folder(const fs::path& path) {
  std::error_code ec;
  return fs::is_directory(path, ec) && fs::is_empty(path, ec) && !ec;
}

void require_writable(const fs::path& path, int access) {
  if (::faccessat(AT_FDCWD, path.c_str(), access, AT_EACCESS) == 0) return;
  // Where the call itself is not allowed, as in some containers, nobody knows.
  if (errno == EACCES || errno == EROFS)
    fail("{}: cannot write there: {}", path.string(), std::strerror(errno));
}

/// Told before hours of work, not by the first file behind them. Writes nothing.
void require_writable(const RunFolder& folder) {
  require_writable(folder.path, W_OK | X_OK);
  if (fs::exists(folder.metrics())) require_writable(folder.metrics(), W_OK);
  if (fs::exists(folder.snapshots())) require_writable(folder.snapshots(), W_OK | X_OK);
}

void remove_checkpoints(const RunFolder& folder) {
  std::error_code ec;
  fs::remove(folder.checkpoint(), ec);
  fs::remove(folder.previous_checkpoint(), ec);
  remove_unfinished(folder.checkpoint());
}

}  // namespace

FolderClaim::FolderClaim(const fs::path& folder) {
  for (int i = 0; i <= kTries; ++i) {
    if (i > 0) std::this_thread::sleep_for(kBetweenTries);
    if (std::optional<FolderClaim> claim = now(folder)) {
      *this = *std::move(claim);
      return;
    }
  }
  fail("{}: another mapnet is training there; wait for it, end it, or give another --out",
       folder.string());
}

std::optional<FolderClaim> FolderClaim::now(const fs::path& folder) {
  FolderClaim claim;
  claim.fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (claim.fd_ >= 0 && !lock_now(claim.fd_)) return std::nullopt;
  return claim;
}

FolderClaim::~FolderClaim() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<fs::path> RunFolder::stranger() const {
  if (finished() || begun()) return std::nullopt;
  for (const fs::path& file : {model(), metrics()})
    if (fs::exists(file)) return file;
  if (fs::exists(snapshots()) && !is_empty_folder(snapshots())) return snapshots();
  return std::nullopt;
}

FolderClaim RunFolder::claim(bool overwrite, bool resume) const {
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec) fail("{}: cannot create the run's folder: {}", path.string(), ec.message());
  FolderClaim claim(path);
  require_writable(*this);
  if (finished() && !overwrite)
    fail("{}: already holds a finished run; give another --out, or --overwrite to replace it",
         path.string());
  if (interrupted() && !overwrite && !resume)
    fail(
        "{}: holds the checkpoint of a run that did not finish; --resume continues it, --overwrite "
        "begins anew",
        path.string());
  if (const std::optional<fs::path> file = stranger(); file && !overwrite)
    fail(
        "{}: holds {}, which is of no unfinished run of mapnet's; give another --out, or "
        "--overwrite to replace it",
        path.string(), file->filename().string());
  return claim;
}

bool RunFolder::clears(const fs::path& file) const {
  std::error_code ec;
  const fs::path at = fs::weakly_canonical(file, ec);
  return at == fs::weakly_canonical(model(), ec) ||
         (is_snapshot(at) && at.parent_path() == fs::weakly_canonical(snapshots(), ec));
}

void RunFolder::clear(bool keep_model) const {
  std::error_code ec;
  fs::remove(result(), ec);
  if (!keep_model) fs::remove(model(), ec);
  remove_snapshots(*this);
  remove_checkpoints(*this);
}

void RunFolder::begin(bool keep_model) const {
  write_file_atomic(mark(),
                    "A training of mapnet's has begun here and is not over; it removes this "
                    "file.\n");
  clear(keep_model);
}

void RunFolder::end() const {
  remove_checkpoints(*this);
  remove_unfinished(mark());
  std::error_code ec;
  fs::remove(mark(), ec);
}

MetricsLog::MetricsLog(const RunFolder& folder, std::string lines)
    : path_(folder.metrics()), out_(path_, std::ios::trunc), lines_(std::move(lines)) {
  write(lines_);
}

void MetricsLog::add(const nlohmann::json& line) {
  const std::string text = line.dump() + "\n";
  write(text);
  lines_ += text;
}

void MetricsLog::finish() const { write_file_atomic(path_, lines_); }

void MetricsLog::write(const std::string& text) {
  out_ << text << std::flush;
  if (!out_) fail("{}: cannot write", path_.string());
}

}  // namespace mapnet
