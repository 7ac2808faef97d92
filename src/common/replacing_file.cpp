#include "common/replacing_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "common/error.hpp"
#include "common/file_lock.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

void create_parent(const fs::path& path) {
  if (!path.has_parent_path()) return;
  std::error_code ec;
  fs::create_directories(path.parent_path(), ec);
  if (ec) fail("{}: cannot create the folder: {}", path.parent_path().string(), ec.message());
}

/// A renamed file is found after a power failure once its folder is on disk. Some file systems
/// cannot sync a folder; then there is nothing more to be done.
void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

/// Of a name for something that the process has open, its number.
std::optional<int> descriptor_of(const std::string& path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string& folder : {std::string("/dev/fd/"), std::string("/proc/self/fd/"),
                                    fmt::format("/proc/{}/fd/", ::getpid())}) {
    if (!path.starts_with(folder)) continue;
    int number = -1;
    const char* const end = path.data() + path.size();
    const auto read = std::from_chars(path.data() + folder.size(), end, number);
    if (read.ec == std::errc() && read.ptr == end) return number;
  }
  return std::nullopt;
}

[[noreturn]] void cannot_write(const fs::path& target) {
  fail("{}: cannot write: {}", target.string(), std::strerror(errno));
}

/// Behind symbolic links, up to the name of something that the process has open.
fs::path behind_links(const fs::path& target) {
  constexpr int kMostLinks = 40;  // as the kernel follows
  std::error_code ec;
  fs::path path = target;
  for (int links = 0; !descriptor_of(path.string()) && fs::is_symlink(path, ec); ++links) {
    if (links == kMostLinks) errno = ELOOP, cannot_write(target);
    path = path.parent_path() / fs::read_symlink(path, ec);
  }
  return path;
}

/// A descriptor of what is written to as it comes; nothing for a file that is replaced.
std::optional<int> open_as_it_is(const fs::path& path) {
  std::optional<int> fd;
  struct stat found {};
  if (const auto open = descriptor_of(path.string())) {
    std::fflush(stdout);  // what was printed comes before it
    fd = ::fcntl(*open, F_DUPFD_CLOEXEC, 0);
  } else if (::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode) &&
             !S_ISDIR(found.st_mode)) {
    fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  }
  if (fd && *fd < 0) cannot_write(path);
  return fd;
}

/// Who may read and write a file that is there; nothing of one that is to be made.
std::optional<mode_t> permissions_of(const fs::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return found.st_mode & 0777;
}

}  // namespace

ReplacingFile::ReplacingFile(const fs::path& target) : target_(behind_links(target)) {
  if (const auto fd = open_as_it_is(target_)) {
    fd_ = *fd;
    return;
  }
  create_parent(target_);
  const std::optional<mode_t> kept = permissions_of(target_);
  // Processes of several machines, or containers, may have one number.
  for (int n = 0; fd_ < 0; ++n) {
    path_ = fmt::format("{}{}{}-{}", target_.string(), kUnfinished, ::getpid(), n);
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kept.value_or(0644));
    if (fd_ < 0 && errno != EEXIST) cannot_write(target_);
  }
  // What the umask took away. A file system without permissions refuses; there it has none to lose.
  if (kept) ::fchmod(fd_, *kept);
  lock_now(fd_);
}

ReplacingFile::~ReplacingFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!path_.empty()) ::unlink(path_.c_str());
}

void ReplacingFile::write(std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t n = ::write(fd_, contents.data(), contents.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) give_up("write");
    contents.remove_prefix(static_cast<std::size_t>(n));
  }
}

void ReplacingFile::close() {
  if (::fsync(fd_) != 0 && errno != EINVAL) give_up("fsync");  // EINVAL: a pipe, a terminal
  if (::close(std::exchange(fd_, -1)) != 0) give_up("close");
}

void ReplacingFile::put_in_place(const fs::path& previous) {
  close();
  if (path_.empty()) return;
  std::error_code ec;
  if (!previous.empty() && fs::exists(target_, ec)) {
    fs::rename(target_, previous, ec);
    if (ec) fail("{}: cannot keep it as {}: {}", target_.string(), previous.string(), ec.message());
  }
  if (::rename(path_.c_str(), target_.c_str()) != 0)
    give_up("renaming the finished file into place");
  path_.clear();
  sync_folder(target_.parent_path());
}

void ReplacingFile::give_up(const char* what) const {
  fail("{}: {} failed: {}", target_.string(), what, std::strerror(errno));
}

}  // namespace mapnet
