#include "train/maps/kept_trajectory.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>

#include "common/compare.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"
#include "train/learned_runs.hpp"
#include "train/session.hpp"

/// Trajectories of direct trainings that are trained once for many maps.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// MAPNET_TRAJECTORY_CACHE, while it lives.
struct TrajectoryCache {
  TrajectoryCache() { ::setenv("MAPNET_TRAJECTORY_CACHE", folder.path.c_str(), 1); }
  ~TrajectoryCache() { ::unsetenv("MAPNET_TRAJECTORY_CACHE"); }

  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path))
      found.push_back(entry.path());
    return found;
  }

  Folder folder;
};

LearnedMapFacts learn(const RunConfig& config) {
  const Network net = network("cnn2");
  return Session(recipe_of(config), net, digits().dataset, Purpose::train).learned_map();
}

RunConfig training(const char* family, std::size_t latents) {
  RunConfig config = learned_run(family);
  config.learned_map.epochs = 2;
  config.learned_map.sketches = 6;
  config.latent = latents;
  return config;
}

const std::vector<float> kRows[] = {{1, 2, 3}, {4, 5, 6}};

void keep(const Folder& folder, const char* key) {
  TrajectoryKeeper keeper(folder.path, key, 2, 3);
  for (const auto& row : kRows) keeper.take(row);
  keeper.keep(100, 2.5);
}

}  // namespace

BOOST_AUTO_TEST_CASE(maps_of_a_kept_trajectory_have_the_bits_of_those_that_trained_it) {
  const std::pair<const char*, std::size_t> kinds[] = {
      {"trajectory", 3}, {"trajectory", 5}, {"kronecker", 24}, {"kronecker", 40}};
  std::vector<LearnedMapFacts> trained;
  for (const auto& [family, latents] : kinds) trained.push_back(learn(training(family, latents)));
  BOOST_TEST(trained[0].checksum != trained[1].checksum);

  const TrajectoryCache cache;
  std::optional<std::filesystem::file_time_type> written;
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const LearnedMapFacts facts = learn(training(kinds[i].first, kinds[i].second));
    BOOST_TEST(facts.checksum == trained[i].checksum, kinds[i].first << " " << kinds[i].second);
    BOOST_TEST(facts.samples == trained[i].samples);
    BOOST_REQUIRE(cache.files().size() == 1u);
    if (!written) written = std::filesystem::last_write_time(cache.files().front());
    BOOST_TEST((std::filesystem::last_write_time(cache.files().front()) == *written),
               "trained again");
  }
  // What was trained before counts with what it took then.
  const std::string kept = read_file(cache.files().front());
  constexpr std::string_view kSeconds = "\"seconds\":";
  const double took = std::stod(kept.substr(kept.rfind(kSeconds) + kSeconds.size()));
  BOOST_TEST(took > 0);
  BOOST_TEST(learn(training("kronecker", 24)).seconds > took);
}

BOOST_AUTO_TEST_CASE(another_training_is_another_trajectory) {
  const TrajectoryCache cache;
  RunConfig config = training("trajectory", 3);
  std::vector<std::uint32_t> seen{learn(config).checksum};
  const auto trains_anew = [&](const RunConfig& other) {
    seen.push_back(learn(other).checksum);
    BOOST_TEST(cache.files().size() == seen.size());
    for (std::size_t i = 0; i + 1 < seen.size(); ++i) BOOST_TEST(seen[i] != seen.back());
  };
  RunConfig other = config;
  other.seed = 7;
  trains_anew(other);
  other = config;
  other.learned_map.epochs = 3;
  trains_anew(other);
  other = config;
  other.learned_map.samples = 20;
  trains_anew(other);
  other.validation = 10;  // of the others, by which their pixels are scaled too
  trains_anew(other);
  other = config;
  other.regularisation.label_smoothing = 0.1;
  trains_anew(other);
  // What concerns the latents alone does not.
  other = config;
  other.lr = 0.01;
  other.epochs = 3;
  BOOST_TEST(learn(other).checksum == seen.front());
  BOOST_TEST(cache.files().size() == seen.size());
}

