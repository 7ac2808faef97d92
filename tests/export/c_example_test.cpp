#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "common/temporary.hpp"
#include "data/manifest.hpp"
#include "data/store.hpp"
#include "export/c_header.hpp"
#include "export/commands.hpp"
#include "export/random_networks.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"

/// The example for microcontrollers, compiled as C99 with an exported header, and called from C++,
/// beside mapnet's own int8.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr std::size_t kFlash = 128 * 1024;

struct Answer {
  int best;
  std::string name;
  std::vector<float> logits;
};

/// `main.c` in C, or in C++ as an Arduino's sketches are; int8_network.c is C beside both.
enum class Caller { c, cplusplus };

void compile_example(const std::string& at, const std::string& source, const std::string& flags,
                     Caller caller) {
  const std::string all =
      " -O2 -Wall -Wextra -Wpedantic -Werror " + flags + " -I" + at + " -I" + source + " ";
  const std::string c = MAPNET_C_COMPILER " -std=c99" + all;
  const std::string program = " -lm -o " + at + "/classify";
  if (caller == Caller::c) {
    output_of(c + source + "main.c " + source + "int8_network.c" + program);
    return;
  }
  const std::string object = at + "/int8_network.o";
  output_of(c + "-c " + source + "int8_network.c -o " + object);
  output_of(MAPNET_CXX_COMPILER " -std=c++11" + all + "-x c++ " + source + "main.c -x none " +
            object + program);
}

/// What the compiled example says of some images.
std::vector<Answer> run_example(const CHeader& header, const std::string& pixels,
                                const std::string& flags = {}, Caller caller = Caller::c) {
  const Folder folder;
  const std::string at = folder.path.string();
  const std::string source = std::string(MAPNET_SOURCE_DIR) + "/examples/microcontroller/";
  folder.write("model.h", header.text);
  folder.write("pixels", pixels);
  compile_example(at, source, flags, caller);
  std::istringstream lines(output_of(at + "/classify < " + at + "/pixels"));
  std::vector<Answer> answers;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    Answer a;
    std::string field;
    std::getline(fields, field, '\t');
    a.best = std::stoi(field);
    std::getline(fields, a.name, '\t');
    while (std::getline(fields, field, '\t')) a.logits.push_back(std::stof(field));
    answers.push_back(std::move(a));
  }
  return answers;
}

std::size_t best_of(std::span<const float> logits) {
  return static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
}

/// CNN2 on some of FashionMNIST, far enough for classes to mean something.
struct TrainedCnn2 {
  TrainedNetwork network;
  std::vector<float> ranges;

  explicit TrainedCnn2(const Dataset& dataset) {
    RunConfig config = small_run("slvt");
    config.latent = 2048;
    config.batch = 64;
    config.validation = dataset.train.count - 10000;
    config.add_ons.quantize = "int8";
    network.net = network_of(config);
    Session session(recipe_of(config), network.net, dataset, Purpose::train);
    session.train_epoch(0);
    ranges = session.calibrate();
    network.weights = session.theta();
    network.state = session.state();
    network.pixels = session.pixels();
    network.class_names = dataset.class_names;
  }
};

std::vector<NetworkCase> chains() {
  std::vector<NetworkCase> all = network_cases();
  std::erase_if(all, [](const NetworkCase& c) { return c.name.rfind("cnn", 0) != 0; });
  std::erase_if(all, [](const NetworkCase& c) { return c.name == "cnn3" || c.features; });
  return all;
}

/// That the example's logits are mapnet's own, of a network whose sums are exact.
void check_same_logits(const TrainedNetwork& t, Caller caller = Caller::c) {
  constexpr std::size_t n = 3;
  const Inputs inputs(t, n);
  const std::vector<float> ranges = ranges_of(t, inputs, n);
  const std::vector<float> want = own_logits(t, inputs, n, ranges);
  BOOST_CHECK_NO_THROW(check_c_form(t));
  const std::vector<Answer> found = run_example(c_header(t, ranges), inputs.bytes(), {}, caller);
  BOOST_REQUIRE(found.size() == n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<const float> own = std::span(want).subspan(i * 10, 10);
    BOOST_TEST((found[i].logits == std::vector<float>(own.begin(), own.end())));
    BOOST_TEST(found[i].name == "class " + std::to_string(best_of(own)));
  }
}

/// Layers whose names are no identifiers, or the same one.
TrainedNetwork badly_named_chain() {
  return made_exact(with_random_weights(
      make_network("odd", Task::classify, {1, 8, 8, 10},
                   {conv("conv-1", 4, 3, 1), relu(), max_pool(2), linear("fc.1", 12), relu(),
                    linear("fc_1", 12), relu(), linear("fc-1", 10)})));
}

}  // namespace

