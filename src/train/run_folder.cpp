#include "train/run_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/error.hpp"
#include "common/file.hpp"
#include "common/file_lock.hpp"

namespace mapnet {

namespace fs = std::filesystem;

bool RunFolder::interrupted() const {
  return !finished() && (fs::exists(checkpoint()) || fs::exists(previous_checkpoint()));
}

FolderClaim::FolderClaim(const fs::path& folder) {
  fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  constexpr int kTries = 100;  // ten seconds: a run that was stopped writes its checkpoint
  for (int i = 0; fd_ >= 0 && !lock_now(fd_); ++i) {
    if (i == kTries) {
      ::close(std::exchange(fd_, -1));
      fail("{}: another mapnet is training there; wait for it, end it, or give another --out",
           folder.string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

FolderClaim::~FolderClaim() {
  if (fd_ >= 0) ::close(fd_);
}

FolderClaim RunFolder::claim(bool overwrite, bool resume) const {
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec) fail("{}: cannot create the run's folder: {}", path.string(), ec.message());
  FolderClaim claim(path);
  if (finished() && !overwrite)
    fail("{}: already holds a finished run; give another --out, or --overwrite to replace it",
         path.string());
  if (interrupted() && !overwrite && !resume)
    fail(
        "{}: holds the checkpoint of a run that did not finish; --resume continues it, --overwrite "
        "begins anew",
        path.string());
  return claim;
}

bool RunFolder::clears(const fs::path& file) const {
  std::error_code ec;
  const fs::path at = fs::weakly_canonical(file, ec);
  return at == fs::weakly_canonical(model(), ec) ||
         at.parent_path() == fs::weakly_canonical(snapshots(), ec);
}

void RunFolder::clear(bool keep_model) const {
  std::error_code ec;
  fs::remove(result(), ec);
  if (!keep_model) fs::remove(model(), ec);
  fs::remove_all(snapshots(), ec);
  remove_checkpoints();
}

void RunFolder::remove_checkpoints() const {
  std::error_code ec;
  fs::remove(checkpoint(), ec);
  fs::remove(previous_checkpoint(), ec);
  remove_unfinished(checkpoint());
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

void MetricsLog::write(const std::string& text) {
  out_ << text << std::flush;
  if (!out_) fail("{}: cannot write", path_.string());
}

}  // namespace mapnet
