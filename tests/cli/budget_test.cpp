#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "common/bytes.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"
#include "data/picture_files.hpp"
#include "nets/network.hpp"
#include "train/pretrained_file.hpp"
#include "train/toy_data.hpp"

/// The promise of --memory-budget, kept by the program as it is run: what the kernel counted of its
/// memory is under the budget, and where its data segment is limited to the budget it runs all the
/// same, while the plain schedule does not.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr std::size_t kMiB = 1024 * 1024;

/// One thread of everything, so that what is set aside for threads is the same each time.
const std::string kAlone =
    "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MALLOC_ARENA_MAX=1 timeout 300 ";

Outcome train(const std::string& flags, const Folder& at, std::size_t data_limit_kib = 0) {
  const std::string limit =
      data_limit_kib > 0 ? "ulimit -d " + std::to_string(data_limit_kib) + "; " : "";
  return run_command("( " + limit + kAlone + tested_program("train --threads 1 --quiet ") + flags +
                     " --overwrite --out " + (at.path / "run").string() + " )");
}

std::string budget_of(std::size_t mib) { return " --memory-budget " + std::to_string(mib) + "MiB"; }

/// Trains under the budget, alone. Returns the result.
nlohmann::json train_under(std::size_t mib, std::size_t arena_mib, const std::string& flags) {
  const Folder at;
  const Outcome outcome = train(flags + budget_of(mib), at);
  BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.output);
  const auto result = nlohmann::json::parse(read_file(at.path / "run" / "result.json"));
  const auto own = result.at("memory_bytes").get<std::size_t>();
  const auto arena = result.at("arena_bytes").get<std::size_t>();
  BOOST_TEST_MESSAGE(flags << ": " << static_cast<double>(own) / kMiB << " MiB of " << mib
                           << " MiB, arena " << static_cast<double>(arena) / kMiB << " MiB, "
                           << result.value("footprint", nlohmann::json()).dump());
  BOOST_TEST(result.at("memory_budget_bytes") == mib * kMiB);
  BOOST_TEST(own <= mib * kMiB);
  BOOST_TEST(arena <= arena_mib * kMiB);
  return result;
}

/// The same, and once more confined to the budget.
nlohmann::json train_within(std::size_t mib, std::size_t arena_mib, const std::string& flags) {
  nlohmann::json result = train_under(mib, arena_mib, flags);
  const auto own = result.at("memory_bytes").get<std::size_t>();
  // What the libraries set aside and never touch counts as data too: the limit is that, as this run
  // had it, and the budget.
  const auto data = result.at("data_segment_bytes").get<std::size_t>();
  BOOST_REQUIRE(data >= own);
  const std::size_t limit_kib = (data - own + mib * kMiB) / 1024;
  const Folder at;
  const Outcome confined = train(flags + budget_of(mib), at, limit_kib);
  BOOST_TEST(confined.code == 0, confined.output);
  return result;
}

/// Photographs, the same few again and again, and few enough to train on in seconds.
class Photographs : Folder {
 public:
  explicit Photographs(ImageSize size = {256, 256}, int train = 3) {
    const auto width = static_cast<std::size_t>(size.width);
    const std::size_t pixels = width * static_cast<std::size_t>(size.height);
    for (const std::string split : {"train", "test"})
      for (int i = 0; i < (split == "train" ? train : 3); ++i) {
        const auto image_file = file(split, "images", i), label_file = file(split, "labels", i);
        if (i > 2) {
          std::filesystem::create_hard_link(file(split, "images", i % 3), image_file);
          std::filesystem::create_hard_link(file(split, "labels", i % 3), label_file);
          continue;
        }
        const reference::Vector noise = reference::uniform(3 * pixels, 7 + i, 0, 255);
        Image image{size.width, size.height, 3, {}}, labels{size.width, size.height, 1, {}};
        for (std::size_t k = 0; k < pixels; ++k) labels.pixels.push_back(k / width < 100 ? 1 : 0);
        for (const double value : noise) image.pixels.push_back(static_cast<std::uint8_t>(value));
        write_png(image_file, image);
        write_png(label_file, labels);
      }
  }
  std::string flags() const { return "--data camvid256 --data-dir " + path.string(); }

 private:
  std::filesystem::path file(const std::string& split, const char* kind, int i) const {
    return path / split / kind / ("p" + std::to_string(i) + ".png");
  }
};

/// Weights of every tensor of a ResNet-50, running statistics too.
std::string write_resnet50(const Folder& folder) {
  const Network net = build_network("resnet50", {3, 224, 224, 1000});
  const std::vector<float> theta = some_weights(net);
  std::vector<float> state(net.state_count());
  std::vector<NamedTensor> tensors = named_tensors(net, theta);
  for (const StateTensor& s : net.state) {
    std::fill_n(state.begin() + static_cast<std::ptrdiff_t>(s.offset), s.size, s.initial);
    tensors.push_back(
        {s.name, {static_cast<int>(s.size)}, std::span(state).subspan(s.offset, s.size)});
  }
  const std::filesystem::path file = folder.path / "resnet50.safetensors";
  write_safetensors(file, tensors);
  return file.string();
}

}  // namespace

