#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.hpp"
#include "common/bytes.hpp"
#include "common/file.hpp"
#include "data/picture_files.hpp"
#include "train/toy_data.hpp"

/// What plan, export and predict make of a run.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A run that was not trained, on pictures.
struct UntrainedRun {
  ToyData data{60, 10};
  std::string at = data.folder().string(), run = at + "/run";
  UntrainedRun() {
    check_outcome(
        "train --latent 16 --batch 20 --epochs 0 --quiet --data-dir " + at + " --out " + run, 0,
        {});
  }
};

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n'), begin = text.rfind('\n', end);
  return text.substr(begin + 1, end - begin);
}

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace

// The same figures as a budget is held to.
BOOST_AUTO_TEST_CASE(a_plan_says_what_the_run_takes_in_all) {
  const std::pair<const char*, const char*> cases[] = {
      {"", " --samples memory"},
      {"--net cnn1 --map kronecker --latent 64 --batch 32", " --samples memory"},
      {"--micro-batch 32 --samples file", ""}};
  for (const auto& [flags, fixed] : cases) {
    const std::string plan = std::string("plan --device cpu --threads 2 ") + flags;
    const Outcome text = mapnet_with(plan);
    BOOST_TEST_CONTEXT(text.output) {
      const auto json = nlohmann::json::parse(mapnet_with(plan + " --json").output);
      const auto in_all = json.at("in_all_bytes").get<std::size_t>();
      const auto budget = nlohmann::json::parse(
          mapnet_with(plan + " --json --memory-budget 1TiB --recompute none" + fixed).output);
      const auto& candidates = budget.at("memory_budget").at("candidates");
      const auto same = std::ranges::find_if(candidates, [&](const nlohmann::json& c) {
        return c.at("arena_bytes") == json.at("total_bytes");
      });
      BOOST_REQUIRE((same != candidates.end()));
      BOOST_TEST(same->at("total_bytes") == in_all);
      BOOST_TEST(
          last_line(text.output).find("in all " + format_bytes(in_all) + ", beside about ") == 0u);
      BOOST_TEST(last_line(text.output).find(" of program") != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_plan_lists_buffers_where_it_is_asked_to) {
  const Outcome brief = mapnet_with("plan --threads 2");
  const Outcome whole = mapnet_with("plan --threads 2 --buffers");
  BOOST_TEST(brief.output.find("activations") != std::string::npos, brief.output);
  BOOST_TEST(brief.output.find("conv2.pool.y") == std::string::npos, brief.output);
  BOOST_TEST(whole.output.find("conv2.pool.y") != std::string::npos, whole.output);
  BOOST_TEST(whole.output.find("in all ") != std::string::npos, whole.output);
}

BOOST_AUTO_TEST_CASE(an_exports_format_is_that_of_its_files_name) {
  const UntrainedRun untrained;
  const std::string to = "export --run " + untrained.run + " --out " + untrained.at + "/";
  check_outcome(to + "a.onnx", 0, {"a.onnx: ", "nodes, opset"});
  check_outcome(to + "a.h --data-dir " + untrained.at, 0, {"a.h: ", "bytes of flash"});
  check_outcome(to + "a.safetensors", 0, {"a.safetensors: 8 tensors"});
  check_outcome(to + "a", 0, {"a: 8 tensors"});
  check_outcome(to + "a.onnx --dtype bf16", 2, {"--format onnx --dtype bf16"});
  check_outcome(to + "b.onnx --format safetensors", 0,
                {"b.onnx: is written as --format safetensors, under a name of --format onnx",
                 "b.onnx: 8 tensors"});
  const Outcome plain = mapnet_with(to + "c.onnx --format onnx");
  BOOST_TEST(plain.output.find("under a name of") == std::string::npos, plain.output);
  check_outcome("export --help", 0, {"file to write; replaces one that is there"});
}

BOOST_AUTO_TEST_CASE(pictures_are_answered_beside_those_that_cannot_be_read) {
  const UntrainedRun untrained;
  const std::filesystem::path folder = untrained.data.folder();
  write_png(folder / "a.png", plain(28, 28, 1, 40));
  write_png(folder / "b.png", plain(28, 28, 1, 200));
  write_file_atomic(folder / "bad.png", "not a picture");
  const std::string a = untrained.at + "/a.png", b = untrained.at + "/b.png",
                    bad = untrained.at + "/bad.png", absent = untrained.at + "/absent.png";
  const std::string predict = "predict --run " + untrained.run + " ";

  const Outcome text = mapnet_with(predict + a + " " + bad + " " + b);
  BOOST_TEST_CONTEXT(text.output) {
    BOOST_TEST(text.code == 1);
    const std::size_t first = text.output.find(a + "\n");
    const std::size_t problem = text.output.find("mapnet: " + bad + ": expected a JPEG or PNG");
    const std::size_t last = text.output.find(b + "\n");
    BOOST_TEST((first < problem && problem < last && last != std::string::npos));
    BOOST_TEST(text.output.ends_with("mapnet: 1 of 3 images could not be read\n"));
  }

  const Outcome json =
      run_command("( " + tested_program(predict) + "--json " + bad + " " + b + " 2>/dev/null )");
  BOOST_TEST(json.code == 1);
  const auto lines = json_lines(json.output);
  BOOST_REQUIRE(lines.size() == 2u);
  BOOST_TEST(lines[0].at("image") == bad);
  BOOST_TEST(lines[0].at("error").get<std::string>().find("expected a JPEG or PNG") !=
             std::string::npos);
  BOOST_TEST(lines[1] == nlohmann::json::parse(mapnet_with(predict + "--json " + b).output));

  check_outcome(predict + bad + " " + absent, 1, {"2 of 2 images could not be read"});
  const Outcome alone = mapnet_with(predict + absent);
  BOOST_TEST(alone.code == 1);
  BOOST_TEST(std::ranges::count(alone.output, '\n') == 1, alone.output);
}
