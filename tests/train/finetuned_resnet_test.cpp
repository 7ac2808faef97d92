#include <boost/test/unit_test.hpp>
#include <cstring>
#include <nlohmann/json.hpp>

#include "train/device_here.hpp"
#include "train/model.hpp"
#include "train/pretrained_file.hpp"
#include "train/toy_tasks.hpp"
#include "train/train_run.hpp"

/// A network with normalisations from a file of weights: eq. 25 shifts gamma and beta too, and the
/// running statistics come with them.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A trained ResNet and its weights as `mapnet export` writes them.
struct TrainedResnet : Folder {
  ToyCifar data{8, 6};
  RunConfig config = toy_run("resnet18-cifar", data.dataset, "slvt");
  Network net = network_for(config, data.dataset);
  RunResult result;
  Model model;
  std::vector<float> weights;
  std::filesystem::path file = path / "resnet.safetensors";

  TrainedResnet() {
    config.batch = 4;
    result = train_run(resolve(config, net), net, data.dataset, {path / "run"});
    model = open_model(path / "run");
    weights = expand_weights(model, here());
    write_safetensors(file, tensors());
  }

  std::vector<NamedTensor> tensors() const {
    std::vector<NamedTensor> all = named_tensors(net, weights);
    for (const StateTensor& s : net.state)
      all.push_back({s.name,
                     {static_cast<int>(s.size)},
                     std::span(model.file.state).subspan(s.offset, s.size)});
    return all;
  }

  /// The file with a count beside it, as PyTorch saves it: an int64 of no dimensions.
  void add_counts(const std::string& name) const {
    const std::string bytes = read_file(file);
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data(), 8);
    auto header = nlohmann::json::parse(bytes.substr(8, size));
    const std::size_t values = bytes.size() - 8 - size;
    header[name] = {{"dtype", "I64"},
                    {"shape", nlohmann::json::array()},
                    {"data_offsets", {values, values + 8}}};
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t text_size = text.size(), count = 1000;
    const auto word = [](const std::uint64_t& w) {
      return std::string(reinterpret_cast<const char*>(&w), 8);
    };
    write("counted.safetensors", word(text_size) + text + bytes.substr(8 + size) + word(count));
  }

  /// The session of a run that begins with the file.
  std::unique_ptr<Session> begin(const std::string& strategy, std::size_t share,
                                 std::vector<std::string> layers = {}) const {
    RunConfig c = toy_run("resnet18-cifar", data.dataset, strategy);
    c.batch = 4;
    c.finetune.pretrained = file.string();
    c.finetune.layers = std::move(layers);
    if (strategy != "direct") c.finetune.share = share;
    return std::make_unique<Session>(resolve(c, net), net, data.dataset, Purpose::train);
  }
};

// A GPU that is emulated takes minutes.
boost::test_tools::assertion_result on_something_fast(boost::unit_test::test_unit_id) {
  return !testing_emulated();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(finetuned_resnet, *boost::unit_test::precondition(on_something_fast))

// Theta holds gamma less 1 and a file gamma itself, a float32: adding 1 and taking it away again
// may round gamma - 1 by half a unit of 1's last place.
BOOST_FIXTURE_TEST_CASE(an_exported_network_comes_back, TrainedResnet) {
  const std::vector<float> theta = expand_theta(model, here());
  std::vector<float> back(theta.size()), state(net.state_count());
  read_pretrained(inspect_pretrained(file, net), net, 1, back, state);
  BOOST_TEST((state == model.file.state));
  std::size_t off = 0;
  for (const ParamTensor& p : net.params) {
    const bool gamma = p.role == ParamTensor::Role::norm_gamma;
    for (std::size_t i = p.offset; i < p.offset + p.size; ++i) {
      if (!(std::abs(back[i] - theta[i]) <= (gamma ? 0x1p-24f : 0.0f))) ++off;
      if (gamma && weights[i] != back[i] + 1.0f) ++off;
    }
  }
  BOOST_TEST(off == 0u);
}

// At z = 0 every shift is zero, so that the first network is the file's: the same evaluation to the
// bit as that of the file's weights themselves, whatever share of them an output moves.
BOOST_FIXTURE_TEST_CASE(fine_tuning_begins_at_the_files_network, TrainedResnet) {
  const Metrics want = begin("direct", 0)->evaluate(Split::test);
  // Beside the network the file was made of: gamma's rounding, see above.
  BOOST_TEST(std::abs(want.loss / result.test.loss - 1) < 1e-5);
  for (const char* strategy : {"slvt", "lwt"})
    for (const std::size_t share : {1u, 250u}) {
      const Metrics found = begin(strategy, share)->evaluate(Split::test);
      BOOST_TEST(found.loss == want.loss, strategy << " " << share);
      BOOST_TEST(found.accuracy == want.accuracy);
    }
}

// A normalisation belongs to its convolution: with that frozen its gamma and beta stay, while its
// running statistics go on following the batches.
BOOST_FIXTURE_TEST_CASE(frozen_layers_stay, TrainedResnet) {
  const auto session = begin("slvt", 250, {"layer4.1", "fc"});
  session->expand();
  const std::vector<float> before = session->theta(), state_before = session->state();
  session->train_epoch(0);
  session->expand();
  const std::vector<float> after = session->theta();
  for (const ParamTensor& p : net.params) {
    const auto from = static_cast<std::ptrdiff_t>(p.offset);
    const bool same = std::equal(before.begin() + from,
                                 before.begin() + from + static_cast<std::ptrdiff_t>(p.size),
                                 after.begin() + from);
    const bool chosen = p.layer.starts_with("layer4.1") || p.layer == "fc";
    BOOST_TEST(same == !chosen, p.name);
  }
  BOOST_TEST((session->state() != state_before));
}

BOOST_FIXTURE_TEST_CASE(what_a_file_lacks_is_named_and_a_batch_count_is_no_tensor, TrainedResnet) {
  std::vector<NamedTensor> lacking = tensors();
  std::erase_if(lacking, [](const NamedTensor& t) {
    return t.name == "bn1.running_mean" || t.name == "layer3.0.downsample.1.running_var";
  });
  write_safetensors(path / "lacking.safetensors", lacking);
  check_fails([&] { inspect_pretrained(path / "lacking.safetensors", net); },
              {"lacking.safetensors", "missing: bn1.running_mean [64]",
               "missing: layer3.0.downsample.1.running_var [256]"});

  add_counts("bn1.num_batches_tracked");
  BOOST_CHECK_NO_THROW(inspect_pretrained(path / "counted.safetensors", net));
  std::vector<float> theta(net.param_count()), state(net.state_count());
  read_pretrained(inspect_pretrained(path / "counted.safetensors", net), net, 1, theta, state);
  BOOST_TEST((state == model.file.state));
  add_counts("bn1.num_batches");
  check_fails([&] { inspect_pretrained(path / "counted.safetensors", net); },
              {"not in resnet18-cifar: bn1.num_batches"});
}

BOOST_AUTO_TEST_SUITE_END()