// Where no float32 sum rounds, the order of the sums does not matter: the same bits.
BOOST_DATA_TEST_CASE(an_exact_network_gives_the_same_logits, data::make(chains()), c) {
  check_same_logits(exact_network(c));
}

BOOST_AUTO_TEST_CASE(layers_may_have_any_names) { check_same_logits(badly_named_chain()); }

BOOST_AUTO_TEST_CASE(a_program_in_cplusplus_may_call_it) {
  check_same_logits(badly_named_chain(), Caller::cplusplus);
}

// At the root of the sources, with the header where it was exported to.
BOOST_AUTO_TEST_CASE(it_is_compiled_as_the_documentation_says) {
  const std::string root = MAPNET_SOURCE_DIR;
  const TrainedNetwork t = random_network(chains().front());
  const CHeader header = c_header(t, std::vector<float>(weighted_layers(t.net), 1.0f));
  for (const char* page : {"/docs/export.md", "/examples/microcontroller/main.c"}) {
    const std::string text = read_file(root + page);
    const std::size_t begin = text.find("cc -std=c99");
    BOOST_REQUIRE_MESSAGE(begin != std::string::npos, page);
    const std::string flags = text.substr(begin + 2, text.find('\n', begin) - begin - 2);
    const Folder folder;
    folder.write("model.h", header.text);
    std::filesystem::create_directory_symlink(root + "/examples", folder.path / "examples");
    output_of("cd " + folder.path.string() + " && " + MAPNET_C_COMPILER + flags);
    BOOST_TEST(std::filesystem::exists(folder.path / "classify"), page);
  }
}

BOOST_AUTO_TEST_CASE(cnn2_fits_in_128_kilobytes_and_knows_the_same_classes) {
  if (!find_object(dataset_manifest("fashion-mnist").files[0].sha256)) {
    BOOST_TEST_MESSAGE("skipped: FashionMNIST is in no object store");
    return;
  }
  const Dataset dataset = open_dataset("fashion-mnist");
  const TrainedCnn2 trained(dataset);
  const CHeader header = c_header(trained.network, trained.ranges);
  BOOST_TEST(header.flash_bytes < kFlash);
  BOOST_TEST(header.scratch_bytes == 16u * 13 * 13 + 32 * 5 * 5);  // conv2's input and output

  constexpr std::size_t n = 2000;
  std::vector<std::uint8_t> pixels(dataset.test.count * 784);
  read_pixels(dataset, dataset.test, pixels);
  pixels.resize(n * 784);
  Inference inference(trained.network.net, {n, trained.network.pixels, trained.ranges},
                      test_device(2));
  inference.set_weights(trained.network.weights, trained.network.state);
  std::vector<float> want(n * 10);
  inference.run(pixels, want);

  // The constants' sizes as the compiler sees them are checked by the example itself.
  const std::vector<Answer> found = run_example(header, std::string(pixels.begin(), pixels.end()),
                                                "-DFLASH_BYTES=" + std::to_string(kFlash));
  BOOST_REQUIRE(found.size() == n);
  std::size_t same = 0;
  double most = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<const float> own = std::span(want).subspan(i * 10, 10);
    same += best_of(own) == static_cast<std::size_t>(found[i].best);
    BOOST_TEST(found[i].name == dataset.class_names[static_cast<std::size_t>(found[i].best)]);
    for (std::size_t k = 0; k < 10; ++k)
      most = std::max(most, std::abs(static_cast<double>(own[k] - found[i].logits[k])));
  }
  BOOST_TEST_MESSAGE("  " << same << " of " << n
                          << " classes are the same; logits differ by at most " << most << "; "
                          << header.flash_bytes << " bytes of flash, " << header.scratch_bytes
                          << " of RAM");
  // Sums of integers are exact here and rounded there: an activation in the middle between two int8
  // values may go to either, and where two classes are as likely to the last digit either may win.
  BOOST_TEST(same * 1000 >= n * 999);
}

BOOST_AUTO_TEST_CASE(a_network_with_no_form_in_c_is_refused_by_its_layer) {
  const auto refuses = [](const NetworkCase& c, std::initializer_list<std::string> parts) {
    const TrainedNetwork t = random_network(c);
    check_fails([&] { check_c_form(t); }, parts);
    check_fails([&] { c_header(t, std::vector<float>(weighted_layers(t.net), 1.0f)); }, parts);
  };
  refuses({"resnet18", {3, 32, 32, 10}}, {"resnet18", "bn1"});
  refuses({"cnn3", {3, 16, 16, 5}}, {"cnn3", "classifiers"});
  refuses({"lstm", {24, 1, 1, 1}}, {"lstm", "classifiers"});
  refuses(kVideoFeatures, {"cnn2", "classifiers of images"});
}