/// The plan of a published data set's size; where the run it stands for has fewer samples.
nlohmann::json planned(const std::string& flags) {
  const Outcome plan = mapnet_with("plan --json " + flags);
  BOOST_REQUIRE_MESSAGE(plan.code == 0, plan.output);
  return nlohmann::json::parse(plan.output);
}

BOOST_AUTO_TEST_CASE(cnn2_trains_2048_latents_in_16_mib_of_arena_and_64_mib_in_all) {
  // Half of the budget would do: that is the stronger test.
  const std::string flags = "--net cnn2 --latent 2048 --micro-batch 64 ";
  BOOST_TEST(planned("--threads 1 " + flags + "--memory-budget 32MiB")
                 .at("total_bytes")
                 .get<std::size_t>() <= 16 * kMiB);
  const ToyData data(700, 200);
  train_within(32, 16, flags + "--samples file --epochs 2 --data-dir " + data.folder().string());
}

BOOST_AUTO_TEST_CASE(cnn1_trains_in_48_mib_of_arena) {
  const nlohmann::json plan = planned("--threads 1 --net cnn1 --memory-budget 48MiB");
  BOOST_TEST(plan.at("total_bytes").get<std::size_t>() <= 48 * kMiB);
  const auto chosen = plan.at("memory_budget").at("chosen").at("flags").get<std::string>();
  BOOST_TEST((chosen == "--samples file" || chosen == "--micro-batch 64 --samples file"),
             chosen);  // in parts or not: by the processor
  train_within(48, 48, "--net cnn1 --data noise-1x28x28x10 --epochs 1 --samples file");
}

BOOST_AUTO_TEST_CASE(cnn3_trains_on_256_x_256_pixels_in_192_mib) {
  const Photographs photographs;
  train_within(192, 192, "--net cnn3 --batch 1 --epochs 1 " + photographs.flags());
}

/// The smallest budget that would do, in MiB.
std::size_t least_mib(const std::string& flags) {
  const nlohmann::json search =
      planned("--threads 1 " + flags + " --memory-budget 1GiB").at("memory_budget");
  const auto bytes = search.at("smallest").at("total_bytes").get<std::size_t>();
  return (bytes + kMiB - 1) / kMiB;
}

// As Cityscapes': each of the threads that decode has a picture of 6 MiB on its way, and its file.
BOOST_AUTO_TEST_CASE(pictures_far_larger_than_the_network_sees_are_within_the_budget) {
  const Photographs photographs({2048, 1024}, 40);  // more than are decoded before the first step
  const std::string flags = "--net cnn3 --batch 1 --epochs 1 " + photographs.flags();
  const std::size_t mib = least_mib(flags);
  train_under(mib, mib, flags);
}

// What a search builds to look at is gone when the run begins: oneDNN would keep it for later.
BOOST_AUTO_TEST_CASE(a_search_leaves_nothing_beside_the_run) {
  train_under(
      566, 566,
      "--net cnn3 --data noise-3x256x256x11-pixels --batch 128 --validation 254 --epochs 1");
}

// W alone would take 849 MiB; it lies in a file that the process never has more of than the rows it
// works on.
BOOST_AUTO_TEST_CASE(cnn2_trains_a_dense_map_of_849_mib_in_64_mib) {
  const ToyData data(256, 64);
  const nlohmann::json result = train_within(
      64, 64,
      "--net cnn2 --map dense --latent 2048 --epochs 1 --data-dir " + data.folder().string());
  BOOST_TEST(result.at("footprint").at("map_storage") == "streamed");
}

// The algebra's memory, and that of the network that is learned from, is gone before the run's
// arena comes.
BOOST_AUTO_TEST_CASE(maps_are_learned_within_the_budget) {
  for (const char* map : {"--net cnn1 --map gradient --latent 16",
                          "--net cnn1 --map trajectory --latent 8 --map-epochs 1",
                          "--net cnn2 --map kronecker --latent 64"}) {
    const std::string flags = std::string(map) + " --data noise-1x28x28x10 --batch 32 --epochs 1";
    const std::size_t mib = least_mib(flags);
    train_under(mib, mib, flags);  // at the end its data segment does not tell what learning had
  }
}

