#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "cli/program.hpp"
#include "common/temporary.hpp"
#include "export/commands.hpp"
#include "export/numpy_python.hpp"
#include "reference/vector.hpp"
#include "train/latent_file.hpp"
#include "train/recipes.hpp"

/// The reader of examples/python beside `mapnet export`, of the same files.
using namespace mapnet;
using namespace mapnet::test;

namespace {

const std::string kReader = std::string(MAPNET_SOURCE_DIR) + "/examples/python/read_latent.py";

/// Ends the program in the way CTest counts as skipped where nothing can run the reader.
const std::string& python() {
  static const std::string found = numpy_python();
  if (!found.empty()) return found;
  std::cout << "skipped: no Python with NumPy here; scripts/install-deps --onnxruntime gets one"
            << std::endl;
  std::_Exit(77);
}

/// The file of a model that nobody trained: what it holds is as good as what a training finds.
LatentFile untrained(const RunConfig& config, const NetworkInput& input = {1, 28, 28, 10}) {
  const Network net = target_network(config, input);
  LatentFile file;
  file.recipe = resolve(config, net);
  file.channels = input.channels, file.height = input.height, file.width = input.width;
  file.classes = input.classes;
  file.class_names.assign(static_cast<std::size_t>(input.classes), "a class");
  file.pixels.mean.assign(static_cast<std::size_t>(input.channels), 0.5);
  file.pixels.stddev.assign(static_cast<std::size_t>(input.channels), 0.3);
  for (const double z : reference::uniform(trainable_params(file.recipe, net), 1, -2, 2))
    file.values.push_back(static_cast<float>(z));
  return file;
}

/// As many numbers as the network has parameters.
std::vector<float> some_theta(const std::string& net) {
  std::vector<float> theta;
  for (const double t : reference::uniform(network(net).param_count(), 2))
    theta.push_back(static_cast<float>(t));
  return theta;
}

/// Files that the reader covers, each another part of it.
std::vector<LatentFile> covered() {
  std::vector<LatentFile> files;
  RunConfig slvt = small_run("slvt");
  slvt.latent = 2048;
  slvt.seed = (std::uint64_t{7} << 33) + 3;
  files.push_back(untrained(slvt));
  RunConfig lwt = small_run("lwt");
  lwt.add_ons.quantize = "int8";
  files.push_back(untrained(lwt));
  RunConfig coloured = small_run("slvt");
  coloured.net = "cnn1";
  coloured.latent = 5;  // fewer than the smallest Hadamard matrix has
  files.push_back(untrained(coloured, {3, 32, 20, 7}));
  files.back().recipe.mapping.seed = 11;
  files.push_back(untrained(small_run("direct")));
  RunConfig learned = small_run("slvt");
  learned.map = "trajectory";
  learned.latent = 8;
  files.push_back(untrained(learned));
  files.back().theta = some_theta("cnn2");
  RunConfig refreshed = small_run("slvt");
  refreshed.refresh.every = 1;
  files.push_back(untrained(refreshed));
  files.back().values = some_theta("cnn2");
  files.back().refreshes = 1000;
  files.back().stores_theta = true;
  return files;
}

/// The reader must end with 1 and say every one of `parts`.
void check_refused(const std::filesystem::path& file, std::initializer_list<std::string> parts) {
  const Outcome outcome = run_command(python() + " " + kReader + " " + file.string());
  BOOST_TEST(outcome.code == 1, outcome.output);
  for (const std::string& part : parts)
    BOOST_TEST(outcome.output.find(part) != std::string::npos, "expected '" << part << "' in\n"
                                                                            << outcome.output);
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_reads_what_mapnet_exports) {
  const Folder folder;
  const std::string at = folder.path.string() + "/";
  std::string pairs;
  std::size_t models = 0;
  python();
  for (const LatentFile& file : covered()) {
    const std::string name = at + std::to_string(models++);
    write_latent_file(name + ".latent", file);
    check_outcome(
        "export --device cpu --threads 1 --run " + name + ".latent --out " + name + ".safetensors",
        0, {" tensors, "});
    pairs += " " + name + ".latent " + name + ".safetensors";
  }
  std::istringstream apart(output_of(python() + " " + MAPNET_SOURCE_DIR +
                                     "/tests/export/compare_latent.py " + kReader + pairs));
  for (double share; apart >> share; --models) {
    BOOST_TEST_MESSAGE("apart by at most " << share << " of a tensor's largest weight");
    BOOST_TEST(share < 1e-6);
  }
  BOOST_TEST(models == 0u);
}

BOOST_AUTO_TEST_CASE(it_lists_and_writes_the_tensors) {
  const Folder folder;
  const std::string at = folder.path.string() + "/";
  write_latent_file(at + "model.latent", untrained(small_run("slvt")));
  const std::string said =
      output_of(python() + " " + kReader + " " + at + "model.latent " + at + "weights.npz");
  BOOST_TEST(said.find("conv2.weight [32, 16, 3, 3]\n") != std::string::npos, said);
  const std::string sum = output_of(python() + " -c \"import numpy; w = numpy.load('" + at +
                                    "weights.npz'); print(sum(w[name].size for name in w))\"");
  BOOST_TEST(sum == "108618\n");
}

BOOST_AUTO_TEST_CASE(it_refuses_what_it_does_not_cover) {
  const Folder folder;
  const std::filesystem::path file = folder.path / "model.latent";
  const auto refused = [&](const RunConfig& config, std::initializer_list<std::string> parts) {
    write_latent_file(file, untrained(config));
    check_refused(file, parts);
  };
  RunConfig c = small_run("slvt");
  c.modulation = "signed";
  refused(c, {"model.latent", "modulation 'signed'", "mapnet export"});
  c = small_run("slvt");
  c.add_ons.prune = 0.5;
  refused(c, {"model.latent", "prune", "mapnet export"});
  c = small_run("slvt");
  c.net = "resnet18";
  refused(c, {"model.latent", "net 'resnet18'", "mapnet export"});

  LatentFile refreshed = untrained(small_run("slvt"));
  refreshed.refreshes = 1;
  write_latent_file(file, refreshed);
  check_refused(file, {"model.latent", "refreshed", "mapnet export"});
}

BOOST_AUTO_TEST_CASE(it_refuses_a_damaged_file) {
  const Folder folder;
  const std::filesystem::path file = folder.path / "model.latent";
  write_latent_file(file, untrained(small_run("slvt")));
  std::string bytes = read_file(file);
  bytes[bytes.size() - 10] ^= 1;
  check_refused(folder.write("flipped.latent", bytes), {"flipped.latent", "damaged", "checksum"});
  check_refused(folder.write("other.latent", "MAPNETCK" + bytes.substr(8)), {"MAPNETLV"});
  check_refused(folder.path / "absent.latent", {"absent.latent"});
  BOOST_TEST(run_command(python() + " " + kReader).code == 2);
}