BOOST_AUTO_TEST_CASE(gradients_are_sketched_anew) {
  const TrajectoryCache cache;
  learn(learned_run("gradient"));
  learn(learned_run("kronecker"));
  BOOST_TEST(cache.files().empty());
}

BOOST_AUTO_TEST_CASE(a_trajectory_is_read_as_it_was_kept) {
  const Folder folder;
  keep(folder, "a");
  BOOST_TEST(!KeptTrajectory::find(folder.path, "b").has_value());
  const auto kept = KeptTrajectory::find(folder.path, "a");
  BOOST_REQUIRE(kept.has_value());
  BOOST_TEST(kept->facts().samples == 100u);
  BOOST_TEST(kept->facts().seconds == 2.5);
  std::size_t n = 0;
  kept->each_row([&](std::span<const float> row) {
    BOOST_TEST(std::vector<float>(row.begin(), row.end()) == kRows[n++]);
  });
  BOOST_TEST(n == 2u);
}

BOOST_AUTO_TEST_CASE(what_was_not_trained_to_its_end_leaves_nothing) {
  const Folder folder;
  { TrajectoryKeeper(folder.path, "a", 2, 3).take(kRows[0]); }
  BOOST_TEST(std::filesystem::is_empty(folder.path));
  // Nor, once it is trained again, of one whose process was killed.
  keep(folder, "a");
  const auto kept = std::filesystem::directory_iterator(folder.path)->path();
  std::ofstream(kept.string() + ".tmp7-0") << "half";
  keep(folder, "a");
  BOOST_TEST(!std::filesystem::exists(kept.string() + ".tmp7-0"));
  BOOST_TEST(std::filesystem::exists(kept));
}

BOOST_AUTO_TEST_CASE(a_damaged_trajectory_is_refused_by_name) {
  const Folder folder;
  keep(folder, "a");
  const auto file = std::filesystem::directory_iterator(folder.path)->path();
  const std::string whole = read_file(file);
  const auto refuses = [&](const std::string& contents, std::initializer_list<std::string> parts) {
    write_file_atomic(file, contents);
    check_fails<Error>(
        [&] { KeptTrajectory::find(folder.path, "a")->each_row([](std::span<const float>) {}); },
        parts);
  };
  std::string changed = whole;
  changed[2] ^= 1;
  refuses(changed, {file.string(), "damaged", "delete it"});
  refuses(whole.substr(0, 5), {file.string(), "cut off"});
  refuses(whole.substr(0, whole.size() - 1), {file.string(), "no trajectory"});
  refuses(whole.substr(4), {file.string(), "number of rows"});
  // One that was put in the place of another.
  const Folder elsewhere;
  keep(elsewhere, "b");
  refuses(read_file(std::filesystem::directory_iterator(elsewhere.path)->path()),
          {file.string(), "another training"});
}

BOOST_AUTO_TEST_CASE(a_disk_without_room_is_found_before_the_training) {
  const Folder folder;
  check_fails<Error>([&] { TrajectoryKeeper(folder.path, "a", std::size_t{1} << 40, 1 << 16); },
                     {folder.path.string(), "MAPNET_TRAJECTORY_CACHE"});
}

// The first round begins where every run of the seed does, the others where this one has come to.
BOOST_AUTO_TEST_CASE(of_a_map_that_is_learned_again_the_first_trajectory_alone_is_kept) {
  if (testing_emulated()) return;
  const Network net = network("cnn2");
  RunConfig config = training("trajectory", 3);
  config.epochs = 2;
  config.refresh.every = 2;
  const auto theta_after = [&] {
    Session session(recipe_of(config), net, digits().dataset, Purpose::train);
    session.train_epoch(0);
    session.train_epoch(1);
    session.expand();
    return session.theta();
  };
  const std::vector<float> without = theta_after();
  const TrajectoryCache cache;
  for (int time = 0; time < 2; ++time) {
    BOOST_TEST(same_bits(theta_after(), without));
    BOOST_TEST(cache.files().size() == 1u);
  }
}