// Each theta of a series is written from where it lies.
BOOST_AUTO_TEST_CASE(snapshots_are_within_the_budget) {
  const std::string flags =
      "--net cnn1 --strategy direct --data noise-1x28x28x10 --batch 32 --epochs 1";
  const std::size_t theta = 4 * std::size_t{537'994};
  const std::size_t mib = least_mib(flags) + (theta + kMiB - 1) / kMiB;
  train_under(mib, mib, flags + " --snapshot-every 1");
}

// Minutes: by name alone, `--run_test=resnet50_is_fine_tuned_in_2_gib`.
BOOST_AUTO_TEST_CASE(resnet50_is_fine_tuned_in_2_gib, *boost::unit_test::disabled()) {
  const Folder weights;
  train_within(2048, 2048,
               "--net resnet50 --data noise-3x224x224x1000 --batch 8 --epochs 1 --latent 2048 "
               "--share 1 --pretrained " +
                   write_resnet50(weights));
}

// Planned as for a training, which is what takes the memory; there is none, to be quick.
BOOST_AUTO_TEST_CASE(the_plain_schedule_does_not_run_where_the_fitted_one_does) {
  const Folder at;
  const std::string flags = "--net cnn3 --data noise-3x64x64x3-pixels --batch 64 --epochs 0";
  const Outcome fitted = train(flags + " --memory-budget 64MiB", at);
  BOOST_REQUIRE_MESSAGE(fitted.code == 0, fitted.output);
  const auto result = nlohmann::json::parse(read_file(at.path / "run" / "result.json"));
  const auto data = result.at("data_segment_bytes").get<std::size_t>();
  // Room for stacks and what the search leaves behind; the plain arena takes 450 MiB more.
  const std::size_t limit_kib = (data + 128 * kMiB) / 1024;
  BOOST_TEST(train(flags + " --memory-budget 64MiB", at, limit_kib).code == 0);
  const Outcome plain = train(flags, at, limit_kib);
  BOOST_TEST(plain.code == 1, plain.output);
  BOOST_TEST(plain.output.find("arena: cannot allocate") != std::string::npos, plain.output);
  BOOST_TEST(plain.output.find("; a smaller --batch, or --memory-budget SIZE") != std::string::npos,
             plain.output);
}

BOOST_AUTO_TEST_CASE(a_budget_is_told_and_refused_from_the_command_line) {
  // A little less than the samples in a file take with the whole batch, whatever the processor.
  const auto plenty = planned("--net cnn2 --threads 2 --memory-budget 4GiB").at("memory_budget");
  const auto& candidates = plenty.at("candidates");
  const auto in_file = std::ranges::find_if(
      candidates, [](const nlohmann::json& c) { return c.at("flags") == "--samples file"; });
  BOOST_REQUIRE((in_file != candidates.end()));
  const std::size_t kib = in_file->at("total_bytes").get<std::size_t>() / 1024 - 1;
  const std::string budget = std::to_string(kib) + "KiB";
  check_outcome("plan --net cnn2 --threads 2 --memory-budget " + budget, 0,
                {"* --micro-batch 64 --samples file", "does not fit", "lower bound"});
  check_outcome("plan --net cnn2 --threads 2 --memory-budget 1MiB", 1,
                {"does not fit", "nothing fits; the smallest that would is", "--samples file"});
  check_outcome("train --net cnn2 --data noise-1x28x28x10 --memory-budget 1MiB --out /nonexistent",
                1, {"nothing fits"});
  check_outcome("plan --memory-budget lots", 2, {"--memory-budget 'lots'", "512MiB"});
  check_outcome("reproduce --memory-budget lots", 2, {"--memory-budget 'lots'"});
  check_outcome("plan --micro-batch 129", 2, {"--micro-batch is 129"});
  check_outcome("plan --recompute sometimes", 2,
                {"--recompute sometimes", "no such layer", "conv1"});
  check_outcome("plan --alternatives-svg x.svg", 2, {"--memory-budget"});
  const Folder at;
  at.write("run.toml", "memory-budget = \"" + budget + "\"\nnet = \"cnn2\"\n");
  const std::string svg = (at.path / "alternatives.svg").string();
  check_outcome(
      "plan --threads 2 --config " + (at.path / "run.toml").string() + " --alternatives-svg " + svg,
      0, {"* --micro-batch 64 --samples file", "picture written to " + svg});
  BOOST_TEST(read_file(svg).find("budget: " + format_bytes(1024 * kib)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_fitted_run_is_evaluated) {
  const ToyData data(300, 50);
  const Folder at;
  const std::string from = " --data-dir " + data.folder().string();
  const std::string flags = "--net cnn2 --epochs 2 --batch 32 --memory-budget 18MiB" + from;
  const Outcome outcome = train(flags, at);
  BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.output);
  const auto result = nlohmann::json::parse(read_file(at.path / "run" / "result.json"));
  const Outcome eval = mapnet_with("eval --json --run " + (at.path / "run").string() + from);
  BOOST_TEST(eval.code == 0, eval.output);
  BOOST_TEST(nlohmann::json::parse(eval.output).at("accuracy") == result.at("test_accuracy"));
}
