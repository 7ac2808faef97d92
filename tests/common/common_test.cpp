#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "common/json.hpp"
#include "common/replacing_file.hpp"
#include "common/temporary.hpp"

using namespace mapnet;
using mapnet::test::Folder;
namespace fs = std::filesystem;

namespace {

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

/// No file of this process grows beyond a size while this lives, as on a full disk.
class SmallFiles {
 public:
  explicit SmallFiles(::rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const ::rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallFiles() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  SmallFiles(const SmallFiles&) = delete;
  SmallFiles& operator=(const SmallFiles&) = delete;

 private:
  void (*signal_)(int);
  ::rlimit before_{};
};

}  // namespace

BOOST_AUTO_TEST_CASE(bytes_read_as_people_write_them) {
  BOOST_TEST(format_bytes(0) == "0 B");
  BOOST_TEST(format_bytes(1023) == "1023 B");
  BOOST_TEST(format_bytes(1024) == "1.00 KiB");
  BOOST_TEST(format_bytes(434472) == "424.3 KiB");
  BOOST_TEST(format_bytes(std::size_t{1} << 30) == "1.00 GiB");
}

BOOST_AUTO_TEST_CASE(sizes_are_read_as_people_write_them) {
  const auto read = [](const char* text) { return parse_bytes(text, "--memory-budget"); };
  constexpr std::size_t MiB = 1024 * 1024;
  for (const char* text : {"512MiB", "512M", "512m", "0.5GiB", ".5G", "524288K", "512 MiB",
                           "536870912", "536870912B", "512.0mib"})
    BOOST_TEST(read(text) == 512 * MiB, text);
  BOOST_TEST(read("500MB") == 500'000'000u);
  BOOST_TEST(read("2GB") == 2'000'000'000u);
  BOOST_TEST(read("1T") == MiB * MiB);
  BOOST_TEST(read("1.5KiB") == 1536u);
  BOOST_TEST(read("1.0001K") == 1024u);  // 1024.1024
}

BOOST_AUTO_TEST_CASE(what_is_no_size_is_refused) {
  for (const char* text :
       {"",     "M",     "MiB",  "-1M",   "+1M",          "0",        "0G",       "0.4B",
        "1e3M", "inf",   "nan",  "0x10M", "1.2.3M",       "512 M iB", "512  MiB", "512MiBs",
        "512Q", "512Mi", "lots", "1,5G",  "99999999999T", "1M "})
    BOOST_CHECK_EXCEPTION(parse_bytes(text, "--memory-budget"), UsageError, [&](const Error& e) {
      const std::string what = e.what();
      return what.find("--memory-budget '" + std::string(text) + "'") == 0 &&
             what.find("512MiB") != std::string::npos;
    });
}

BOOST_FIXTURE_TEST_CASE(a_file_is_replaced_whole_and_leaves_nothing_beside_it, Folder) {
  const fs::path file = path / "new" / "folder" / "result.json";
  write_file_atomic(file, "first");
  write_file_atomic(file, std::string(100000, 'x'));
  BOOST_TEST(read_file(file) == std::string(100000, 'x'));
  BOOST_TEST(files_in(file.parent_path()) == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_write_that_cannot_finish_keeps_the_old_contents, Folder) {
  const fs::path file = path / "kept";
  write_file_atomic(file, "old");
  {
    const SmallFiles full(1000);
    BOOST_CHECK_THROW(write_file_atomic(file, std::string(100'000, 'x')), Error);
  }
  BOOST_TEST(read_file(file) == "old");
  {
    ReplacingFile given_up(file);
    given_up.write("new");
  }
  BOOST_TEST(read_file(file) == "old");
  BOOST_TEST(files_in(path) == 1u);  // no temporary file
  // A folder in the way of the rename: the write fails after the temporary file is complete.
  fs::create_directories(path / "taken" / "inside");
  BOOST_CHECK_THROW(write_file_atomic(path / "taken", "new"), Error);
  BOOST_TEST(files_in(path) == 2u);
}

BOOST_FIXTURE_TEST_CASE(who_may_read_a_file_stays_when_it_is_replaced, Folder) {
  const auto permissions = [&](const char* name) {
    struct stat found {};
    BOOST_REQUIRE(::stat((path / name).c_str(), &found) == 0);
    return found.st_mode & 07777;
  };
  for (const ::mode_t mode : {0600, 0664, 0444}) {
    write("a", "old");
    BOOST_REQUIRE(::chmod((path / "a").c_str(), mode) == 0);
    write("a", "new");
    BOOST_TEST(permissions("a") == mode);
    BOOST_TEST(read_file(path / "a") == "new");
  }
  // Behind a link it is the file's, not the link's.
  BOOST_REQUIRE(::chmod((path / "a").c_str(), 0600) == 0);
  fs::create_symlink("a", path / "link");
  write("link", "newer");
  BOOST_TEST(permissions("a") == 0600u);
  const ::mode_t before = ::umask(022);
  write("made", "");
  ::umask(before);
  BOOST_TEST(permissions("made") == 0644u);
}

BOOST_FIXTURE_TEST_CASE(a_missing_file_is_named, Folder) {
  const std::string missing = (path / "absent").string();
  BOOST_CHECK_EXCEPTION(read_file(missing), Error, [&](const Error& e) {
    return std::string(e.what()).find(missing) != std::string::npos;
  });
  BOOST_CHECK_THROW(read_file(path), Error);
}

BOOST_AUTO_TEST_CASE(whole_numbers_are_read_as_such_or_refused) {
  const auto read = [](const char* text) {
    return whole_number(nlohmann::json::parse(text), "epochs", 1, 1000);
  };
  BOOST_TEST(read("1") == 1);
  BOOST_TEST(read("1000") == 1000);
  for (const char* text : {"0", "-1", "1001", "18446744073709551615", "36893488147419103232", "2.0",
                           "1e300", "\"7\"", "true", "null", "[1]"})
    mapnet::test::check_fails([&] { read(text); }, {"epochs", "1 to 1000"});
}

BOOST_AUTO_TEST_CASE(json_is_refused_where_it_is_nested_too_deep) {
  BOOST_TEST(parse_json("[[{}], 1]", 3).dump() == "[[{}],1]");
  mapnet::test::check_fails([] { parse_json("[[{}], 1]", 2); }, {"at most 2 deep"});
  mapnet::test::check_fails([] { parse_json(std::string(1'000'000, '['), 16); }, {"16"});
}

BOOST_AUTO_TEST_CASE(a_device_is_no_file) {
  mapnet::test::check_fails([] { read_file("/dev/zero"); }, {"/dev/zero", "regular file"});
}

BOOST_FIXTURE_TEST_CASE(a_link_stays_one_and_the_file_behind_it_is_replaced, Folder) {
  const std::filesystem::path file = path / "far" / "file", link = path / "link";
  write_file_atomic(file, "old");
  std::filesystem::create_symlink("far/file", link);
  write_file_atomic(link, "new");
  BOOST_TEST(std::filesystem::is_symlink(link));
  BOOST_TEST(read_file(file) == "new");
  std::filesystem::create_symlink("nowhere yet", path / "dangling");
  write_file_atomic(path / "dangling", "made");
  BOOST_TEST(read_file(path / "nowhere yet") == "made");
}

BOOST_FIXTURE_TEST_CASE(links_in_a_circle_are_refused, Folder) {
  std::filesystem::create_symlink("b", path / "a");
  std::filesystem::create_symlink("a", path / "b");
  mapnet::test::check_fails([&] { write_file_atomic(path / "a", "text"); }, {"a: cannot write"});
  BOOST_TEST(std::filesystem::is_symlink(path / "a"));
}

// As /dev/stdout is, where output goes to a file.
BOOST_FIXTURE_TEST_CASE(what_the_process_has_open_is_gone_on_with, Folder) {
  const std::filesystem::path file = path / "log";
  const int log = ::open(file.c_str(), O_WRONLY | O_CREAT, 0600);
  BOOST_REQUIRE(::write(log, "before ", 7) == 7);
  const std::string number = std::to_string(log);
  write_file_atomic("/dev/fd/" + number, "one ");
  std::filesystem::create_symlink("/proc/self/fd/" + number, path / "link");
  write_file_atomic(path / "link", "two");
  ::close(log);
  BOOST_TEST(read_file(file) == "before one two");
}

BOOST_FIXTURE_TEST_CASE(a_pipe_is_written_to_and_not_replaced, Folder) {
  const std::filesystem::path pipe = path / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  write_file_atomic(pipe, "text");
  char got[5] = {};
  BOOST_TEST(::read(reader, got, 4) == 4);
  ::close(reader);
  BOOST_TEST(std::string(got) == "text");
  BOOST_TEST(std::filesystem::is_fifo(pipe));
}

BOOST_AUTO_TEST_CASE(what_nobody_finishes_is_removed_and_what_is_being_written_is_not) {
  const Folder folder;
  const std::filesystem::path path = folder.path / "a";
  std::ofstream(path.string() + ".tmp7") << "half";
  ReplacingFile first(path), second(path);  // under names of their own
  first.write("first");
  second.write("second");
  remove_unfinished(path);
  BOOST_TEST(!std::filesystem::exists(path.string() + ".tmp7"));
  second.put_in_place();
  BOOST_TEST(read_file(path) == "second");
  first.put_in_place();
  BOOST_TEST(read_file(path) == "first");
}
