#include "train/run_notices.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "train/budget/process_memory.hpp"
#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// What a run tells before it begins.
using namespace mapnet;
using namespace mapnet::test;

namespace {

std::string all_of(const std::vector<std::string>& notices) {
  std::string text;
  for (const std::string& notice : notices) text += notice + "\n";
  return text;
}

/// Of a run on FashionMNIST's samples, on a CPU.
template <class Change>
std::string told_before_setup(Change&& change) {
  RunConfig c;
  c.device = "cpu";
  c.threads = 1;
  change(c);
  return all_of(notices_before_setup(recipe_of(c), network_of(c), describe_dataset("fashion-mnist"),
                                     *alone()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_set_up_that_takes_long_is_told) {
  const auto tells = [](const std::string& part, auto&& change) {
    const std::string told = told_before_setup(change);
    BOOST_TEST((part.empty() ? told.empty() : told.find(part) != std::string::npos), told);
  };
  tells("", [](RunConfig&) {});
  tells("", [](RunConfig& c) { c.strategy = "direct"; });
  tells("", [](RunConfig& c) { c.variant.name = "lv-fulldnn"; });
  tells("", [](RunConfig& c) { c.map = "dense", c.latent = 64; });
  tells("--map dense: its columns", [](RunConfig& c) { c.map = "dense"; });
  tells("--map dense-bf16: its columns", [](RunConfig& c) { c.map = "dense-bf16"; });
  tells("--map trajectory: the map is learned",
        [](RunConfig& c) { c.map = "trajectory", c.latent = 8; });
}

BOOST_AUTO_TEST_CASE(a_batch_that_is_mostly_padding_is_told) {
  const auto padded = [](auto&& change) {
    return told_before_setup(change).find("mostly padding") != std::string::npos;
  };
  BOOST_TEST(!padded([](RunConfig& c) { c.batch = 65536; }));
  BOOST_TEST(padded([](RunConfig& c) { c.batch = 65536, c.validation = 59'000; }));
  BOOST_TEST(!padded([](RunConfig& c) {  // what has no samples is not run
    c.batch = 65536, c.validation = 59'000, c.footprint.micro_batch = 500;
  }));

  const ToyData data(20, 10);
  RunConfig config = small_run("slvt");
  config.device = "cpu";
  config.batch = 50;
  std::string told;
  RunControl control{.folder = data.folder() / "run"};
  control.notice = [&](const std::string& text) { told += text + "\n"; };
  train_run(recipe_of(config), network_of(config), data.dataset, control);
  BOOST_TEST(told == "--batch 50: there are 20 training samples, so each step is mostly padding\n");
}

BOOST_AUTO_TEST_CASE(an_arena_that_the_memory_has_no_room_for_is_told) {
  constexpr std::size_t kGiB = std::size_t{1} << 30;
  BOOST_TEST(notice_of_memory(kGiB, kGiB, false).empty());
  const std::string told = notice_of_memory(2 * kGiB, kGiB, false);
  for (const char* part : {"2.00 GiB", "1.00 GiB", "a smaller --batch, or --memory-budget SIZE",
                           "mapnet plan --memory-budget SIZE"})
    BOOST_TEST(told.find(part) != std::string::npos, told);
  BOOST_TEST(notice_of_memory(2 * kGiB, kGiB, true).find("a smaller --memory-budget") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_memory_that_there_is_is_the_machines_or_the_groups) {
  const Folder at;
  const auto available = [&] { return available_memory(at.path / "proc", at.path / "cgroup"); };
  BOOST_TEST(!available().has_value());
  at.write("proc/meminfo", "MemTotal:  9000 kB\nMemFree:  5 kB\nMemAvailable:  2048 kB\nCached: 1");
  BOOST_TEST(available().value() == 2048u * 1024);
  at.write("proc/self/cgroup", "0::/user.slice/run.scope\n");
  at.write("cgroup/user.slice/run.scope/memory.max", "max\n");
  BOOST_TEST(available().value() == 2048u * 1024);
  at.write("cgroup/user.slice/memory.max", "1000000\n");
  BOOST_TEST(available().value() == 1'000'000u);
  at.write("cgroup/user.slice/run.scope/memory.max", "3000000\n");
  BOOST_TEST(available().value() == 1'000'000u);
  at.write("cgroup/memory.max", "900000\n");  // as a container has its own
  BOOST_TEST(available().value() == 900'000u);
  at.write("proc/self/cgroup", "12:cpu,memory:/run\n4:devices:/other\n");
  at.write("cgroup/memory/run/memory.limit_in_bytes", "800000\n");
  BOOST_TEST(available().value() == 800'000u);
  at.write("cgroup/memory/run/memory.limit_in_bytes", "9223372036854771712\n");  // none
  BOOST_TEST(available().value() == 2048u * 1024);
}
