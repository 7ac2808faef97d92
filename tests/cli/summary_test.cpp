#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "train/toy_data.hpp"

/// What a training prints when it is over, of what is stored.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Without the blanks that make columns.
std::string summary_of(const std::string& flags) {
  const ToyData data(42, 10);
  const std::string at = data.folder().string();
  const Outcome run = mapnet_with("train --batch 16 --threads 2 --device cpu --quiet --data-dir " +
                                  at + " --out " + at + "/run " + flags);
  BOOST_TEST(run.code == 0, run.output);
  std::string text;
  for (const char c : run.output)
    if (c != ' ' || !text.ends_with(' ')) text += c;
  return text;
}

void check_says(const std::string& summary, const std::string& part, bool says = true) {
  BOOST_TEST((summary.find(part) != std::string::npos) == says,
             (says ? "expected '" : "did not expect '") << part << "' in\n"
                                                        << summary);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_summary_says_what_is_stored_of_a_fixed_map) {
  const std::string normal = summary_of("--epochs 0 --latent 16 --base normal");
  check_says(normal, "fixed map stored nothing but its seed");
  check_says(normal, "stored values", false);
  check_says(summary_of("--epochs 0 --strategy direct"), "fixed map stored", false);
  const std::string learned = summary_of("--epochs 2 --map gradient --latent 8 --refresh 2");
  check_says(learned, "stored values 108642 (theta and the latents of every round, 2 refreshes)");
  check_says(learned, "fixed map stored 3.73 MiB");  // 9 times cnn2's parameters: W and the base
  check_says(summary_of("--epochs 2 --latent 8 --refresh 2"),
             "stored values 24 (latents of every round, 2 refreshes)");
}
