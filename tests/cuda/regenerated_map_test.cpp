#include <boost/test/unit_test.hpp>
#include <map>

#include "mapping/map_harness.hpp"

/// What the steps of a map that is regenerated ask of a GPU. Nothing is run.
using namespace mapnet;
using namespace mapnet::test;

namespace {

Schedule planned(const MapDesc& desc) {
  Schedule schedule(open_cuda(FastMath::off));
  const auto buffer = [&](const char* name, std::size_t n) {
    return schedule.persistent_buffer(name, "test", n * sizeof(float));
  };
  const BufferId z = buffer("z", desc.latent_size()), dz = buffer("dz", desc.latent_size());
  const BufferId theta = buffer("theta", desc.target_size()),
                 dtheta = buffer("dtheta", desc.target_size());
  schedule.begin(Phase::setup);
  MapState state = map_setup(schedule, desc);
  schedule.begin(Phase::train);
  map_forward(schedule, desc, state, z, theta, true);
  map_backward(schedule, desc, state, z, dtheta, dz);
  return schedule;
}

MapDesc regenerated(MapDesc desc) {
  desc.storage = MapStorage::regenerated;
  return desc;
}

/// So many blocks of a dense map, each of so many rows.
MapDesc blocks_of(std::size_t blocks, std::size_t rows, std::size_t latents) {
  MapDesc desc = one_block(MapKind::dense, rows, latents, 1);
  for (std::size_t i = 1; i < blocks; ++i)
    desc.blocks.push_back({"b" + std::to_string(i), rows * i, rows, latents * i, latents});
  desc.scales = {{0, desc.target_size(), 1.0f}};
  return desc;
}

bool training_is_recorded(const MapDesc& desc) {
  const Schedule schedule = planned(desc);
  int recordable = 0, steps = 0;
  for (const Step& step : schedule.steps())
    if (step.phase == Phase::train) recordable += step.recordable, ++steps;
  BOOST_TEST(steps == 2 * static_cast<int>(desc.blocks.size()));
  BOOST_TEST((recordable == 0 || recordable == steps));
  return recordable > 0;
}

}  // namespace

// The setup's has room for cuBLAS's largest products, 32 MiB; a training's is there while it
// trains.
BOOST_AUTO_TEST_CASE(a_pass_solves_in_less_memory_than_the_setup_factorises) {
  const Schedule schedule = planned(regenerated(one_block(MapKind::dense, 5000, 100, 1)));
  std::map<std::string, std::size_t> bytes;
  for (const Lifetime& life : schedule.lifetimes()) bytes[life.name] = life.bytes;
  for (const char* pass : {"map.all.forward.algebra", "map.all.backward.algebra"}) {
    BOOST_TEST(bytes.at(pass) > 0u);
    BOOST_TEST(bytes.at(pass) < bytes.at("map.all.algebra"));
    BOOST_TEST(bytes.at(pass) <= std::size_t{4} << 20);
  }
}

// A large one is drawn in chunks, each of them some kernels: ResNet-50's from 2,048 latents in
// 12,500.
BOOST_AUTO_TEST_CASE(passes_of_a_great_many_kernels_are_not_recorded) {
  BOOST_TEST(training_is_recorded(regenerated(one_block(MapKind::dense, 434, 50, 1))));
  const MapDesc resnet50 = one_block(MapKind::dense, 25557032, 2048, 1);
  BOOST_TEST(training_is_recorded(resnet50));  // one kernel a pass, whatever its size
  BOOST_TEST(!training_is_recorded(regenerated(resnet50)));
  // Of all blocks together: each of these three has a hundred chunks.
  BOOST_TEST(training_is_recorded(regenerated(one_block(MapKind::dense, 204800, 2048, 1))));
  BOOST_TEST(!training_is_recorded(regenerated(blocks_of(3, 204800, 2048))));
}

// Launched one by one they would take longer than they last.
BOOST_AUTO_TEST_CASE(passes_over_many_small_blocks_are_recorded) {
  BOOST_TEST(training_is_recorded(regenerated(blocks_of(1000, 100, 16))));
}
